"""Works on goals step by step, tells how far it is, and can be told to give up."""

from dora import Node

node = Node()
goals: dict[str, int] = {}  # steps left to do, by goal


def finish(goal_id, status):
    goals.pop(goal_id, None)
    node.send_output("result", [], {"goal_id": goal_id, "goal_status": status})


while True:
    # While there is work to do, only look whether something has arrived.
    event = node.try_recv() if goals else node.next()
    if event is None and not goals:
        break
    if event is not None and event["type"] == "INPUT":
        goal_id = event["metadata"]["goal_id"]
        if event["id"] == "goal":
            goals[goal_id] = event["value"][0].as_py()
        elif goal_id in goals:
            finish(goal_id, "canceled")
    for goal_id, left in list(goals.items()):
        if left == 0:
            finish(goal_id, "succeeded")
        elif left > 0:
            node.send_output("feedback", [left], {"goal_id": goal_id})
            goals[goal_id] = left - 1
        # A goal of less than nothing is never reached: only a cancel ends it.
