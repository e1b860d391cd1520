"""eclipse-zenoh, two peers on this machine, shared memory switched on at both sides.

From 4 KiB on the sender writes into a pool of zenoh's own; below, zenoh copies anyway.
"""

import sys
import time

import zenoh
from measure import Plan, Receiver, Sender, now, ready, wait_for

KEY = "benchmark/data"


def configuration(plan, listen):
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("scouting/multicast/enabled", "false")
    endpoint = f'["unixsock-stream/{plan.folder}/zenoh"]'
    config.insert_json5("listen/endpoints", endpoint if listen else "[]")
    config.insert_json5("connect/endpoints", "[]" if listen else endpoint)
    config.insert_json5("transport/shared_memory/enabled", "true")
    return config


def send(plan):
    wait_for(plan, "ready")
    with zenoh.open(configuration(plan, listen=False)) as session:
        publisher = session.declare_publisher(
            KEY, congestion_control=zenoh.CongestionControl.BLOCK, express=plan.mode == "paced"
        )
        while not publisher.matching_status:
            time.sleep(0.01)
        if plan.size < 4096:
            Sender(plan).run(publisher.put)
        else:
            pool = zenoh.shm.ShmProvider.default_backend(plan.size * 4 + (1 << 20))
            policy = zenoh.shm.BlockOn(zenoh.shm.GarbageCollect())

            def hand_over(payload):
                memory = pool.alloc(plan.size, policy=policy)
                memory[0 : plan.size] = payload
                publisher.put(memory)

            Sender(plan).run(hand_over)
        wait_for(plan, "received")


def receive(plan):
    with zenoh.open(configuration(plan, listen=True)) as session:
        subscriber = session.declare_subscriber(KEY, zenoh.handlers.FifoChannel(plan.total))
        ready(plan, "ready")
        receiver = Receiver(plan)
        while True:
            data = subscriber.recv().payload.to_bytes()
            if receiver.take(data, now()):
                break
        receiver.finish()


if __name__ == "__main__":
    plan = Plan.from_environment()
    send(plan) if sys.argv[1] == "send" else receive(plan)
