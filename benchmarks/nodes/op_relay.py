"""An operator that passes on what it receives, as it came."""

from dora import DoraStatus


class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            send_output("data", event["value"], {})
        return DoraStatus.CONTINUE
