"""Runs clang-tidy on every source of src/ and python/bindings/ that changed since it last passed.

A source has changed when its command line, .clang-tidy, or any of our files that it includes has;
the build's own dependency records tell which those are. What passed is remembered in build/tidy/.
"""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSED = ROOT / "build" / "tidy"
# Each build folder, and the sources it answers for.
BUILDS = {ROOT / "build/dev": "src", ROOT / "build/wheel": "python/bindings"}


@cache
def digest(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


def includes(build: Path) -> dict[str, list[Path]]:
    """Yields for each object file those files of ours that it was built from."""
    records = subprocess.run(
        ["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, list[Path]] = {}
    for record in records.split("\n\n"):
        head, *lines = record.splitlines() or [""]
        files = [build / line.strip() for line in lines]
        found[head.split(":")[0]] = [f for f in files if f.is_relative_to(ROOT) and f.is_file()]
    return found


def changed_sources() -> list[tuple[Path, Path, Path]]:
    """Lists (build folder, source, file that remembers a pass) for what must be looked at."""
    PASSED.mkdir(parents=True, exist_ok=True)
    config = digest(ROOT / ".clang-tidy")
    work = []
    for build, folder in BUILDS.items():
        if not (build / "compile_commands.json").exists():
            sys.exit(f"{build.relative_to(ROOT)} is not configured; ./dev check does it")
        built_from = includes(build)
        for command in json.loads((build / "compile_commands.json").read_text()):
            source = Path(command["file"])
            if not source.is_relative_to(ROOT / folder) or source.name.endswith("_test.cpp"):
                continue
            key = hashlib.sha256(config + command["command"].encode())
            output = command["command"].split(" -o ")[1].split()[0]
            for file in sorted({source, *built_from.get(output, [])}):
                key.update(digest(file))
            passed = PASSED / key.hexdigest()
            if not passed.exists():
                work.append((build, source, passed))
    return work


def tidy(build: Path, source: Path, passed: Path) -> str | None:
    """Runs clang-tidy on one source; returns what it found, or None."""
    result = subprocess.run(
        ["clang-tidy-19", "--quiet", "-p", build, source], capture_output=True, text=True
    )
    print(f"  {source.relative_to(ROOT)}", flush=True)
    if result.returncode == 0:
        passed.touch()
        return None
    return result.stdout + result.stderr


with ThreadPoolExecutor(os.cpu_count()) as threads:
    results = list(threads.map(lambda item: tidy(*item), changed_sources()))
found = [text for text in results if text]
print(f"clang-tidy: {len(results)} sources looked at, {len(found)} with findings")
sys.exit("\n".join(found) or 0)
