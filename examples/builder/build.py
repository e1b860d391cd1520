"""Describes the dataflow of dataflow.yml in Python, checks it, and runs it."""

from dora.builder import DataflowBuilder

flow = DataflowBuilder("numbers")
number = flow.add_node("sender").path("sender.py").add_output("number")
flow.add_node("receiver").path("receiver.py").add_input("number", number, queue_size=10)

flow.validate()
print(flow.to_yaml(), end="")
flow.run(stop_after=60.0)
