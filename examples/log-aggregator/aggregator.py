import json
from collections import Counter

from dora import Node

node = Node()
counts: Counter[str] = Counter()
# The daemon speaks in this log, too ("node is ready"): only what the nodes say is counted.
while sum(counts.values()) < 7:
    event = node.next()
    if event["type"] == "STOP":
        break
    if event["type"] == "INPUT":
        entry = json.loads(event["value"].as_py())
        if entry["message"].startswith(("step", "too hot")):
            counts[f"{entry['node_id']} {entry['level']}"] += 1
report = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
node.send_output("report", report.encode())
