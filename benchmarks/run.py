"""Measures dora beside what else one could take, in one run on this machine.

    ./dev bench                       everything; more than an hour
    ./dev bench --smoke               a short form, for seeing that it works
    ./dev bench --only latency flood --peers ours pipe --rounds 3
    ./dev bench --readme benchmarks/results/<time>    puts figures of that run into README.md

Peers take turns within a round (A B C, A B C, ...), so that a busy moment of the machine hits
all of them. Writes into benchmarks/results/<time>/.
"""

import argparse
import csv
import sys
import time
from datetime import date, datetime
from pathlib import Path

import machine
import measurements
import peers as known
import readme
import report
import runs
from summary import Results


def main():
    options = parse(sys.argv[1:])
    if options.readme:
        return readme.main(options.readme)
    if any(known.BY_NAME[name].environment == known.PEERS for name in options.peers):
        known.make_peer_environment()
    chosen = []
    for name in options.peers:
        problem = known.available(known.BY_NAME[name])
        if problem:
            print(f"{name} is left out: {problem}", flush=True)
        else:
            chosen.append(name)
    facts = {"date": date.today().isoformat()} | machine.describe(
        {"ours": known.OURS, "the others": known.PEERS}
    )
    folder = options.output or known.HERE / "results" / datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    folder.mkdir(parents=True, exist_ok=True)

    modules = [measurements.BY_NAME[name] for name in options.only]
    results = Results()
    begin = time.monotonic()
    # Line by line, so that a run which is broken off leaves what it has measured.
    with (
        (folder / "raw.csv").open("w", buffering=1) as raw,
        (folder / "samples.csv").open("w") as samples,
    ):
        measure(modules, chosen, options, results, csv.writer(raw), csv.writer(samples))
    facts["duration"] = f"{time.monotonic() - begin:.0f} s, {options.rounds} rounds"
    (folder / "machine.txt").write_text("".join(f"{key}: {text}\n" for key, text in facts.items()))
    (folder / "table.md").write_text(
        report.markdown(modules, chosen, results, facts, options.smoke)
    )
    (folder / "report.html").write_text(report.html(modules, chosen, results, facts, options.smoke))
    print((folder / "table.md").read_text())
    print(f"written to {folder}: raw.csv, samples.csv, machine.txt, table.md, report.html")
    return 1 if any(peer.startswith("ours") for _, _, peer, _ in results.failures) else 0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a short form, under a minute")
    names_of = {"only": list(measurements.BY_NAME), "peers": list(known.BY_NAME)}
    for option, names in names_of.items():
        parser.add_argument(
            f"--{option}", nargs="+", choices=names, default=names, metavar="NAME",
            help=", ".join(names),
        )  # fmt: skip
    parser.add_argument("--rounds", type=int, help="repetitions of everything (5; 1 with --smoke)")
    parser.add_argument("--output", type=Path, help="the folder for the results")
    parser.add_argument(
        "--readme", type=Path, metavar="FOLDER",
        help="measure nothing; put figures of the results in FOLDER into README.md",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = 1 if options.smoke else 5
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def measure(modules, chosen, options, results, raw, samples):
    raw.writerow(["benchmark", "cell", "peer", "round", "metric", "value"])
    samples.writerow(["benchmark", "cell", "peer", "round", "latency_ns"])
    gave_up = set()  # a peer that failed a cell is not tried there again
    for number in range(1, options.rounds + 1):
        for module in modules:
            for cell in module.cells(options.smoke):
                for name in module.peers(options.smoke):
                    key = (module.NAME, cell["label"], name)
                    if name not in chosen or key in gave_up:
                        continue
                    print(
                        f"round {number}  {module.NAME}  {cell['label']}  {name}",
                        file=sys.stderr,
                        flush=True,
                    )
                    try:
                        metrics = module.run(known.BY_NAME[name], cell, options.smoke)
                    except (runs.RunFailed, OSError) as problem:
                        print(f"  failed: {problem}", file=sys.stderr, flush=True)
                        gave_up.add(key)
                        results.failures.append((*key, str(problem)))
                        continue
                    prefix = (module.NAME, cell["label"], name, number)
                    samples.writerows((*prefix, value) for value in metrics.pop("samples", []))
                    results.add(*prefix, metrics)
                    raw.writerows((*prefix, metric, value) for metric, value in metrics.items())


if __name__ == "__main__":
    sys.exit(main())
