"""Timers: as inputs and as nodes, on a grid, with missed ticks told."""

import pytest


def ticks(flow, timer, program, options=""):
    flow.nodes(node=program)
    flow.yaml(
        f"""
        nodes:
          - id: node
            path: node.py
            inputs:
              tick: {{source: {timer}{options}}}
        """
    )
    return flow.run().succeeded().of("node")


COUNT = """
    from dora import Node

    node = Node()
    stamps, missed = [], 0
    while len(stamps) < 20:
        event = node.next()
        assert (event["type"], event["id"]) == ("INPUT", "tick")
        stamps.append(event["metadata"]["timestamp_ns"])
        if len(stamps) > 1:  # those before the first tick are not between the ticks
            missed += event["metadata"].get("missed", 0)
        value = event["value"]
        assert len(value) == 0 and str(value.type) == "null"
    print((stamps[-1] - stamps[0]) / 1e6, missed)
"""


@pytest.mark.parametrize(
    ("timer", "interval_ms"),
    [
        ("dora/timer/millis/20", 20),
        ("dora/timer/hz/50", 20),
        ("dora/timer/micros/5000", 5),
        ("dora/timer/nanos/30000000", 30),
    ],
)
def test_ticks_come_on_a_grid_and_are_empty(flow, timer, interval_ms):
    (line,) = ticks(flow, timer, COUNT)
    elapsed, missed = map(float, line.split())
    assert elapsed == pytest.approx((19 + missed) * interval_ms, abs=interval_ms)


def test_what_a_busy_node_missed_is_told_with_the_next_tick(flow):
    lines = ticks(
        flow,
        "dora/timer/millis/10",
        """
        import time
        from dora import Node

        node = Node()
        first = node.next()
        time.sleep(0.5)  # works
        second, third = node.next(), node.next()
        print(second["metadata"]["missed"], third["metadata"].get("missed", 0))
        between = third["metadata"]["timestamp_ns"] - first["metadata"]["timestamp_ns"]
        told = 2 + second["metadata"]["missed"] + third["metadata"].get("missed", 0)
        print(abs(between / 1e7 - told) <= 1)
        """,
        ", queue_size: 1",
    )
    assert int(lines[0].split()[0]) >= 40
    assert lines[1] == "True"


def test_a_timer_node_counts_in_uint64_from_zero(flow):
    flow.nodes(
        my_node="""
            from dora import Node

            node = Node()
            for _ in range(5):
                event = node.next()
                print(event["id"], event["value"].type, event["value"].to_pylist())
        """
    )
    flow.yaml(
        """
        nodes:
          - id: tick-source
            path: dora/timer/millis/20
            outputs:
              - tick
          - id: one
            path: my_node.py
            inputs:
              tick: {source: tick-source/tick, queue_size: 100}
          - id: two
            path: my_node.py
            inputs:
              tick: {source: tick-source/tick, queue_size: 100}
        """
    )
    result = flow.run().succeeded()
    expected = [f"tick uint64 [{i}]" for i in range(5)]
    assert result.of("one") == expected
    assert result.of("two") == expected


def test_two_nodes_with_the_same_timer_tick_together(flow):
    flow.nodes(
        node="""
            from dora import Node

            node = Node()
            print(*[node.next()["metadata"]["timestamp_ns"] // 1_000_000 for _ in range(5)])
        """
    )
    flow.yaml(
        """
        nodes:
          - {id: one, path: node.py, inputs: {tick: dora/timer/millis/50}}
          - {id: two, path: node.py, inputs: {tick: dora/timer/millis/50}}
        """
    )
    result = flow.run().succeeded()
    one, two = ([int(text) % 50 for text in result.of(name)[0].split()] for name in ("one", "two"))
    offsets = {(a - b) % 50 for a, b in zip(one, two, strict=True)}
    assert all(min(offset, 50 - offset) <= 25 for offset in offsets)


def test_a_later_life_gets_no_ticks_of_the_time_before_it(flow):
    flow.nodes(
        node="""
            import time
            from dora import Node

            node = Node()
            first = node.next()
            print("life", node.restart_count(), "missed", first["metadata"].get("missed", 0))
            if node.restart_count() == 0:
                time.sleep(1)  # a second of ticks for those who come later
                raise SystemExit(1)
            # Those that wait now are from before its life.
            print("waiting", len(node.drain()))
        """
    )
    flow.yaml("""
        nodes:
          - id: node
            path: node.py
            restart_policy: on-failure
            inputs: {tick: {source: dora/timer/millis/100, queue_size: 1000}}
        """)
    lines = flow.run().succeeded().of("node")
    assert "life 1 missed 0" in lines
    (waiting,) = [int(line.split()[1]) for line in lines if line.startswith("waiting")]
    # A busy machine may have let a few pass since.
    assert waiting < 10
