import pyarrow as pa


class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            number = event["value"].to_pylist()[0]
            send_output("sum", pa.array([number + 1]), {"began_as": number})
