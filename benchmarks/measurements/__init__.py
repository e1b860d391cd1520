"""What is measured. Each module is one kind of benchmark and one section of the report:

NUMBER, NAME, TITLE, NOTE  for the report
peers(smoke)            names of peers, in the order of the table's columns
cells(smoke)            the rows: a list of dicts, each with a "label"
run(peer, cell, smoke)  one run; returns {metric: number}, may hold "samples": [ns, ...]
METRICS                 [(metric, heading, format function)], what the tables show
"""

from measurements import (
    calls,
    chain,
    cpu,
    crash,
    fairness,
    fanin,
    fanout,
    flood,
    graph,
    imports,
    interference,
    latency,
    native,
    operators,
    pingpong,
)

ALL = [
    latency,
    pingpong,
    native,
    flood,
    fanout,
    fanin,
    chain,
    operators,
    fairness,
    cpu,
    interference,
    graph,
    crash,
    imports,
    calls,
]
BY_NAME = {module.NAME: module for module in ALL}
