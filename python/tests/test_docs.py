"""Every Python block of docs/python/ runs as a node whose outputs are its own inputs."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "docs" / "python"
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in sorted(PAGES.glob("*.md"))
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    if not block.startswith("# by hand")  # other tests run these
]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_block_runs_as_it_is_printed(run_dataflow, block):
    outputs = sorted(
        {*re.findall(r'send_(?:output|service)\w*[(,]\s*(?:args=\(?)?"(\w+)"', block), "number"}
    )
    inputs = "".join(f"      {name}: page/{name}\n" for name in outputs)
    timer = "      tick: dora/timer/millis/10\n" if '"tick"' in block else ""
    if "Node()" not in block:
        inputs = timer = ""
        outputs = []
    ended = run_dataflow(
        dataflow_yml=(
            f"nodes:\n  - id: page\n    path: page.py\n    outputs: [{', '.join(outputs)}]\n"
            + (f"    inputs:\n{inputs}{timer}" if inputs else "")
        ),
        page_py=block if "Node()" in block else f"from dora import Node\nNode()\n{block}",
    )
    assert ended.code == 0, ended.text


def test_there_are_pages():
    assert len(BLOCKS) >= 8
