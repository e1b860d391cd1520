"""`dora run` with one node in view: whose lines are shown, whose exit code counts, whose program is
being edited."""

import signal

import pytest

TALKER = """
    import sys
    from dora import Node

    node = Node()
    print("here is", sys.argv[1])
"""
YAML = """
    nodes:
      - {id: camera, path: talker.py, args: camera}
      - {id: detector, path: talker.py, args: detector}
      - {id: plot, path: talker.py, args: plot}
"""


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ([], {"camera", "detector", "plot"}),
        (["--mute", "camera"], {"detector", "plot"}),
        (["--mute", "camera,plot"], {"detector"}),
        (["--mute", "camera", "--mute", "plot"], {"detector"}),
        (["--only", "camera,plot"], {"camera", "plot"}),
        (["--only", "camera", "--mute", "camera"], set()),
    ],
)
def test_lines_of_some_nodes_are_shown(flow, run_dora, flags, shown):
    flow.nodes(talker=TALKER)
    flow.yaml(YAML)
    done = flow.run(*flags).succeeded()
    assert {name for name in ("camera", "detector", "plot") if done.of(name)} == shown
    # All of them are in the files.
    assert len(run_dora("logs").out.splitlines()) == 3


def test_a_failure_of_a_muted_node_is_told(flow):
    flow.nodes(broken="raise SystemExit(3)")
    flow.yaml("nodes: [{id: broken, path: broken.py}]")
    done = flow.run("--mute", "broken")
    assert done.code == 1
    assert "`broken` failed" in done.text


@pytest.mark.parametrize("flag", ["--mute", "--only", "--exit-code-from"])
def test_a_name_that_is_none_is_answered(flow, flag):
    flow.nodes(talker=TALKER)
    flow.yaml(YAML)
    done = flow.run(flag, "kamera")
    assert done.code == 6
    assert f"`{flag} kamera`" in done.text
    assert "did you mean `camera`?" in done.text
    assert not done.of("plot")


def test_the_exit_code_of_one_node_is_that_of_the_run(flow):
    flow.nodes(
        test="""
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    raise SystemExit(42)
        """,
        waits="""
            from dora import Node

            for event in Node():
                print(event["type"])
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: test, path: test.py, inputs: {tick: dora/timer/millis/10}}
          - {id: waits, path: waits.py, inputs: {tick: dora/timer/secs/3600}}
        """
    )
    done = flow.run("--exit-code-from", "test")
    # The others do not go on without it.
    assert done.code == 42
    assert "STOP" in done.of("waits")
    assert "`test` failed: exited with code 42" in done.text
    assert flow.run("--exit-code-from", "waits", "--stop-after", "1s").code == 0


def test_a_node_begins_anew_when_its_program_is_saved(flow):
    program = """
        from dora import Node

        node = Node()
        print("version", {})
        for event in node:
            pass
    """
    flow.nodes(edited=program.format(1), other=program.format(0))
    flow.yaml(
        """
        nodes:
          - {id: edited, path: edited.py, inputs: {tick: dora/timer/secs/3600}}
          - {id: other, path: other.py, inputs: {tick: dora/timer/secs/3600}}
        """
    )
    running = flow.start("--watch")
    running.wait_for("edited: version 1")
    running.wait_for("other: version 0")
    flow.nodes(edited=program.format(2))
    running.wait_for("edited: version 2")
    # As editors do it: a new file takes the place of the old one.
    flow.write("draft", program.format(3)).rename(flow.path / "edited.py")
    running.wait_for("edited: version 3")
    running.signal(signal.SIGINT)
    done = running.wait().succeeded()
    assert done.of("other") == ["version 0"]
    assert "the program of `edited` was saved: starting it again" in done.text
