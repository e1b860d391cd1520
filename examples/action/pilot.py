"""Sets two goals, and gives one of them up."""

import uuid

from dora import Node

node = Node()
reachable, endless = str(uuid.uuid4()), str(uuid.uuid4())
node.send_output("goal", [3], {"goal_id": reachable})
node.send_output("goal", [-1], {"goal_id": endless})

result = node.recv_action_result(reachable, timeout=30.0)
print("first goal:", result["metadata"]["goal_status"])
node.send_output("cancel", [], {"goal_id": endless})
result = node.recv_action_result(endless, timeout=30.0)
print("second goal:", result["metadata"]["goal_status"])

# What came while it waited for results: the feedback.
print("feedback:", [event["value"][0].as_py() for event in node.drain() if event["id"] == "feedback"])
