"""multiprocessing.Pipe between two processes: the standard library's way."""

import multiprocessing

from measure import Plan, Receiver, Sender, now


def receive(plan, connection):
    receiver = Receiver(plan)
    while True:
        data = connection.recv_bytes()
        if receiver.take(data, now()):
            break
    receiver.finish()


if __name__ == "__main__":
    plan = Plan.from_environment()
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=receive, args=(plan, receiving))
    process.start()
    receiving.close()
    Sender(plan).run(sending.send_bytes)
    process.join()
