"""Checks that no source file has grown past what one sitting reads: at most 400 lines."""

import subprocess
import sys
from pathlib import Path

LIMIT = 400
SOURCES = ("*.cpp", "*.hpp", "*.c", "*.h", "*.py", "*.pyi", "*.cmake", "*CMakeLists.txt", "dev")

listed = subprocess.run(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SOURCES],
    capture_output=True,
    text=True,
    check=True,
).stdout
too_long = []
for name in sorted(set(filter(None, listed.split("\0")))):
    file = Path(name)
    if file.is_file() and (lines := len(file.read_bytes().splitlines())) > LIMIT:
        too_long.append(f"{name}: {lines} lines; split it where a second noun begins")

sys.exit("\n".join(too_long) or 0)
