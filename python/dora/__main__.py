"""`python -m dora`: where the C and C++ files of this package are; else the program dora."""

import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_PLACES = {
    "--cmake-dir": os.path.join(_FOLDER, "cmake"),
    "--include-dir": os.path.join(_FOLDER, "include"),
    "--library-dir": os.path.join(_FOLDER, "lib"),
}


def main() -> None:
    arguments = sys.argv[1:]
    if len(arguments) == 1 and arguments[0] in _PLACES:
        print(_PLACES[arguments[0]])
        return
    from ._programs import program

    path = program()
    os.execv(path, [path, *arguments])


main()
