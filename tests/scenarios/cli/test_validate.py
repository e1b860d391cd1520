"""`dora validate` and `dora explain`: what is wrong, where, and what it means."""

import json

import pytest

TYPED = """\
nodes:
  - id: camera
    path: node.py
    outputs: [image]
    output_types: {{image: {sent}}}
  - id: detector
    path: node.py
    inputs: {{image: camera/image}}
    input_types: {{image: {expected}}}
"""


@pytest.fixture
def typed(workspace):
    (workspace / "node.py").touch()

    def write(sent, expected="std/media/v1/Image", name="dataflow.yml"):
        (workspace / name).write_text(TYPED.format(sent=sent, expected=expected))

    return write


def test_a_right_file_is_told_step_by_step(typed, run_dora):
    typed("std/media/v1/Image")
    result = run_dora("validate", "dataflow.yml")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "Validating dataflow.yml...",
        "Input/output wiring OK.",
        "Descriptor config OK.",
        "All type annotations OK.",
    ]
    assert run_dora("validate", "dataflow.yml", "--quiet").out == ""
    assert run_dora("validate", "dataflow.yml", "--json").out == ""


def test_what_a_build_makes_is_not_looked_for(workspace, run_dora):
    (workspace / "dataflow.yml").write_text(
        "nodes:\n"
        "  - {id: a, path: bin/a, build: make}\n"
        "  - {id: b, operator: {shared-library: lib/b, build: make}}\n"
        "  - {id: c, operator: {python: 'detect.py:Detector', build: make}}\n"
        "  - {id: d, operator: {python: 'vision.detect:Detector', build: make}}\n"
    )
    (workspace / "detect.py").write_text("class Detector: pass\n")
    result = run_dora("validate", "dataflow.yml")
    assert result.code == 0, result
    assert "`bin/a` of node `a` was not looked for, as its `build` may make it" in result.err
    assert "`lib/libb.so` of operator `op` of node `b` was not looked for" in result.err
    assert result.err.count("was not looked for") == 2
    assert run_dora("validate", "dataflow.yml", "--quiet").err == ""


def test_types_are_told_beside_programs_that_are_missing(typed, run_dora, workspace):
    typed("std/math/v1/Vector3")
    (workspace / "node.py").unlink()
    result = run_dora("validate", "dataflow.yml")
    assert result.code == 3
    assert "error[E040]" in result.err
    assert "warning[W012]" in result.err


def test_types_that_do_not_fit_are_warnings_or_with_strict_types_errors(typed, run_dora, workspace):
    typed("std/math/v1/Vector3")
    result = run_dora("validate", "dataflow.yml")
    assert result.code == 0
    assert "warning[W012]: type mismatch on input `image` of node `detector`" in result.err
    assert "dataflow.yml:9:26" in result.err
    assert "1 type warning(s) found." in result.out
    strict = run_dora("validate", "dataflow.yml", "--strict-types")
    assert strict.code == 3
    assert "error[W012]" in strict.err
    text = (workspace / "dataflow.yml").read_text()
    (workspace / "dataflow.yml").write_text("strict_types: true\n" + text)
    assert run_dora("validate", "dataflow.yml").code == 3


def test_an_unknown_type_has_a_suggestion_and_types_of_ones_own_are_known(
    typed, run_dora, workspace
):
    typed("std/media/v1/Imag")
    assert "did you mean `std/media/v1/Image`?" in run_dora("validate", "dataflow.yml").err
    (workspace / "types" / "mine").mkdir(parents=True)
    (workspace / "types" / "mine" / "v1.yml").write_text("types: {Celsius: {arrow: Float32}}\n")
    typed("mine/v1/Celsius", "mine/v1/Celsius")
    assert "All type annotations OK." in run_dora("validate", "dataflow.yml").out
    (workspace / "types" / "mine" / "v1.yml").write_text("types: [Celsius]\n")
    result = run_dora("validate", "dataflow.yml")
    assert result.code == 3
    assert "error[E035]" in result.err


def test_several_files_are_all_checked(typed, run_dora, workspace):
    typed("std/media/v1/Image")
    typed("std/media/v1/Imag", name="other.yml")
    (workspace / "wrong.yml").write_text("nodes: [{id: a, path: missing.py, ouputs: [x]}]\n")
    result = run_dora("validate", "dataflow.yml", "wrong.yml", "other.yml", "--json")
    assert result.code == 3
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [(each["file"], each["code"]) for each in found] == [
        ("wrong.yml", "E004"),
        ("other.yml", "W011"),
    ]
    assert found[0]["help"].startswith("did you mean `outputs`?")
    assert (found[0]["line"], found[0]["severity"]) == (1, "error")


@pytest.mark.parametrize("word", ["E013", "e013", "13", "error[E013]", "[E013]"])
def test_a_code_is_explained_however_it_is_written(run_dora, word):
    result = run_dora("explain", word)
    assert result.code == 0
    assert result.out.startswith("E013: an input reads an output that does not exist\n")


def test_every_code_is_listed_and_explained(run_dora):
    listed = [json.loads(line) for line in run_dora("explain", "--json").out.splitlines()]
    codes = [each["code"] for each in listed]
    assert {"E001", "E013", "W001"} <= set(codes)
    assert run_dora("explain", *codes).code == 0
    shown = run_dora("explain").out
    assert all(f"  {code}  " in shown for code in codes)


def test_an_unknown_code_is_not_found(run_dora):
    result = run_dora("explain", "E999", "E001")
    assert result.code == 6
    assert "there is no error code `E999`" in result.err
    assert result.out.startswith("E001")
