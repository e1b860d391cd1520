"""Fixtures of the tests of operators: whole dataflows, and compiled C and C++."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.fixtures import *  # noqa: F403

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def python_says():
    """What `python -m dora <flag>` prints."""

    def ask(flag):
        command = [sys.executable, "-m", "dora", flag]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return ask


@pytest.fixture(scope="session")
def include_folder(python_says):
    return python_says("--include-dir")


@pytest.fixture
def compile_operator(workspace, include_folder):
    """Makes a shared library of C or C++ text; the operator's `shared-library` is its name."""

    def compile_it(name, text, language="c", *options):
        compiler = {"c": ["cc", "-std=c11"], "c++": ["c++", "-std=c++20"]}[language]
        assert shutil.which(compiler[0]), "the tests need a C compiler"
        flags = ["-Wall", "-Wextra", "-Werror", "-g", "-shared", "-fPIC", "-x", language]
        built = subprocess.run(
            [*compiler, *flags, "-", "-I", include_folder, *options, "-o", f"lib{name}.so"],
            input=text,
            cwd=workspace,
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stderr

    return compile_it


@pytest.fixture
def run_dataflow(workspace, run_dora):
    """Writes files, runs dataflow.yml, and gives how it ended."""

    def run(dataflow, *options, **scripts):
        (workspace / "dataflow.yml").write_text(dataflow)
        for name, text in scripts.items():
            (workspace / f"{name}.py").write_text(text)
        return run_dora("run", "dataflow.yml", *options)

    return run
