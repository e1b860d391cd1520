"""`./dev bench --smoke` with nobody else than ourselves: every benchmark still works."""

import csv
import json
import sys

WHAT_THERE_IS = """
import json, measurements
print(json.dumps({
    module.NAME: [cell["label"] for cell in module.cells(True)] if "ours" in module.peers(True)
    else [] for module in measurements.ALL
}))
"""
PATIENCE = 240.0  # some twenty seconds on a machine that has nothing else to do


def test_every_benchmark_has_figures_or_no_short_form(copy, start):
    program, output = copy / "benchmarks" / "run.py", copy / "output"
    arguments = ["--smoke", "--peers", "ours", "--output", output]
    done = start(sys.executable, program, *arguments).end(PATIENCE)
    assert done.code == 0, done.text

    files = {"raw.csv", "samples.csv", "machine.txt", "table.md", "report.html"}
    assert {file.name for file in output.iterdir()} == files
    with (output / "raw.csv").open() as file:
        found = {(row["benchmark"], row["cell"]) for row in csv.DictReader(file)}
    asked = start(sys.executable, "-c", WHAT_THERE_IS, cwd=copy / "benchmarks").end()
    expected = {(name, label) for name, labels in json.loads(asked.out).items() for label in labels}
    assert found == expected
    assert {"latency", "flood", "graph"} <= {name for name, _ in expected}

    table = (output / "table.md").read_text()
    assert "failed" not in table
    assert "## Latency" in table
    assert "<svg" in (output / "report.html").read_text()
