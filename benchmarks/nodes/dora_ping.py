"""Sends, waits for the same message to come back, and sends again: ours and dora-rs alike."""

from dora import Node
from dora_sender import wrap
from measure import Plan, Sender, now, write

plan = Plan.from_environment()
sender = Sender(plan, wrap(plan))
node = Node()
trips = []


def there_and_back(payload):
    begin = now()
    node.send_output("data", payload)
    while (event := node.next()) is not None:
        if event["type"] == "INPUT":
            trips.append(now() - begin)
            return
    raise SystemExit("the other side has ended")


sender.run(there_and_back)
write(plan, "received", {"received": len(trips), "latencies": trips[plan.warmup :]})
