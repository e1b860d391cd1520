"""What /proc tells about processes that are measured from outside."""

import os
from pathlib import Path

SHARED = ("/memfd:", "/dev/shm/")


def processes_of(folder):
    """Every process that was started with this run's folder in its variables."""
    marker = f"BENCH_FOLDER={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass  # it ended, or belongs to somebody else
    return found


def cpu_of(pid):
    """Seconds that its threads have run. To the ns: a tick is more than an idle process uses."""
    times = [path.read_text().split()[0] for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(map(int, times)) / 1e9


def wakeups_of(pid):
    """How often its threads have gone to sleep."""
    count = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                count += int(line.split()[1])
    return count


def threads_of(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def pss_of(pid):
    """MB of memory, of which what is shared counts in parts."""
    return smaps_of(pid, "Pss:")


def private_of(pid):
    """MB of memory that no other process has mapped."""
    return smaps_of(pid, "Private_")


def smaps_of(pid, begin):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(begin)) / 1024


def shared_memory_of(pid):
    """What it has open or mapped: anonymous memory files, and those of /dev/shm."""
    found = set()
    try:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5].startswith(SHARED):
                found.add((kind_of(fields[5]), int(fields[4])))
        for entry in os.scandir(f"/proc/{pid}/fd"):
            target = os.readlink(entry.path)
            if target.startswith(SHARED):
                found.add((kind_of(target), os.stat(entry.path).st_ino))
    except OSError:
        pass  # it ended, or belongs to somebody else
    return found


def kind_of(target):
    """Each kind counts its files on its own."""
    return next(begin for begin in SHARED if target.startswith(begin))


def still_held(memory):
    """Those of `memory` that some process still has open or mapped."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return memory & set().union(*map(shared_memory_of, pids))
