"""iceoryx2: payloads are written into its shared memory, and an event wakes the receiver.

The event is part of it: without one the receiver would have to spin, as in its own benchmark.
"""

import ctypes
import os
import sys
import time

import iceoryx2 as iox2
import numpy
from measure import Plan, Receiver, Sender, now

FOREVER = 3600


def open_services(plan):
    iox2.set_log_level(iox2.LogLevel.Fatal)
    node = iox2.NodeBuilder.new().create(iox2.ServiceType.Ipc)
    name = "benchmark" + os.path.basename(plan.folder)
    # In a flood nothing may be lost: the queue holds what memory allows, then the sender waits.
    depth = max(2, min(plan.total, 8192, (256 << 20) // plan.size))
    data = (
        node.service_builder(iox2.ServiceName.new(name))
        .publish_subscribe(iox2.Slice[ctypes.c_uint8])
        .subscriber_max_buffer_size(depth)
        .enable_safe_overflow(False)
        .open_or_create()
    )
    wake = node.service_builder(iox2.ServiceName.new(name + "-wake")).event().open_or_create()
    return node, data, wake


def send(plan):
    _node, data, wake = open_services(plan)
    publisher = (
        data.publisher_builder()
        .initial_max_slice_len(plan.size)
        .backpressure_strategy(iox2.BackpressureStrategy.RetryUntilDelivered)
        .create()
    )
    notifier = wake.notifier_builder().create()
    while (
        data.dynamic_config.number_of_subscribers == 0
        or wake.dynamic_config.number_of_listeners == 0
    ):
        time.sleep(0.005)

    def address_of(buffer):
        return ctypes.addressof(ctypes.c_uint8.from_buffer(buffer))

    def hand_over(address):
        sample = publisher.loan_slice_uninit(plan.size)
        ctypes.memmove(sample.payload_ptr, address, plan.size)
        sample.assume_init().send()
        notifier.notify()

    Sender(plan, wrap=address_of).run(hand_over)
    while not os.path.exists(os.path.join(plan.folder, "received.json")):
        time.sleep(0.005)


def receive(plan):
    _node, data, wake = open_services(plan)
    subscriber = data.subscriber_builder().create()
    listener = wake.listener_builder().create()
    receiver = Receiver(plan, may_keep=False)
    done = False
    while not done:
        sample = subscriber.receive()
        if sample is None:
            listener.timed_wait(iox2.Duration.from_secs(FOREVER))
            continue
        moment = now()
        view = numpy.frombuffer(sample.payload().as_memory_view(), dtype=numpy.uint8)
        done = receiver.take(memoryview(view), moment)
        del view
        sample.delete()
    receiver.finish()


if __name__ == "__main__":
    plan = Plan.from_environment()
    send(plan) if sys.argv[1] == "send" else receive(plan)
