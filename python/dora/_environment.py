"""Makes this installation of dora usable in another virtual environment, without an index.

`python -m dora._environment ENVIRONMENT` copies dora into it and links what dora needs: files are
hard-linked, so that it costs neither time nor space. What the environment has already stays,
whatever its version, but for one exception: the `dora-rs` of others, whose module `dora` cannot
talk to this dora, is removed, and a small distribution of that name stands in its place, so that
packages which require `dora-rs` are content.

Prints the requirements that could not be linked, one a line: another Python version needs others,
and so does a numpy that a package has pinned.

`--stand-in` instead of an environment only puts that distribution beside this dora.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

OWN = "dora-cpp"
STAND_IN = "dora-rs"
STAND_IN_VERSION = "1.0.0"

# The first pyarrow that needs numpy 2; it refuses numpy 1 only when it is imported, so that no
# resolver knows.
PYARROW_OF_NUMPY_2 = 26


class Environment:
    """A virtual environment that is written to."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.python = folder / "bin/python"
        self.packages = next(folder.glob("lib/python3.*/site-packages"))
        self.version = self.packages.parent.name.removeprefix("python")
        self.is_like_ours = self.version == f"{sys.version_info.major}.{sys.version_info.minor}"

    def record_of(self, name: str) -> Path | None:
        """The RECORD of an installed distribution."""
        wanted = normalized(name)
        for folder in self.packages.glob("*.dist-info"):
            if normalized(folder.name.removesuffix(".dist-info").rsplit("-", 1)[0]) == wanted:
                return folder / "RECORD"
        return None

    def major_version_of(self, name: str) -> int | None:
        record = self.record_of(name)
        if record is None:
            return None
        version = record.parent.name.removesuffix(".dist-info").rsplit("-", 1)[1]
        return int(version.partition(".")[0])

    def remove(self, record: Path) -> None:
        for line in record.read_text().splitlines() if record.exists() else []:
            name = line.rsplit(",", 2)[0].strip('"')
            (self.packages / name).unlink(missing_ok=True)
        shutil.rmtree(record.parent, ignore_errors=True)

    def has(self, found: Distribution) -> bool:
        """Whether the files of a distribution are here as they are with us."""
        return all(
            (here := self.place_of(str(file))).exists()
            and here.stat().st_size == Path(str(found.locate_file(file))).stat().st_size
            for file in found.files or []
            if not is_rewritten(str(file))
        )

    def link(self, found: Distribution, is_shared: bool = True) -> None:
        for file in found.files or []:
            source = Path(str(found.locate_file(file)))
            if not source.is_file() or "__pycache__" in source.parts:
                continue
            target = self.place_of(str(file))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            if target.parent == self.folder / "bin" and source.read_bytes()[:2] == b"#!":
                self.write_script(target, source)
                continue
            # Of dora itself a copy: a program that overwrites files in place spoils only its own.
            place = os.link if is_shared else shutil.copy2
            try:
                place(source, target)
            except OSError:  # another file system, or not our file
                shutil.copy2(source, target)

    def place_of(self, file: str) -> Path:
        # "../../../bin/name" stands for a script of the environment.
        parts = [part for part in Path(file).parts if part != ".."]
        is_inside = not file.startswith("..")
        return self.packages.joinpath(file) if is_inside else self.folder.joinpath(*parts)

    def write_script(self, target: Path, source: Path) -> None:
        rest = source.read_bytes().partition(b"\n")[2]
        target.write_bytes(b"#!" + os.fsencode(self.python) + b"\n" + rest)
        target.chmod(0o755)


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def is_rewritten(file: str) -> bool:
    return file.startswith("..") or file.endswith((".pyc", "RECORD"))


def needs_of(found: Distribution) -> list[str]:
    """The requirements of a distribution that always hold."""
    return [need for need in found.requires or [] if ";" not in need]


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return match[0] if match else requirement


def replace_foreign_module(environment: Environment) -> None:
    """Removes a `dora-rs` that is not our stand-in, and what is left of our module under it."""
    record = environment.record_of(STAND_IN)
    if record is not None:
        installer = record.parent / "INSTALLER"
        if installer.exists() and installer.read_text().strip() == "dora":
            return
        environment.remove(record)
        if (own := environment.record_of(OWN)) is not None:
            environment.remove(own)
    write_stand_in(environment.packages)


def write_stand_in(packages: Path) -> None:
    folder = packages / f"dora_rs-{STAND_IN_VERSION}.dist-info"
    folder.mkdir(exist_ok=True)
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {STAND_IN}\nVersion: {STAND_IN_VERSION}\n"
        f"Summary: Stands for dora-rs: the module dora comes from {OWN}\n"
        f"Requires-Dist: {OWN}\n",
        "INSTALLER": "dora\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    names = [*texts, "RECORD"]
    (folder / "RECORD").write_text("".join(f"{folder.name}/{name},,\n" for name in names))


def stand_in_beside_us() -> None:
    """Lets pip find `dora-rs` where this dora is installed, so that it does not install another."""
    try:
        distribution(STAND_IN)
    except PackageNotFoundError:
        write_stand_in(Path(str(distribution(OWN).locate_file(""))))


def link_dora(environment: Environment) -> list[str]:
    """Links dora and what it needs. Returns the requirements that it could not link."""
    own = distribution(OWN)
    record = environment.record_of(OWN)
    if record is not None and not environment.has(own):
        environment.remove(record)
        record = None
    if record is None:
        environment.link(own, is_shared=False)
    missing = []
    waiting = needs_of(own)
    seen = set()
    while waiting:
        need = waiting.pop()
        name = normalized(name_of(need))
        if name in seen or environment.record_of(name) is not None:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            missing.append(need)
            continue
        if not environment.is_like_ours:
            missing.append(need)
            continue
        environment.link(found)
        waiting += needs_of(found)
    return missing


def fit_pyarrow(environment: Environment) -> list[str]:
    """What to install when a package has pinned a numpy that is too old for the pyarrow there."""
    numpy = environment.major_version_of("numpy")
    pyarrow = environment.major_version_of("pyarrow")
    if numpy is None or pyarrow is None or numpy >= 2 or pyarrow < PYARROW_OF_NUMPY_2:
        return []
    own = next(need for need in needs_of(distribution(OWN)) if name_of(need) == "pyarrow")
    return [f"{own},<{PYARROW_OF_NUMPY_2}"]


def provide_pip(environment: Environment) -> list[str]:
    if (environment.folder / "bin/pip").exists():
        return []
    try:
        environment.link(distribution("pip"))
    except PackageNotFoundError:
        ended = subprocess.run(
            [environment.python, "-m", "ensurepip", "--default-pip"], capture_output=True
        )
        return ["pip"] if ended.returncode else []
    script = (
        f"#!{environment.python}\nimport sys\nfrom pip._internal.cli.main import main\n"
        "sys.exit(main())\n"
    )
    for name in ("pip", "pip3", f"pip{environment.version}"):
        path = environment.folder / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(script)
        path.chmod(0o755)
    return []


def main() -> None:
    if sys.argv[1] == "--stand-in":
        return stand_in_beside_us()
    environment = Environment(Path(sys.argv[1]))
    replace_foreign_module(environment)
    missing = link_dora(environment) + fit_pyarrow(environment) + provide_pip(environment)
    for requirement in missing:
        print(requirement)


if __name__ == "__main__":
    main()
