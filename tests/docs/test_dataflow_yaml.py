"""Every dataflow in docs/ is one."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCKS = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in sorted(DOCS.rglob("*.md"))
    for number, text in enumerate(
        re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    )
    if text.startswith("nodes:")
]


@pytest.mark.parametrize("text", BLOCKS)
def test_it_is_valid(text, workspace, run_dora):
    for program in re.findall(r"(?:path|python): (\S+\.py)", text):
        (workspace / program).parent.mkdir(parents=True, exist_ok=True)
        (workspace / program).touch()
    for library in re.findall(r"shared-library: (\S+)", text):
        file = (workspace / library).with_name(f"lib{Path(library).name}.so")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    # What stands alone in a page about one node is fed by nodes that are not shown.
    ids = set(re.findall(r"- id: (\S+)", text))
    sources = re.findall(r"(?:source|\w+): ([\w-]+)/([\w/-]+)", text)
    missing = {}
    for node, output in sources:
        if node not in ids | {"dora", "std"}:
            missing.setdefault(node, set()).add(output)
    for node, outputs in missing.items():
        text += f"  - {{id: {node}, path: dynamic, outputs: [{', '.join(sorted(outputs))}]}}\n"
    (workspace / "dataflow.yml").write_text(text)
    result = run_dora("validate", "dataflow.yml", env={"HOME": "/home/user"})
    assert result.code == 0, result


def test_there_are_some():
    assert len(BLOCKS) >= 4
