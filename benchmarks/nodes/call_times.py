"""What those share who measure their calls one by one."""

import json
import statistics
from pathlib import Path

BATCH = 8  # fewer than any queue holds


def report(plan, times):
    """Writes the medians of (sending, taking), ns for a batch each; the first fifth warmed up."""
    kept = times[len(times) // 5 :]
    result = {
        "send": statistics.median(time for time, _ in kept) / BATCH,
        "take": statistics.median(time for _, time in kept) / BATCH,
    }
    Path(plan["folder"], "received.json").write_text(json.dumps(result))
