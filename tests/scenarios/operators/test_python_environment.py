"""`conda_env`: the runtime is started by conda, in that environment."""

import sys

FLOW = """
nodes:
  - id: runtime
    operator:
      python: {source: my_op.py, conda_env: vision}
      inputs: {tick: dora/timer/millis/10}
"""
OPERATOR = """
import os
class Operator:
    def on_event(self, event, send_output):
        print("in", os.environ.get("CONDA_DEFAULT_ENV"))
        return 1
"""


def test_conda_runs_the_operator(run_dataflow, workspace, environment):
    folder = workspace / "bin"
    folder.mkdir()
    conda = folder / "conda"  # stands in for the real one, with its command line
    conda.write_text(
        '#!/bin/sh\n[ "$1 $2 $3" = "run --no-capture-output -n" ] || exit 9\n'
        f'export CONDA_DEFAULT_ENV="$4"\nshift 5\nexec {sys.executable} "$@"\n'
    )
    conda.chmod(0o755)
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    ended = run_dataflow(FLOW, my_op=OPERATOR)
    assert ended.code == 0, ended.text
    assert "in vision" in ended.out


def test_without_conda_the_way_out_is_told(run_dataflow):
    ended = run_dataflow(FLOW, my_op=OPERATOR)
    assert ended.code == 1
    assert "needs the program conda" in ended.text
