import pyarrow as pa
import pyarrow.parquet as pq
from dora import Node

node = Node()
node.send_output("next", [True])
rows: list[dict[str, float]] = []
for event in node:
    if event["type"] == "INPUT":
        rows += event["value"].to_pylist()
        node.send_output("next", [True])
    elif event["type"] == "STOP":
        break

pq.write_table(pa.Table.from_pylist(rows), "rows.parquet")
table = pq.read_table("rows.parquet")
mean = sum(table["temperature"].to_pylist()) / len(table)
print(f"rows.parquet: {len(table)} rows, mean temperature {mean}")
