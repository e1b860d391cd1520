"""What type checkers, help() and inspect are told is what the extension does."""

import inspect
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import dora
import pytest
from dora import _dora

ROOT = Path(__file__).resolve().parents[2]
# Text of the guides, which is run as it is written there.
QUOTED = {"detection_operator/detect.py"}
# Samples are read by people: functions without annotations, and pyarrow without types, are fine.
MYPY = [
    *("--strict", "--allow-untyped-defs", "--allow-incomplete-defs", "--allow-untyped-calls"),
    *("--no-warn-unused-ignores", "--ignore-missing-imports", "--no-error-summary"),
    *("--namespace-packages", "--explicit-package-bases"),
]
PYRIGHT = """
    {
      "typeCheckingMode": "strict",
      "reportMatchNotExhaustive": false,
      "reportMissingTypeStubs": false,
      "reportMissingImports": false,
      "reportUnusedImport": false,
      "reportMissingModuleSource": false,
      "reportMissingParameterType": false,
      "reportUnknownParameterType": false,
      "reportUnknownArgumentType": false,
      "reportUnknownLambdaType": false,
      "reportUnknownVariableType": false,
      "reportUnknownMemberType": false
    }
"""


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A folder with every example and every Python block of the manual and of README."""
    folder = tmp_path_factory.mktemp("samples")
    for file in (ROOT / "examples").glob("*/*.py"):
        place = folder / file.parent.name.replace("-", "_")
        place.mkdir(exist_ok=True)
        if f"{place.name}/{file.name}" not in QUOTED:
            shutil.copy(file, place)
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    (folder / "pages").mkdir()
    for page in pages:
        blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
        for number, block in enumerate(blocks):
            name = f"{page.stem.replace('-', '_')}_{number}.py"
            (folder / "pages" / name).write_text(block)
    return folder


def run(*command, cwd):
    # basedpyright looks for a Python on PATH, whatever it is told.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_stub_of_the_extension_is_true(tmp_path):
    allowed = tmp_path / "allowed"
    # Python shows them from 3.12 on; type checkers know buffers by them in every version.
    names = ("__buffer__", "__release_buffer__")
    allowed.write_text("".join(f"dora._dora.SampleBuffer.{name}\n" for name in names))
    run(
        *(sys.executable, "-m", "mypy.stubtest", "dora._dora"),
        *("--mypy-config-file", str(ROOT / "pyproject.toml")),
        *("--allowlist", str(allowed), "--ignore-unused-allowlist"),
        cwd=tmp_path,
    )


def test_samples_satisfy_mypy(samples):
    assert len(list(samples.rglob("*.py"))) > 60
    run(sys.executable, "-m", "mypy", *MYPY, ".", cwd=samples)


def test_samples_satisfy_pyright(samples):
    (samples / "pyrightconfig.json").write_text(textwrap.dedent(PYRIGHT))
    run(sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, cwd=samples)


def test_every_public_name_has_a_type(tmp_path):
    """Whichever type checker reads them, it need not guess."""
    package = ("--verifytypes", "dora", "--ignoreexternal")
    run(sys.executable, "-m", "basedpyright", *package, cwd=tmp_path)


@pytest.mark.parametrize(
    "owner", [dora.Node, dora.SampleHandler, dora.Event, _dora.OperatorRuntime, dora]
)
def test_everything_has_a_signature(owner):
    for name, member in vars(owner).items():
        if not callable(member) or isinstance(member, type) or hasattr(dict, name):
            continue
        signature = inspect.signature(member)
        if owner is not dora:
            assert next(iter(signature.parameters)) == "self", name


def test_signatures_of_the_extension_name_every_parameter():
    def of(method):
        return str(inspect.signature(method))

    assert of(dora.Node.next) == "(self, /, timeout=None)"
    assert of(dora.Node.send_output) == "(self, /, output_id, data, metadata=None)"
    assert of(dora.Node.send_output_raw) == "(self, /, output_id, data_length, metadata=None)"
    assert of(dora.Node.extension_load) == "(self, /, namespace, key, remove=False)"
    assert of(dora.SampleHandler.send) == "(self, /)"


@pytest.mark.parametrize("name", ["next", "send_output", "send_output_raw", "recv_async", "log"])
def test_help_teaches(name):
    text = inspect.getdoc(getattr(dora.Node, name))
    assert f"node.{name}(" in text, "there is no example"
    if name in ("next", "recv_async"):
        assert "seconds" in text
    if name.startswith("send_output"):
        assert "Raises" in text
        assert "metadata:" in text
