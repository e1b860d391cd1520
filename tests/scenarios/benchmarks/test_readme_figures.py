"""`benchmarks/run.py --readme FOLDER`: the figures of a run come between the marks of README.md."""

import csv
import subprocess
import sys

SIZES = ["8 B", "4 KiB", "400 KB", "4 MB", "40 MB"]


def write_results(folder, rows):
    folder.mkdir()
    with (folder / "raw.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["benchmark", "cell", "peer", "round", "metric", "value"])
        writer.writerows(rows)
    (folder / "machine.txt").write_text("date: 2026-01-31\nprocessor: Z80, 1 CPUs\nkernel: 6.1\n")


def readme(copy):
    command = [sys.executable, str(copy / "benchmarks" / "run.py"), "--readme", "results"]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True)


def test_figures_of_a_run_replace_those_in_the_readme(copy):
    rows = [
        ("latency", size, peer, number, "p50_ns", (index + 1) * 10_000 + number)
        for index, size in enumerate(SIZES)
        for peer in ("ours-numpy", "dora-rs")
        for number in (1, 2, 3)
    ]
    rows += [
        ("flood", "8 B", "dora-rs", 1, "rate", 21900.4),
        ("flood", "8 B", "dora-rs", 1, "lost", 38),
    ]
    write_results(copy / "results", rows)
    done = readme(copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert (copy / "README.md").read_text() == (
        "# a\n<!-- figures -->\n"
        "| p50 in µs, one way | 8 B | 4 KiB | 400 KB | 4 MB | 40 MB | messages/s, 8 B |\n"
        "|---|--:|--:|--:|--:|--:|--:|\n"
        "| dora (this project), numpy | 10.0 | 20.0 | 30.0 | 40.0 | 50.0 | \N{EN DASH} |\n"
        "| dora-rs 1.1.0 | 10.0 | 20.0 | 30.0 | 40.0 | 50.0 | 21,900, 38 lost |\n"
        "\n"
        "Medians of 3 rounds on Z80, 1 CPUs, Linux 6.1, 2026-01-31.\n"
        "<!-- /figures -->\n## b\n"
    )


def test_a_short_run_leaves_the_readme_as_it_is(copy):
    before = (copy / "README.md").read_text()
    write_results(copy / "results", [("latency", "8 B", "ours-numpy", 1, "p50_ns", 10_000)])
    done = readme(copy)
    assert done.returncode == 1
    assert "no latency of dora with 4 KiB, 400 KB, 4 MB, 40 MB: was it a whole run?" in done.stderr
    assert (copy / "README.md").read_text() == before


def test_the_readme_of_the_repository_has_the_marks(repository):
    before, _, rest = (repository / "README.md").read_text().partition("<!-- figures -->\n")
    assert before
    assert "<!-- /figures -->\n" in rest
