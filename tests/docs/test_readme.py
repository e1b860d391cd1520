"""What README.md and docs/ show is what happens."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
HELLO = ROOT / "examples" / "hello-world"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    return [text for kind, text in BLOCK.findall(README) if kind == language]


def test_the_hello_world_of_the_readme_runs_as_printed(flow):
    sender, receiver = blocks("python")
    (dataflow,) = blocks("yaml")
    (console,) = blocks("console")
    flow.write("sender.py", sender)
    flow.write("receiver.py", receiver)
    flow.write("dataflow.yml", dataflow)
    command, first, second, dots, last = console.splitlines()
    assert command == "$ dora run dataflow.yml"
    assert dots == "..."
    lines = flow.run().succeeded().out
    without_time = [line[8:] for line in lines if " stdout receiver: " in line]
    assert len(without_time) == 100
    assert [first[8:], second[8:], last[8:]] == [*without_time[:2], without_time[-1]]


def test_the_hello_world_of_the_readme_is_the_example():
    sender, receiver = blocks("python")
    assert (HELLO / "sender.py").read_text() == sender
    assert (HELLO / "receiver.py").read_text() == receiver
    assert blocks("yaml") == [(HELLO / "dataflow.yml").read_text()]


def test_every_command_of_the_readme_exists():
    dev = (ROOT / "dev").read_text()
    (commands,) = blocks("bash")
    verbs = re.findall(r"\./dev (\w+)", commands + README)
    assert {"hello", "test", "help", "bench"} <= set(verbs)
    for verb in verbs:
        assert re.search(rf"^\s+(\w+ \| )*{verb}\b.*\)", dev, re.MULTILINE), f"./dev {verb}"


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_documentation_lists_every_page_of_it():
    docs = ROOT / "docs"
    linked = set(re.findall(r"\]\(([^)#]+)", (docs / "README.md").read_text()))
    pages = {str(page.relative_to(docs)) for page in docs.rglob("*.md")} - {"README.md"}
    assert pages - linked == set()


def test_the_architecture_names_every_folder_and_no_other():
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = "".join(line for line in text.splitlines(True) if line.startswith("| `"))
    named = set(
        re.findall(r"`([\w/.]+)`", "".join(line.split("|")[1] for line in table.splitlines()))
    )
    hidden = {"build", "src", "include", "dist"}
    there = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name[0] != "."} - hidden
    there |= {f"src/{p.name}" for p in (ROOT / "src").iterdir() if p.is_dir()} | {"include/dora"}
    assert named == there
