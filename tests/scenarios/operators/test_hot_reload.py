"""`dora run --hot-reload`: a saved file becomes the running class, and keeps its state."""

import signal

FLOW = """
nodes:
  - id: runtime
    operator:
      python: my_op.py
      inputs: {tick: dora/timer/millis/20}
"""

OPERATOR = """
class Operator:
    def __init__(self):
        self.count = 0

    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            self.count += 1
            print("first", self.count)
"""


def test_a_saved_file_takes_over_and_a_broken_one_does_not(workspace, start_dora):
    (workspace / "dataflow.yml").write_text(FLOW)
    file = workspace / "my_op.py"
    file.write_text(OPERATOR)
    running = start_dora("run", "dataflow.yml", "--hot-reload")
    running.wait_for("first 3")

    file.write_text(OPERATOR.replace("first", "second"))
    running.wait_for("operator 'op' of node 'runtime' was reloaded")
    running.wait_for("second ")
    number = running.text.split("second ")[1].split()[0]
    assert int(number) > 3

    file.write_text(OPERATOR.replace("first", "third").replace("on_event(", "on_event(("))
    running.wait_for("was not reloaded and goes on as it was")
    running.wait_for("SyntaxError")

    # By a new file under the old name, as many editors save; with a hook for the state.
    (workspace / "new").write_text(
        OPERATOR.replace("first", "fourth")
        + "\n    def __setstate__(self, state):\n        self.count = state['count'] + 1_000_000\n"
    )
    (workspace / "new").rename(file)
    running.wait_for("fourth 1000")
    running.signal(signal.SIGINT)
    assert running.end().code == 0


def test_a_class_of_a_module_follows_its_file_too(workspace, start_dora):
    (workspace / "dataflow.yml").write_text(FLOW.replace("my_op.py", "'arm.lift:Lift'"))
    (workspace / "arm").mkdir()
    (workspace / "arm" / "__init__.py").write_text("WORD = 'from the package'")
    file = workspace / "arm" / "lift.py"
    source = "from . import WORD\n" + OPERATOR.replace("class Operator", "class Lift")
    file.write_text(source.replace('"first"', '"first", WORD'))
    running = start_dora("run", "dataflow.yml", "--hot-reload")
    running.wait_for("first from the package")
    file.write_text(source.replace('"first"', '"second", WORD'))
    running.wait_for("second from the package")
    running.signal(signal.SIGINT)
    assert running.end().code == 0


def test_operators_of_a_dataflow_in_the_background_follow_their_files(
    workspace, start_dora, run_dora
):
    (workspace / "dataflow.yml").write_text(FLOW)
    file = workspace / "my_op.py"
    file.write_text(OPERATOR)
    assert run_dora("up").code == 0
    running = start_dora("start", "dataflow.yml", "--attach", "--hot-reload")
    running.wait_for("first 3")
    file.write_text(OPERATOR.replace("first", "second"))
    running.wait_for("second ")
    assert int(running.text.split("second ")[1].split()[0]) > 3
    assert run_dora("stop", "--all").code == 0
    assert running.end().code == 0
    assert run_dora("down").code == 0


def test_what_fails_in_a_new_class_leaves_the_old_one_running(workspace, start_dora):
    (workspace / "dataflow.yml").write_text(FLOW)
    file = workspace / "my_op.py"
    file.write_text(OPERATOR)
    running = start_dora("run", "dataflow.yml", "--hot-reload")
    running.wait_for("first 3")
    for broken, told in (
        (OPERATOR.replace("self.count = 0", "self.count = 1 // 0"), "ZeroDivisionError"),
        (OPERATOR.replace("class Operator", "class Other"), "has no class `Operator`"),
        ("import nothing_of_this_name\n" + OPERATOR, "ModuleNotFoundError"),
        (
            OPERATOR.replace("if event", "raise KeyError('in the new one')\n        if event"),
            "new one",
        ),
    ):
        file.write_text(broken)
        running.wait_for(told)
        seen = int(running.text.rsplit("first ", 1)[1].split()[0])
        running.wait_for(f"first {seen + 2}")
    running.signal(signal.SIGINT)
    assert running.end().code == 0
