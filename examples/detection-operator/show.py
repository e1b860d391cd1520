import numpy as np


class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            left, top, right, bottom = np.frombuffer(event["data"], np.float32)[:4].astype(int)
            print(f"frame {event['metadata']['frame']}: {left},{top} to {right},{bottom}")
