class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            square = event["value"].to_pylist()[0]
            text = f"({event['metadata']['began_as']} + 1) squared is {square}"
            send_output("text", text.encode())
