"""Runs clang-tidy on every module of src/, and on python/bindings/, that changed since it passed.

All sources of a module are one unit (preset `tidy`, which is configured and never built): most of
the work is to read the headers of libraries. A unit has changed when its command line, .clang-tidy,
a header of ours or one of its sources has. What passed is remembered in build/tidy/passed/.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tidy"
PASSED = BUILD / "passed"
# A library of ours or the extension, and of a library its name.
TARGET = re.compile(r".*/CMakeFiles/_?dora(?:_(?P<module>\w+))?\.dir/")
OUR_FILES = r"/(include/dora|src/[a-z_]+|python/bindings)/[a-z0-9_]+\.(h|hpp|cpp)$"


@cache
def digest(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


def key_of(unit: Path, command: str) -> str:
    """What the outcome depends on."""
    sources = [str(unit)]
    if unit.is_relative_to(BUILD):
        sources += re.findall(r'^#include "(/.+)"', unit.read_text(), re.MULTILINE)
    headers = [
        file
        for folder in ("src", "include", "python/bindings")
        for file in ROOT.glob(f"{folder}/**/*.h*")
    ]
    key = hashlib.sha256(command.encode())
    for file in [ROOT / ".clang-tidy", *sorted(headers), *(Path(source) for source in sources)]:
        key.update(digest(file))
    return key.hexdigest()


def changed_units() -> list[tuple[Path, Path]]:
    """Lists (unit, file that remembers a pass) for what must be looked at."""
    PASSED.mkdir(parents=True, exist_ok=True)
    work = []
    for command in json.loads((BUILD / "compile_commands.json").read_text()):
        if not TARGET.match(command["command"].split(" -o ")[1]):
            continue
        unit = Path(command["file"])
        passed = PASSED / key_of(unit, command["command"])
        if not passed.exists():
            work.append((unit, passed))
    # The largest first, so that they do not run alone at the end.
    return sorted(work, key=lambda item: -len(item[0].read_text()))


def tidy(unit: Path, passed: Path) -> bool:
    """Runs clang-tidy on one unit, and prints what it found; whether that is nothing."""
    result = subprocess.run(
        ["clang-tidy-19", "--quiet", "-p", BUILD, f"--header-filter={OUR_FILES}", unit],
        capture_output=True,
        text=True,
    )
    is_clean = result.returncode == 0
    print(
        f"  {unit.relative_to(ROOT)}", "" if is_clean else result.stdout + result.stderr, flush=True
    )
    if is_clean:
        passed.touch()
    return is_clean


subprocess.run(["cmake", "--preset", "tidy"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
with ThreadPoolExecutor(os.cpu_count()) as threads:
    results = list(threads.map(lambda item: tidy(*item), changed_units()))
print(f"clang-tidy: {len(results)} units looked at, {results.count(False)} with findings")
sys.exit(0 if all(results) else 1)
