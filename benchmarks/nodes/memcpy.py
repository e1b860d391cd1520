"""No peer: copying the bytes once, to memory that is warm. What a copy costs at least."""

from measure import Plan, now, write

plan = Plan.from_environment()
source = memoryview(bytearray(plan.size))
target = memoryview(bytearray(plan.size))
times = []
for _ in range(plan.total):
    begin = now()
    target[:] = source
    times.append(now() - begin)
times = times[plan.warmup :]
write(plan, "sent", {"durations": times})
write(
    plan,
    "received",
    {"received": plan.total, "out_of_order": 0, "corrupted": 0, "latencies": times},
)
