"""`sources`: a copy of dora-rs' sources in the workspace, with stand-ins for what it needs."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from support import cuda
from support.flow import *  # noqa: F403

collect_ignore = [] if "DORA_RS_SOURCES" in os.environ else ["test_programs.py"]

STAND_INS = Path(__file__).parent / "stand_ins"


@pytest.fixture(scope="session")
def upstream():
    """The checkout of dora-rs."""
    path = Path(os.environ["DORA_RS_SOURCES"]).resolve()
    assert (path / "examples" / "python-echo").is_dir(), f"{path} is no checkout of dora-rs"
    return path


@pytest.fixture
def sources(upstream, workspace, environment):
    """The workspace, with what of dora-rs is run, and stand-ins where programs look for them."""
    for name in ("examples", "tests"):
        shutil.copytree(upstream / name, workspace / name, symlinks=True)
    modules, programs = workspace / "stand-ins", workspace / "target" / "debug"
    # Not for all: pyarrow looks at whatever is called pandas.
    shutil.copytree(STAND_INS, modules, ignore=shutil.ignore_patterns("pandas.py"))
    shutil.copy(STAND_INS / "pandas.py", workspace / "examples" / "python-parquet-recorder")
    cuda.install(modules, environment)
    programs.mkdir(parents=True)
    text = (STAND_INS / "native.py").read_text()
    native = f"#!{sys.executable}\n{text}"
    names = text.partition("ROLES = {")[2].partition("}")[0].split('"')[1::2]
    for name in names:
        (programs / name).write_text(native)
        (programs / name).chmod(0o755)
    conda = programs / "conda"
    conda.write_text('#!/bin/sh\nwhile [ "$1" != python ]; do shift; done\nexec "$@"\n')
    conda.chmod(0o755)
    (workspace / "target" / "release").symlink_to("debug")
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    environment["PYTHONPATH"] = str(modules)
    return workspace
