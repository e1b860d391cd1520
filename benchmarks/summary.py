"""From runs to one number per cell, and from numbers to words."""

import statistics
from collections import defaultdict


def percentile(ordered, percent):
    """The smallest value that `percent` of the ordered values do not exceed."""
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(0, min(len(ordered), int(rank)) - 1)]


class Results:
    """The rows of raw.csv: (benchmark, cell, peer, round, metric, value)."""

    def __init__(self, rows=()):
        self.rows = list(rows)
        self.failures = []  # (benchmark, cell, peer, text)

    def add(self, benchmark, cell, peer, number, metrics):
        for metric, value in metrics.items():
            self.rows.append((benchmark, cell, peer, number, metric, value))

    def medians(self, benchmark):
        """{(cell, peer, metric): the median of the rounds}."""
        values = defaultdict(list)
        for name, cell, peer, _, metric, value in self.rows:
            if name == benchmark:
                values[cell, peer, metric].append(value)
        return {key: statistics.median(found) for key, found in values.items()}


def microseconds(ns):
    us = ns / 1000
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}"


def milliseconds(ns):
    return f"{ns / 1e6:.1f}"


def seconds(value):
    return f"{value:.2f} s"


def per_second(value):
    return f"{value:,.0f}"


def plain(value):
    return f"{value:,.0f}"
