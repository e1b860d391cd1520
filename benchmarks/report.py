"""The tables and pictures that people read: Markdown, and one HTML file that needs nothing else."""

import html as escape

import peers as known
import plot

TIMES, NOTHING = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"
STYLE = """
:root { color-scheme: light dark; --line: #8884; --quiet: #8888; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
small { color: var(--quiet); } .scroll { overflow-x: auto; } svg text { fill: currentColor; }
"""


def columns(module, chosen, smoke):
    return [known.BY_NAME[name] for name in module.peers(smoke) if name in chosen]


def tables(module, chosen, results, smoke):
    """Yields (heading, [column titles], [[row label, (text, ratio), ...]]), one per metric.

    The ratio is to the first column, which is ours: 2.0 is twice as long, or half as fast.
    """
    medians = results.medians(module.NAME)
    peers = columns(module, chosen, smoke)
    first = peers[0].name if peers and peers[0].name == "ours" else None
    failed = {
        (cell, name) for benchmark, cell, name, _ in results.failures if benchmark == module.NAME
    }
    for metric, heading, to_text in module.METRICS:
        rows = []
        for cell in module.cells(smoke):
            row = [cell["label"]]
            ours = medians.get((cell["label"], first, metric))
            for peer in peers:
                value = medians.get((cell["label"], peer.name, metric))
                if value is None:
                    row.append(("failed" if (cell["label"], peer.name) in failed else NOTHING, ""))
                else:
                    row.append(
                        (to_text(value), ratio(module, metric, value, ours, peer.name == first))
                    )
            rows.append(row)
        if any(text != NOTHING for row in rows for text, _ in row[1:]):
            yield heading, [peer.title for peer in peers], rows


def ratio(module, metric, value, ours, is_first):
    if is_first or not ours or not value or metric in ("lost", "out_of_order"):
        return ""
    times = value / ours if module.LOWER_IS_BETTER else ours / value
    return f"{times:.1f}{TIMES}" if times < 10 else f"{times:.0f}{TIMES}"


def markdown(modules, chosen, results, facts, smoke):
    lines = ["# Benchmarks", ""]
    if smoke:
        lines += ["A short run, for seeing that it works: the numbers mean little.", ""]
    lines += [
        "Medians of the rounds; in brackets how many times ours that is (longer, or slower).",
        "",
    ]
    for module in modules:
        found = list(tables(module, chosen, results, smoke))
        if not found:
            continue
        lines += [f"## {module.TITLE} ({module.NUMBER})", "", module.NOTE, ""]
        for heading, titles, rows in found:
            lines.append("| " + " | ".join([heading, *titles]) + " |")
            lines.append("|---" * (len(titles) + 1) + "|")
            for row in rows:
                texts = [text + (f" ({times})" if times else "") for text, times in row[1:]]
                lines.append("| " + " | ".join([row[0], *texts]) + " |")
            lines.append("")
    if results.failures:
        lines += ["## What failed", ""]
        lines += [
            f"- {name}, {peer}, {cell}: {text.splitlines()[0]}"
            for name, cell, peer, text in results.failures
        ]
        lines.append("")
    lines += ["## Machine", ""] + [f"- {key}: {text}" for key, text in facts.items()]
    return "\n".join(lines) + "\n"


def html(modules, chosen, results, facts, smoke):
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>dora benchmarks</title>",
        f"<style>{STYLE}</style>",
    ]
    parts.append("<meta name='viewport' content='width=device-width'><h1>Benchmarks</h1>")
    if smoke:
        parts.append("<p>A short run, for seeing that it works: the numbers mean little.</p>")
    parts.append(
        "<p>Medians of the rounds; beside each how many times ours that is (longer, or slower).</p>"
    )
    for module in modules:
        found = list(tables(module, chosen, results, smoke))
        if not found:
            continue
        parts.append(f"<h2>{escape.escape(module.TITLE)}</h2><p>{escape.escape(module.NOTE)}</p>")
        if hasattr(module, "PLOT"):
            parts.append(picture(module, chosen, results, smoke))
        for heading, titles, rows in found:
            head = "".join(f"<th>{escape.escape(title)}</th>" for title in [heading, *titles])
            body = "".join(
                f"<tr><td>{escape.escape(row[0])}</td>"
                + "".join(
                    f"<td>{escape.escape(t)} <small>{times}</small></td>" for t, times in row[1:]
                )
                + "</tr>"
                for row in rows
            )
            parts.append(f"<div class='scroll'><table><tr>{head}</tr>{body}</table></div>")
    for name, cell, peer, text in results.failures:
        parts.append(f"<h3>Failed: {name}, {peer}, {cell}</h3><pre>{escape.escape(text)}</pre>")
    parts.append("<h2>Machine</h2><table>")
    parts += [
        f"<tr><td>{escape.escape(k)}</td><td>{escape.escape(v)}</td></tr>" for k, v in facts.items()
    ]
    return "\n".join(parts) + "</table></html>\n"


def picture(module, chosen, results, smoke):
    """All peers over the axis of the benchmark, both axes logarithmic."""
    what = module.PLOT
    medians = results.medians(module.NAME)
    lines, labels = [], {}
    for peer in columns(module, chosen, smoke):
        points = []
        for cell in module.cells(smoke):
            value = medians.get((cell["label"], peer.name, what["metric"]))
            if value:
                points.append((cell[what["x"]], value * what["scale"]))
                labels[cell[what["x"]]] = cell["label"]
        if points:
            lines.append((peer.title, peer.name.startswith("ours"), points))
    return plot.log_log(lines, labels, what["y_title"])
