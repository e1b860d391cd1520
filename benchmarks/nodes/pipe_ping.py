"""The same over two multiprocessing.Pipes."""

import multiprocessing

from measure import Plan, Sender, now, write


def pong(plan, connection):
    for _ in range(plan.total):
        connection.send_bytes(connection.recv_bytes())


if __name__ == "__main__":
    plan = Plan.from_environment()
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=pong, args=(plan, there))
    process.start()
    trips = []

    def there_and_back(payload):
        begin = now()
        here.send_bytes(payload)
        here.recv_bytes()
        trips.append(now() - begin)

    Sender(plan).run(there_and_back)
    process.join()
    write(plan, "received", {"received": len(trips), "latencies": trips[plan.warmup :]})
