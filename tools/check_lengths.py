"""Checks that no source file has grown past what one sitting reads.

That is 400 lines; a C++ test, which is a list of cases to look one up in, may have 600.
"""

import subprocess
import sys
from pathlib import Path

LIMIT = 400
TEST_LIMIT = 600
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
    limit = TEST_LIMIT if name.endswith("_test.cpp") else LIMIT
    if file.is_file() and (lines := len(file.read_bytes().splitlines())) > limit:
        too_long.append(f"{name}: {lines} lines; split it where a second noun begins")

sys.exit("\n".join(too_long) or 0)
