"""One thread sends while another receives, on the same node."""

import threading

from dora import Node

node = Node()


def write():
    for number in range(100):
        node.send_output("ping", [number])


writer = threading.Thread(target=write)
writer.start()
answers: list[int] = []
while len(answers) < 100:
    event = node.next()
    if event["type"] == "INPUT":
        answers.append(event["value"][0].as_py())
writer.join()
print(f"{len(answers)} answers, in order: {answers == list(range(100))}")
