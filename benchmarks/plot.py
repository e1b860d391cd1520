"""Draws lines over two logarithmic axes, as SVG."""

import html
import math

WIDTH, HEIGHT = 900, 430
LEFT, RIGHT, TOP, BOTTOM = 70, 260, 20, 45
OURS = ["#d62728", "#ff7f0e", "#e377c2", "#bcbd22"]
OTHERS = ["#1f77b4", "#17becf", "#2ca02c", "#9467bd", "#8c564b", "#7f7f7f"]


def log_log(lines, labels, y_title):
    """`lines`: [(title, is ours, [(x, y), ...])]; `labels`: {x: text}, the ticks of the x axis."""
    if not lines:
        return ""
    xs = sorted(labels)
    ys = [y for _, _, points in lines for _, y in points]
    low, high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    high = max(high, low + 1)

    def across(x):
        if len(xs) == 1:
            return (LEFT + WIDTH - RIGHT) / 2
        part = (math.log10(x) - math.log10(xs[0])) / (math.log10(xs[-1]) - math.log10(xs[0]))
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def down(y):
        return HEIGHT - BOTTOM - (math.log10(y) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' width='100%' role='img' font-size='13'>"]
    for power in range(low, high + 1):
        y = down(10**power)
        parts.append(
            f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}' stroke='#8884'/>"
        )
        parts.append(
            f"<text x='{LEFT - 8}' y='{y + 4:.1f}' text-anchor='end'>{10.0**power:,g}</text>"
        )
    for x in xs:
        parts.append(text(across(x), HEIGHT - BOTTOM + 20, labels[x], "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f"<g transform='rotate(-90 16 {middle})'>"
    parts.append(turned + text(16, middle, y_title, "middle") + "</g>")
    palettes = {True: iter(OURS * 3), False: iter(OTHERS * 3)}
    for index, (title, ours, points) in enumerate(lines):
        colour = next(palettes[ours])
        way = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
        thick = 3 if ours else 1.8
        parts.append(
            f"<polyline points='{way}' fill='none' stroke='{colour}' stroke-width='{thick}'/>"
        )
        for x, y in points:
            hint = html.escape(f"{title}: {y:,.3g}")
            dot = f"<circle cx='{across(x):.1f}' cy='{down(y):.1f}' r='4' fill='{colour}'>"
            parts.append(f"{dot}<title>{hint}</title></circle>")
        y = TOP + 12 + index * 22
        parts.append(
            f"<rect x='{WIDTH - RIGHT + 20}' y='{y - 9}' width='14' height='10' fill='{colour}'/>"
        )
        parts.append(text(WIDTH - RIGHT + 42, y, title, "start"))
    return "".join(parts) + "</svg>"


def text(x, y, words, anchor):
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{html.escape(words)}</text>"
