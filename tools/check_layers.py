"""Checks that each module includes only itself, the public API, and the modules it DEPENDS on."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src"
MODULE = re.compile(r"dora_module\(\s*(\w+)(?:\s+DEPENDS((?:\s+[a-z]\w*)+))?")
INCLUDE = re.compile(r'^#include "(\w+)/', re.MULTILINE)
PUBLIC = {"dora"}

allowed = {
    name: {name, *PUBLIC, *depends.split()}
    for file in SRC.glob("*/CMakeLists.txt")
    for name, depends in MODULE.findall(file.read_text())
}

broken = []
for file in sorted(SRC.rglob("*.[ch]pp")):
    module = file.relative_to(SRC).parts[0]
    for included in INCLUDE.findall(file.read_text()):
        if included not in allowed.get(module, set()):
            broken.append(f"{file.relative_to(ROOT)}: {module} does not depend on {included}")
# What users include, and what Python is built on, is the public API alone.
for folder in ("include", "python/bindings"):
    for file in sorted((ROOT / folder).rglob("*.[ch]*")):
        for included in INCLUDE.findall(file.read_text()):
            if included not in PUBLIC:
                broken.append(f"{file.relative_to(ROOT)}: only include/dora may be included here")

sys.exit("\n".join(broken) or 0)
