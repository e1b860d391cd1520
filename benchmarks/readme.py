"""Puts the figures that README.md shows in their place, from the results of an earlier run."""

import csv
import re
import statistics
from collections import defaultdict
from datetime import date
from pathlib import Path

from peers import BY_NAME, ROOT
from summary import microseconds, per_second

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
PEERS = [
    "ours-numpy",
    "ours-in-place",
    "pipe",
    "pyzmq",
    "zenoh",
    "iceoryx2",
    "dora-rs-pool",
    "dora-rs",
]
SIZES = ["8 B", "4 KiB", "400 KB", "4 MB", "40 MB"]
MISSING = "\N{EN DASH}"


class NotEnough(Exception):
    """The results lack what README.md shows, as those of a short run do."""


def update(folder):
    """Replaces what README.md has between the marks by the results in `folder`."""
    with (folder / "raw.csv").open() as file:
        rows = list(csv.DictReader(file))
    lines = (folder / "machine.txt").read_text().splitlines()
    facts = dict(line.split(": ", 1) for line in lines if ": " in line)
    facts.setdefault("date", date.fromtimestamp((folder / "raw.csv").stat().st_mtime).isoformat())
    page = ROOT / "README.md"
    page.write_text(between_marks(page.read_text(), figures(rows, facts)))


def between_marks(text, new):
    found = re.fullmatch(f"(.*{BEGIN}\n).*({END}.*)", text, re.DOTALL)
    if not found:
        raise NotEnough(f"README.md has no {BEGIN} with {END} after it")
    return found[1] + new + found[2]


def figures(rows, facts):
    """The Markdown. `rows`: those of raw.csv; `facts`: those of machine.txt."""
    values = defaultdict(list)
    for row in rows:
        key = (row["benchmark"], row["cell"], row["peer"], row["metric"])
        values[key].append(float(row["value"]))
    medians = {key: statistics.median(found) for key, found in values.items()}
    missing = [s for s in SIZES if ("latency", s, "ours-numpy", "p50_ns") not in medians]
    if missing:
        raise NotEnough(f"no latency of dora with {', '.join(missing)}: was it a whole run?")

    lines = [
        "| p50 in µs, one way | " + " | ".join(SIZES) + " | messages/s, 8 B |",
        "|---" + "|--:" * (len(SIZES) + 1) + "|",
    ]
    for name in PEERS:
        times = [medians.get(("latency", size, name, "p50_ns")) for size in SIZES]
        texts = [MISSING if value is None else microseconds(value) for value in times]
        texts.append(flood(medians, name))
        if set(texts) != {MISSING}:
            lines.append(f"| {BY_NAME[name].title} | " + " | ".join(texts) + " |")
    kernel = ".".join(facts["kernel"].split(".")[:2])
    where = f"{facts['processor']}, Linux {kernel}, {facts['date']}"
    lines += ["", f"Medians of {rounds(rows)} on {where}.", ""]
    return "\n".join(lines)


def flood(medians, name):
    rate = medians.get(("flood", "8 B", name, "rate"))
    if rate is None:
        return MISSING
    lost = medians.get(("flood", "8 B", name, "lost"), 0)
    return per_second(rate) + (f", {per_second(lost)} lost" if lost else "")


def rounds(rows):
    number = len({row["round"] for row in rows})
    return f"{number} rounds" if number > 1 else "one round"


def main(folder):
    """Returns what the program ends with: None, or why README.md stays as it is."""
    try:
        update(Path(folder))
    except (NotEnough, OSError) as problem:
        return f"README.md stays as it is: {problem}"
    return None
