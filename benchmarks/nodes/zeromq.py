"""pyzmq over ipc: a PUSH and a PULL socket. Large payloads go out without a copy on this side."""

import sys

import zmq
from measure import Plan, Receiver, Sender, now

BUFFERS = 4


def send(plan, socket):
    socket.set_hwm(plan.total)
    socket.connect(f"ipc://{plan.folder}/socket")
    trackers = [None] * BUFFERS
    turn = 0

    def hand_over(payload):
        nonlocal turn
        if plan.size < socket.copy_threshold:
            socket.send(payload)
        else:
            trackers[turn] = socket.send(payload, copy=False, track=True)
            turn = (turn + 1) % BUFFERS

    def wait_until_free(index):
        if trackers[index] is not None:
            trackers[index].wait()

    Sender(plan, buffers=BUFFERS).run(hand_over, wait_until_free)


def receive(plan, socket):
    socket.set_hwm(plan.total)
    socket.bind(f"ipc://{plan.folder}/socket")
    receiver = Receiver(plan)
    while True:
        frame = socket.recv(copy=plan.size < socket.copy_threshold)
        if receiver.take(frame if isinstance(frame, bytes) else frame.buffer, now()):
            break
    receiver.finish()


if __name__ == "__main__":
    plan = Plan.from_environment()
    with zmq.Context() as context:
        if sys.argv[1] == "send":
            with context.socket(zmq.PUSH) as socket:
                send(plan, socket)
        else:
            with context.socket(zmq.PULL) as socket:
                receive(plan, socket)
