"""Reads the log messages of another node: each is JSON in a text."""

import json

from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        entry = json.loads(event["value"][0].as_py())
        fields = ", ".join(f"{name} {value}" for name, value in (entry["fields"] or {}).items())
        print(f"{entry['level']}: {entry['message']}" + (f" ({fields})" if fields else ""))
