"""Speaks in chunks. The second sentence is interrupted by a third one."""

from dora import Node

node = Node()


def send(segment, seq, word, fin=False, flush=False):
    metadata = {"session_id": "talk", "segment_id": segment, "seq": seq, "fin": fin, "flush": flush}
    node.send_output("chunk", [word], metadata)


send(0, 0, "good")
send(0, 1, "morning", fin=True)
send(1, 0, "let")
send(1, 1, "me")
# The new segment makes the player forget what it has not played yet.
send(2, 0, "stop", flush=True)
send(2, 1, "now", fin=True)
