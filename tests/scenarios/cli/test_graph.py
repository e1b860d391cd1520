"""`dora graph` and `dora expand`: a dataflow as a picture, and without its modules."""

import xml.etree.ElementTree as ElementTree

import pytest
import yaml

FLOW = """\
nodes:
  - id: camera
    path: nobody-needs-this.py
    inputs: {tick: dora/timer/millis/33}
    outputs: [image]
  - id: detector
    path: detector.py
    inputs: {frame: camera/image}
"""


@pytest.fixture
def flow_file(workspace):
    (workspace / "camera.yml").write_text(FLOW)
    return workspace


def test_a_page_is_written_that_needs_no_network(flow_file, run_dora):
    result = run_dora("graph", "camera.yml")
    assert (result.code, result.err) == (0, "")
    page = flow_file / "camera-graph.html"
    assert result.out.splitlines() == [
        "View graph by opening the following in your browser:",
        f"  file://{page}",
    ]
    text = page.read_text()
    assert "camera" in text
    # The name of a namespace is no address to fetch from.
    addresses = text.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in addresses
    assert "src=" not in addresses
    run_dora("graph", "camera.yml")
    assert (flow_file / "camera-graph.1.html").exists()


def test_text_forms_are_printed(flow_file, run_dora):
    mermaid = run_dora("graph", "camera.yml", "--mermaid")
    assert mermaid.out.startswith("flowchart TB\n")
    assert "  camera -- image as frame --> detector\n" in mermaid.out
    assert "mermaid.live" in mermaid.err
    assert "└─ image as frame ─► detector" in run_dora("graph", "camera.yml", "--ascii").out
    assert ElementTree.fromstring(run_dora("graph", "camera.yml", "--svg").out).tag.endswith("svg")
    assert run_dora("graph", "camera.yml", "-f", "svg", "-o", "g.svg").out == ""
    assert ElementTree.parse(flow_file / "g.svg").getroot().tag.endswith("svg")


def test_the_browser_is_asked_to_open_the_page(flow_file, run_dora):
    browser = flow_file / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    result = run_dora("graph", "camera.yml", "--open", env={"BROWSER": str(browser)})
    assert result.code == 0, result
    assert (flow_file / "opened").read_text().startswith("file:///")
    assert run_dora("graph", "camera.yml", "--open", env={"BROWSER": "/nowhere"}).code == 1


def test_a_wrong_file_and_a_place_that_cannot_be_written_are_told(flow_file, run_dora):
    (flow_file / "wrong.yml").write_text(FLOW.replace("camera/image", "camera/imge"))
    result = run_dora("graph", "wrong.yml", "--mermaid")
    assert result.code == 3
    assert "did you mean `camera/image`?" in result.err
    # What nobody sends is drawn as a flag.
    assert '  missing/camera/imge>"**camera/imge**"]\n' in result.out
    assert "  missing/camera/imge -- imge as frame --> detector\n" in result.out
    (flow_file / "wrong.yml").write_text("nodes: [{id: a}]\n")
    result = run_dora("graph", "wrong.yml", "--mermaid")
    assert (result.code, result.out) == (3, "")
    result = run_dora("graph", "camera.yml", "--svg", "-o", "/nowhere/g.svg")
    assert result.code == 1
    assert "/nowhere/g.svg" in result.err


MODULE = """\
module:
  name: twice
  inputs: [number]
  outputs: [doubled]
nodes:
  - id: doubler
    path: doubler.py
    inputs: {number: _mod/number}
    outputs: [doubled]
"""


def test_modules_are_replaced_by_their_nodes(workspace, run_dora):
    (workspace / "twice.yml").write_text(MODULE)
    (workspace / "dataflow.yml").write_text(
        "nodes:\n"
        "  - {id: source, path: s.py, outputs: [n]}\n"
        "  - {id: m, module: twice.yml, inputs: {number: source/n}}\n"
        "  - {id: sink, path: t.py, inputs: {x: m/doubled}}\n"
    )
    result = run_dora("expand", "dataflow.yml")
    assert result.code == 0, result
    nodes = {node["id"]: node for node in yaml.safe_load(result.out)["nodes"]}
    assert nodes["m.doubler"]["inputs"] == {"number": "source/n"}
    assert nodes["sink"]["inputs"] == {"x": "m.doubler/doubled"}
    (workspace / "expanded.yml").write_text(result.out)
    assert run_dora("expand", "expanded.yml").out == result.out


def test_a_module_file_is_checked_by_itself(workspace, run_dora):
    (workspace / "twice.yml").write_text(MODULE)
    result = run_dora("expand", "--module", "twice.yml")
    assert (result.code, result.out) == (0, "Module file is valid: twice.yml\n")
    (workspace / "twice.yml").write_text(MODULE.replace("_mod/number", "_mod/numbr"))
    result = run_dora("expand", "--module", "twice.yml")
    assert result.code == 3
    assert "twice.yml:8:" in result.err
    assert run_dora("expand", "--module", "missing.yml").code == 3
