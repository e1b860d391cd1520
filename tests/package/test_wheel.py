"""What `pip install` put into the environment that runs these tests."""

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import dora
import pytest
from elftools.elf.elffile import ELFFile

# All of these come with glibc or with the compiler's own runtime: every Linux of our age has them.
ALLOWED = re.compile(r"(libc|libm|libpthread|libdl|librt|libstdc\+\+|libgcc_s|ld-linux-[\w-]+)\.so")


def needed_libraries(file: Path) -> set[str]:
    with file.open("rb") as stream:
        dynamic = ELFFile(stream).get_section_by_name(".dynamic")
        return {tag.needed for tag in dynamic.iter_tags("DT_NEEDED")}


def installed_binaries() -> list[Path]:
    files = importlib.metadata.distribution("dora-cpp").files or []
    paths = [Path(str(file.locate())) for file in files]
    return [path for path in paths if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]


def test_the_wheel_holds_the_program_and_the_extension():
    names = {path.name for path in installed_binaries()}
    assert {"dora", "_dora.abi3.so"} <= names


@pytest.mark.parametrize("binary", installed_binaries(), ids=lambda path: path.name)
def test_no_shared_library_is_needed_that_a_system_may_lack(binary: Path):
    foreign = {name for name in needed_libraries(binary) if not ALLOWED.match(name)}
    assert foreign == set()


def test_program_and_package_tell_the_version_of_the_distribution(run_dora):
    version = importlib.metadata.version("dora-cpp")
    assert dora.__version__ == version
    for flag in ("--version", "-V"):
        shown = run_dora(flag)
        assert (shown.code, shown.out, shown.err) == (0, f"dora {version}\n", "")


def test_the_package_is_typed_and_carries_the_public_headers():
    package = Path(dora.__file__).parent
    assert (package / "py.typed").is_file()
    assert (package / "include" / "dora" / "node.h").is_file()


def test_import_dora_loads_nothing_heavy():
    script = "import sys, json, dora; print(json.dumps(sorted(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    ).stdout
    heavy = {"numpy", "pyarrow", "asyncio", "typing", "dataclasses", "yaml"}
    assert heavy & set(json.loads(loaded)) == set()
