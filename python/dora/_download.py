"""Downloads a program: `python -m dora._download URL FILE [--sha256 HEX] [--offline] [--document]`.

The file appears complete, executable and verified, or not at all. One with the right checksum is
not downloaded again; one without a checksum is, so that it is what stands at the URL now, but the
one that is there is used when the server cannot be reached. The last line that is printed is the
checksum of the file, or what went wrong.

A document is nothing to execute, and overwrites no file with another content: it goes where the
user has files, too.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0
PIECE = 1 << 20


class Failure(Exception):
    """What the user is told."""


def checksum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url: str, path: Path, wanted: str | None, is_document: bool) -> str:
    """Puts what the URL gives to `path`. Returns its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Builds of one dataflow never run at once: what is there was left by one that was killed.
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    digest = hashlib.sha256()
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "dora"})
        with (
            urllib.request.urlopen(request, timeout=PATIENCE) as answer,
            partial.open("wb") as file,
        ):
            expected = answer.headers.get("Content-Length")
            size = 0
            while piece := answer.read(PIECE):
                digest.update(piece)
                file.write(piece)
                size += len(piece)
        if expected is not None and size != int(expected):
            raise Failure(f"the server sent {size} of {expected} bytes")
        if wanted is not None and digest.hexdigest() != wanted:
            raise Failure(f"its sha256 is {digest.hexdigest()}, not {wanted} as `path_sha256` says")
        if not is_document:
            partial.chmod(0o755)
        elif path.exists() and checksum_of(path) != digest.hexdigest():
            raise Failure(f"{path} is here already and is not what the URL gives: move it away")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return digest.hexdigest()


def reason_of(error: OSError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    return str(getattr(error, "reason", error))


def provide(
    url: str,
    path: Path,
    wanted: str | None,
    is_offline: bool,
    is_document: bool = False,
    tell: Callable[[str], object] = print,
) -> str:
    """Sees that what the URL gives lies at `path`. Returns its checksum."""
    here = checksum_of(path) if path.is_file() else None
    if here is not None and here == wanted:
        path.chmod(0o755)
        return here
    if is_offline:
        if here is not None and wanted is None:
            return here
        raise Failure("it has not been downloaded, and `--offline` forbids it")
    try:
        found = download(url, path, wanted, is_document)
    except OSError as error:
        if here is None or wanted is not None:
            raise Failure(reason_of(error)) from error
        tell(f"{url}: {reason_of(error)}: using what was downloaded before")
        return here
    if found != here and not is_document:
        tell(f"downloaded {url}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dora._download")
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--sha256", type=str.lower)
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--document", action="store_true")
    given = parser.parse_args()
    try:
        print(provide(given.url, given.file, given.sha256, given.offline, given.document))
    except Failure as failure:
        print(failure)
        return 1
    except Exception as error:  # a URL that is none, an answer that is none
        print(f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
