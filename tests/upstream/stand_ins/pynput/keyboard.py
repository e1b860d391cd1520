"""A keyboard on which somebody types three lines."""

from enum import Enum
from types import SimpleNamespace


class Key(Enum):
    backspace, esc, enter, ctrl, space, up, down = range(7)


class Events:
    class Press:
        def __init__(self, key):
            self.key = key

    class Release:
        def __init__(self, key):
            self.key = key

    def __enter__(self):
        keys = []
        for text in ("ask hello", "send a line", "change it"):
            for letter in text:
                key = Key.space if letter == " " else SimpleNamespace(char=letter)
                keys += [Events.Press(key), Events.Release(key)]
            keys.append(Events.Press(Key.enter))
        self.typed = iter(keys)
        return self

    def __exit__(self, *_):
        pass

    def get(self, seconds):
        return next(self.typed, None)
