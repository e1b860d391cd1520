"""`dora build`, and the builds in `dora run`: what is run, when again, and what is left of it."""

import os
import signal

import pytest

READY = """
    nodes:
      - id: maker
        path: made.sh
        build: |
          sh -c "echo made >> count"
          cp template made.sh
"""


@pytest.fixture
def maker(flow):
    flow.write("template", "#!/bin/sh\necho I was made\n").chmod(0o755)
    flow.yaml(READY)
    return flow


def count(flow):
    return len((flow.path / "count").read_text().splitlines())


def test_commands_run_and_are_remembered(maker, run_dora):
    built = run_dora("build", "dataflow.yml")
    assert built.code == 0, built
    assert "1 built, 0 up to date" in built.err
    assert (maker.path / "out/dataflow.dora-session.yaml").is_file()
    assert "dataflow.dora-session.yaml" in (maker.path / "out/.gitignore").read_text()
    assert maker.run().succeeded().of("maker") == ["I was made"]
    assert count(maker) == 1


def test_build_runs_the_commands_each_time(maker, run_dora):
    assert run_dora("build", "dataflow.yml").code == 0
    assert run_dora("build", "dataflow.yml").code == 0
    assert count(maker) == 2


def test_run_builds_what_is_not_built(maker):
    assert maker.run().succeeded().of("maker") == ["I was made"]
    maker.run().succeeded()
    assert count(maker) == 1
    maker.run("--build").succeeded()
    assert count(maker) == 2


def test_run_builds_again_when_the_command_or_its_files_change(maker):
    maker.run().succeeded()
    maker.write("template", "#!/bin/sh\necho another\n").chmod(0o755)
    assert maker.run().succeeded().of("maker") == ["another"]
    maker.yaml(READY.replace("echo made", "echo anew"))
    maker.run().succeeded()
    assert count(maker) == 3


def test_run_without_build(maker):
    (maker.path / "made.sh").write_text("#!/bin/sh\necho by hand\n")
    (maker.path / "made.sh").chmod(0o755)
    assert maker.run("--no-build").succeeded().of("maker") == ["by hand"]
    assert not (maker.path / "count").exists()


def test_lines_carry_the_name_of_their_node(flow, run_dora):
    flow.yaml("""
        env: {COLOUR: green}
        nodes:
          - id: b
            path: sh
            build: sh -c "echo $COLOUR $CLICOLOR $CLICOLOR_FORCE; echo wrong >&2"
          - {id: a, path: sh, build: "echo 'two  words'"}
    """)
    built = run_dora("build", "dataflow.yml")
    assert built.code == 0, built
    assert built.out.splitlines() == [
        "a: INFO   two  words",
        "b: INFO   green 1 1",
        "b: INFO   wrong",
    ]


def test_a_failure_names_the_node_and_shows_the_last_lines(flow, run_dora):
    flow.yaml("""
        nodes:
          - id: good
            path: sh
            build: touch good
          - id: bad
            path: sh
            build: |
              sh -c "seq 30; echo the reason; exit 3"
              touch never
    """)
    for command in ("build", "run"):
        failed = run_dora(command, "dataflow.yml")
        assert failed.code == 4, failed
        assert "building node `bad`" in failed.err
        assert "exit code 3" in failed.err
        assert "  | the reason" in failed.err
        assert "  | 30\n" in failed.err
        assert "  | 2\n" not in failed.err
        assert sorted(path.name for path in flow.path.iterdir()) == ["dataflow.yml", "out"]


def test_commands_have_no_shell_and_no_input(flow, run_dora):
    flow.yaml("""
        nodes:
          - id: plain
            path: sh
            build: |
              echo a && echo $HOME *
              wc -c
    """)
    built = run_dora("build", "dataflow.yml")
    assert built.out.splitlines() == ["plain: INFO   a && echo $HOME *", "plain: INFO   0"]


def test_operators_are_built(flow, run_dora):
    flow.yaml("""
        nodes:
          - id: both
            operators:
              - {id: one, python: one.py, build: touch one}
              - {id: two, python: two.py, build: touch two}
    """)
    assert run_dora("build", "dataflow.yml").code == 0
    assert (flow.path / "one").exists()
    assert (flow.path / "two").exists()


def test_nothing_to_build(flow, run_dora):
    flow.yaml("nodes: [{id: a, path: sh}]")
    built = run_dora("build", "dataflow.yml")
    assert built.code == 0
    assert "nothing to build" in built.err
    assert not (flow.path / "out").exists()


