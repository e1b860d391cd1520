"""Every message is delivered, or dropped and counted: on random graphs, whoever dies."""

import http.client
import json
import random
import signal
import socket
from pathlib import Path

import pytest
from support.watchdog import wait_until

# Sends what it is told on each output, counting what it takes meanwhile. Says at its end what it
# sent on each output and took on each input; dies on the way when it is told to.
NODE = """
    import json, os, random, signal
    from dora import Node

    plan = json.loads(os.environ["PLAN"])
    node = Node()
    life = node.restart_count()
    chance = random.Random(plan["seed"] + life)
    sent = dict.fromkeys(plan["outputs"], 0)
    last, taken = {}, {}

    def take(event):
        if event["type"] != "INPUT" or event["id"] == "keep":
            return
        name, metadata, data = event["id"], event["metadata"], event["data"]
        number = (metadata["life"], metadata["number"])
        assert number > last.get(name, (0, 0)), "out of order"
        assert data[:8] == len(data).to_bytes(8, "little"), "damaged"
        last[name] = number
        taken[name] = taken.get(name, 0) + 1

    steps = 0
    while sent and min(sent.values()) < plan["count"]:
        for output in sent:
            sent[output] += 1
            size = chance.choice((8, 150, 900, 5000, 60_000))
            metadata = {"life": life, "number": sent[output], "flush": chance.random() < 0.02}
            if chance.random() < 0.05:
                metadata["request_id"] = "r"
            node.send_output(output, size.to_bytes(8, "little") + bytes(size - 8), metadata)
        steps += 1
        if steps == plan["dies"] and life < plan["deaths"]:
            os.kill(os.getpid(), signal.SIGKILL)
        while chance.random() < 0.5 and (event := node.try_recv()) is not None:
            take(event)
    open("done-" + node.node_id(), "w").close()
    for event in node:
        take(event)
    print(json.dumps({"sent": sent, "taken": taken}))
"""
POLICIES = ["", ", queue_size: 1", ", queue_size: 3", ", queue_size: 400"]
BLOCKING = ", queue_size: 4, queue_policy: backpressure"


def graph(chance):
    """A random graph, as YAML, and its nodes. Back pressure goes forwards only, so that nobody
    waits in a circle; a timer that ticks once keeps every node until Ctrl-C."""
    number = chance.randint(3, 5)
    victim = chance.randrange(number)
    deaths = chance.randint(1, 2)
    restarts = chance.random() < 0.5
    nodes = [
        {"id": f"n{index}", "outputs": [f"out{i}" for i in range(chance.randint(index == 0, 2))]}
        for index in range(number)
    ]
    lines = ["nodes:"]
    for index, node in enumerate(nodes):
        node["dies"] = chance.randint(1, 20) if index == victim and node["outputs"] else 0
        node["comes_back"] = not node["dies"] or restarts
        plan = {
            "seed": chance.randrange(1 << 30), "outputs": node["outputs"],
            "count": chance.randint(30, 90), "dies": node["dies"], "deaths": deaths,
        }  # fmt: skip
        lines += [f"  - id: {node['id']}", "    path: node.py"]
        lines += [f"    env: {{PLAN: '{json.dumps(plan)}'}}"]
        lines += [f"    outputs: [{', '.join(node['outputs'])}]"] if node["outputs"] else []
        lines += ["    inputs:", "      keep: dora/timer/secs/36000"]
        for earlier, other in enumerate(nodes):
            for output in other["outputs"]:
                if chance.random() < 0.5:
                    policy = chance.choice(POLICIES + [BLOCKING] * (earlier < index))
                    source = f"{other['id']}/{output}"
                    lines += [f"      from-{other['id']}-{output}: {{source: {source}{policy}}}"]
        if node["dies"] and restarts:
            lines += ["    restart_policy: on-failure", "    max_restarts: 5"]
    return "\n".join(lines) + "\n", nodes


def dataflows(environment):
    for path in Path(environment["XDG_RUNTIME_DIR"]).glob("dora/*/control.sock"):
        connection = http.client.HTTPConnection("dora")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(path))
        connection.request("GET", "/v1/dataflows")
        yield from json.loads(connection.getresponse().read())["dataflows"]
        connection.close()


@pytest.mark.parametrize("turn", range(3))
def test_every_message_is_delivered_or_counted_as_dropped(flow, environment, repeat, turn):
    for _ in range(max(1, repeat // 3)):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        check(flow, environment, random.Random(seed))


def check(flow, environment, chance):
    yaml, nodes = graph(chance)
    print(yaml)
    flow.nodes(node=NODE)
    flow.yaml(yaml)
    run = flow.start()
    for node in nodes:
        if node["comes_back"]:
            wait_until((flow.path / f"done-{node['id']}").exists, f"{node['id']} to have sent all")

    def settled():
        [dataflow] = dataflows(environment)
        edges = dataflow["edges"]
        return dataflow if all(edge["in_flight"] == 0 for edge in edges) else None

    edges = wait_until(settled, "all messages to arrive")["edges"]
    run.signal(signal.SIGINT)
    result = run.wait()
    assert result.code == (0 if all(node["comes_back"] for node in nodes) else 1), result.text
    told = {
        node["id"]: json.loads(result.of(node["id"])[-1]) for node in nodes if node["comes_back"]
    }
    died = {node["id"] for node in nodes if node["dies"]}
    for edge in edges:
        producer, output = edge["output"].split("/")
        consumer, name = edge["input"].split("/")
        assert edge["sent"] == edge["delivered"] + edge["dropped"], edge
        assert edge["dropped"] == sum(edge["drops"].values()), edge
        if not {producer, consumer} & died:
            assert edge["sent"] == told[producer]["sent"][output], edge
        if consumer not in died:
            # Of a producer that died, too: what it had sent arrives all the same.
            assert edge["delivered"] == told[consumer]["taken"].get(name, 0), edge
    for path in flow.path.glob("done-*"):
        path.unlink()
