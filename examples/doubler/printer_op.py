from dora import DoraStatus


class Operator:
    def on_event(self, event, send_output) -> DoraStatus:
        if event["type"] == "INPUT":
            number = event["value"].to_pylist()[0]
            print(f"doubled: {number}")
            if number == 8:
                return DoraStatus.STOP_ALL
        return DoraStatus.CONTINUE
