"""Completion in real shells, with the names of what runs."""

import shutil

import pytest
from support.watchdog import wait_until

COMPLETE = """
source <(dora completion bash)
complete_line() {
  read -ra COMP_WORDS <<< "$1"
  [[ $1 == *' ' ]] && COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _dora
  printf '%s\\n' "${COMPREPLY[@]}"
}
"""


@pytest.fixture
def in_bash(start):
    def complete(line):
        return start("bash", "-c", f"{COMPLETE}\ncomplete_line '{line}'").end().out.split()

    return complete


def test_bash_completes_commands_flags_values_and_files(in_bash, workspace):
    (workspace / "robot.yml").touch()
    (workspace / "robots").mkdir()
    (workspace / "notes.txt").touch()
    assert in_bash("dora val") == ["validate"]
    assert in_bash("dora graph --me") == ["--mermaid"]
    assert in_bash("dora graph --format m") == ["mermaid"]
    assert in_bash("dora run ro") == ["robot.yml", "robots/"]
    assert in_bash("dora explain E01") == [f"E01{digit}" for digit in range(10)]
    assert in_bash("dora rnu ") == []
    assert in_bash("dora completion ") == ["bash", "zsh", "fish", "elvish", "powershell"]
    assert in_bash("dora schema m") == ["module"]
    assert in_bash("dora hub search --platform linux-a") == ["linux-aarch64", "linux-armv7"]


def offers(in_bash, line, *names):
    """Of what runs: a completion that gets no answer in some milliseconds offers nothing."""
    wait_until(lambda: sorted(in_bash(line)) == list(names), f"the completion of `{line}`")


def test_names_of_running_dataflows_are_offered(in_bash, flow):
    flow.nodes(waits="from dora import Node\nnode = Node()\nprint('ready')\nnode.next()\n")
    flow.yaml("nodes: [{id: waits, path: waits.py, outputs: [words]}]")
    run = flow.start("--name", "robot-1")
    run.wait_for("ready")
    offers(in_bash, "dora stop ro", "robot-1")
    offers(in_bash, "dora logs ro", "robot-1")
    offers(in_bash, "dora logs --node wa", "waits")


FLOW = """
    nodes:
      - {id: camera, path: node.py, outputs: [image]}
      - {id: detector, path: node.py, inputs: {frame: camera/image}, outputs: [boxes]}
"""
NODE = """
    from dora import Node
    node = Node()
    print("ready")
    while node.next():
        pass
"""


def test_nodes_of_a_file_are_offered_before_it_runs(in_bash, flow):
    flow.yaml(FLOW)
    assert in_bash("dora run dataflow.yml --log-filter ca") == ["camera="]
    # What stands before the equals sign is a word of its own for bash.
    assert in_bash("dora run dataflow.yml --log-filter camera = de") == ["debug"]
    assert in_bash("dora run dataflow.yml --log-filter = camera = info,d") == ["info,detector="]
    assert in_bash("dora run dataflow.yml --only camera,d") == ["camera,detector"]
    assert in_bash("dora start dataflow.yml --mute ") == ["camera", "detector"]
    assert in_bash("dora run dataflow.yml --exit-code-from det") == ["detector"]


def test_names_of_the_dataflow_that_is_meant_are_offered(in_bash, flow, run_dora):
    flow.nodes(node=NODE)
    flow.yaml(FLOW)
    run = flow.start("--name", "robot-1")
    run.wait_for("all nodes are ready")
    assert run_dora("param", "set", "camera", "gain", "3").code == 0
    offers(in_bash, "dora param get camera ", "gain")
    offers(in_bash, "dora node info -d robot-1 ", "camera", "detector")
    assert in_bash("dora node info -d another ") == []
    offers(in_bash, "dora node connect ", "camera/image", "detector/boxes")
    offers(in_bash, "dora node connect camera/image ", "detector/frame")
    run_dora("stop", "robot-1")
    run.wait()
    # Over, but its logs are there.
    assert sorted(in_bash("dora logs --node ")) == ["camera", "detector"]
    assert in_bash("dora logs --log-filter det") == ["detector="]


def test_packages_are_offered_without_asking_a_network(in_bash, workspace, environment):
    for name in ("acme/lidar", "acme/lift", "dora-rs/yolo"):
        (workspace / "index" / name).mkdir(parents=True)
        (workspace / "index" / name / "1.0.0.yml").touch()
    (workspace / "hub.toml").write_text(
        '[[index]]\nalias = "local"\npath = "index"\nnamespaces = ["acme"]\n'
        '[[index]]\nalias = "far"\ngit = "https://example.org/x.git"\nnamespaces = ["far"]\n'
    )
    environment["DORA_HUB_CONFIG"] = str(workspace / "hub.toml")
    assert in_bash("dora hub info acme/li") == ["acme/lidar", "acme/lift"]
    assert in_bash("dora hub yank acme/lid") == ["acme/lidar"]
    assert in_bash("dora hub fetch acme/lid") == ["acme/lidar"]
    assert in_bash("dora build x.yml --hub-override acme/lid") == ["acme/lidar"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_right(run_dora, start, workspace, shell):
    script = run_dora("completion", shell)
    assert script.code == 0
    (workspace / "script").write_text(script.out)
    if shutil.which(shell):
        checked = start(shell, "-n", "script").end()
        assert (checked.code, checked.err) == (0, "")


def test_the_shell_that_asks_is_found(start, run_dora):
    assert "complete -F _dora dora" in start("bash", "-c", "dora completion; true").end().out
    assert "for zsh" in run_dora("completion", env={"SHELL": "/usr/bin/zsh"}).out


@pytest.mark.parametrize("shell", ["csh", "bsh"])
def test_other_shells_are_refused(run_dora, shell):
    result = run_dora("completion", shell)
    assert result.code == 2
    assert "use bash, zsh, fish" in result.err