def test_modules_bring_their_commands_along(flow, run_dora):
    (flow.path / "parts").mkdir()
    flow.write("parts/module.yml", """
        module: {name: part, outputs: [x]}
        build: sh -c "echo module >> built"
        nodes:
          - id: inner
            path: inner.py
            build: sh -c "echo inner >> built"
            outputs: [x]
    """)  # fmt: skip
    flow.write("parts/inner.py", "from dora import Node\nNode().send_output('x', [1])\n")
    flow.nodes(outer="from dora import Node\nprint(Node().next()['value'].to_pylist())\n")
    flow.yaml("""
        nodes:
          - {id: m, module: parts/module.yml}
          - {id: outer, path: outer.py, inputs: {x: m/x}}
    """)
    expanded = run_dora("expand", "dataflow.yml")
    assert expanded.code == 0, expanded
    flow.write("expanded.yml", expanded.out)
    assert flow.run().succeeded().of("outer") == ["[1]"]
    assert (flow.path / "built").read_text() == "module\ninner\n"
    assert run_dora("build", "expanded.yml").code == 0
    assert (flow.path / "built").read_text() == "module\ninner\n" * 2


TYPED = """
    nodes:
      - id: a
        path: sh
        outputs: [x]
        output_types: {x: std/core/v1/Float32}
      - id: b
        path: sh
        inputs: {x: a/x}
        input_types: {x: std/core/v1/String}
        build: touch built
"""


def test_types_are_checked(flow, run_dora):
    flow.yaml(TYPED)
    strict = run_dora("build", "--strict-types", "dataflow.yml")
    assert strict.code == 3, strict
    assert "nothing was built" in strict.err
    assert not (flow.path / "built").exists()
    warned = run_dora("build", "dataflow.yml")
    assert warned.code == 0, warned
    assert "warning" in warned.err


@pytest.mark.parametrize(
    ("text", "code", "answers"),
    [
        ("nodes: [{id: a, path: sh, biuld: make}]", 3, ["did you mean `build`?"]),
        ("nodes: [{id: a, path: sh, build: no-such-program x}]", 4, ["`a`", "no-such-program"]),
        ("nodes: [{id: a, path: sh, build: ./a.yml}]", 4, ["ermission denied"]),
        ("nodes: [{id: a, path: sh, build: 'echo \"x'}]", 3, ["quote is not closed"]),
        ("nodes: [{id: a, path: sh, build: cd src && make}]", 4, ["without a shell", "sh -c"]),
        ("nodes: [{id: a, path: sh, build: 'false | true'}]", 4, ["without a shell"]),
    ],
)
def test_mistakes(flow, run_dora, text, code, answers):
    flow.write("a.yml", text)
    failed = run_dora("build", "a.yml")
    assert failed.code == code, failed
    for answer in answers:
        assert answer in failed.err


SLOW = """
    nodes:
      - id: slow
        path: "true"
        build: |
          sh -c "echo begun; sleep 1000 & sleep 1000"
          touch built
"""


@pytest.mark.parametrize("command", ["build", "run"])
def test_ctrl_c_ends_a_build(flow, start_dora, command):
    flow.yaml(SLOW)
    building = start_dora(command, "dataflow.yml")
    building.wait_for("begun")
    building.signal(signal.SIGINT)
    ended = building.end()
    assert ended.code == (130 if command == "build" else 0), ended
    assert not building.survivors()
    flow.yaml(SLOW.replace("sleep 1000 & sleep 1000", "true"))
    assert flow.run().code == 0
    assert (flow.path / "built").exists()


@pytest.mark.parametrize("victim", ["front", "engine"])
def test_nothing_is_left_when_a_build_is_killed(flow, start_dora, victim):
    flow.yaml(SLOW)
    building = start_dora("build", "dataflow.yml")
    building.wait_for("begun")
    pid = building.pid
    if victim == "engine":
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            pid = int(children.read().split()[0])
    os.kill(pid, signal.SIGKILL)
    building.end()
    flow.wait_until_gone()
    flow.yaml(SLOW.replace("sleep 1000 & sleep 1000", "true"))
    assert flow.run().code == 0
    assert (flow.path / "built").exists()


def test_two_builds_in_one_folder_wait_for_each_other(flow, start_dora):
    flow.yaml("""
        nodes:
          - id: a
            path: sh
            build: |
              sh -c "echo begun; until [ -e go ]; do sleep 0.01; done"
              sh -c "mkdir busy && rmdir busy"
    """)
    first = start_dora("build", "dataflow.yml")
    first.wait_for("begun")
    second = start_dora("build", "dataflow.yml")
    second.wait_for("another build in this folder")
    flow.write("go", "")
    assert first.end().code == 0
    assert second.end().code == 0
