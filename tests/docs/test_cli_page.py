"""docs/cli.md and docs/environment.md show the command table of the program.

After a change of a command: DORA_WRITE_DOCUMENTS=1 pytest tests/docs/test_cli_page.py
"""

import json
import os
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
GROUPS = ["Write", "Run", "Look", "Record", "Machines", "Help"]


@pytest.fixture
def table(run_dora):
    return json.loads(run_dora("help", "--all", "--json").out)


def part_of(page, name, wanted):
    """The part of a page between its marks; or `wanted`, written there."""
    path = DOCS / page
    text = path.read_text()
    opening = f"<!-- table: {name} -->\n"
    begin = text.index(opening) + len(opening)
    end = text.index("<!-- end -->", begin)
    if "DORA_WRITE_DOCUMENTS" in os.environ:
        path.write_text(text[:begin] + wanted + text[end:])
        return wanted
    return text[begin:end]


def cell(text):
    return text.replace("|", "\\|")


def flag_row(flag):
    names = ", ".join(f"`{name}`" for name in (flag.get("short"), flag["name"]) if name)
    value = f" `{flag['value']}`" if flag.get("value") else ""
    variable = f" (`{flag['environment']}`)" if flag.get("environment") else ""
    return f"| {names}{value} | {cell(flag['help'])}{variable} |\n"


def section(command):
    text = f"### dora {command['name']}\n\n{command['summary']}.\n\n"
    text += f"```text\n{command['usage'].removeprefix('usage: ')}\n```\n\n"
    if command["aliases"]:
        text += "Also: " + ", ".join(f"`dora {name}`" for name in command["aliases"]) + ".\n\n"
    if command["description"]:
        text += command["description"] + "\n\n"
    rows = "".join(f"| `{a['name']}` | {cell(a['help'])} |\n" for a in command["arguments"])
    rows += "".join(flag_row(flag) for flag in command["flags"] if flag["help"])
    if rows:
        text += f"| | |\n|---|---|\n{rows}\n"
    if command["examples"]:
        text += "```bash\n" + "".join(f"{e}\n" for e in command["examples"]) + "```\n\n"
    return text


def test_the_page_shows_every_command(table):
    text = "".join(
        f"## {group}\n\n" + "".join(map(section, commands))
        for group in GROUPS
        if (commands := [c for c in table["commands"] if c["group"] == group])
    )
    assert part_of("cli.md", "commands", text) == text
    flags = "| | |\n|---|---|\n" + "".join(flag_row(f) for f in table["common_flags"] if f["help"])
    assert part_of("cli.md", "common flags", flags) == flags


def test_the_page_shows_every_variable_of_a_flag(table):
    users = {}
    for command in table["commands"]:
        for flag in command["flags"]:
            if "environment" in flag:
                users.setdefault((flag["environment"], flag["name"]), []).append(command["name"])
    rows = "".join(
        f"| `{variable}` | `{flag}` | {', '.join(f'`{name}`' for name in names)} |\n"
        for (variable, flag), names in sorted(users.items())
    )
    text = f"| Variable | Flag | Of |\n|---|---|---|\n{rows}"
    assert part_of("environment.md", "flags", text) == text
