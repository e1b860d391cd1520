"""Describes the machine that the numbers come from."""

import os
import platform
from pathlib import Path


def describe(environments):
    """{what: text}, in the order of reading. `environments`: {name: a virtual environment}."""
    facts = {
        "processor": f"{processor()}, {os.cpu_count()} CPUs",
        "memory": f"{memory_gib():.1f} GiB",
        "kernel": platform.release(),
        "system": system(),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }
    facts |= {f"packages of {name}": packages(path) for name, path in environments.items()}
    return facts


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def system():
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return platform.system()


def packages(environment):
    """Names and versions, read from the folders that pip leaves behind."""
    found = []
    for info in sorted(Path(environment).glob("lib/python*/site-packages/*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        if name not in ("pip", "setuptools", "wheel"):
            found.append(f"{name} {version}")
    return ", ".join(found) or "none"
