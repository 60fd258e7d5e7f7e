"""The errors this package raises on purpose, all children of `CwsError`.

Each is also a `ValueError` or an `OSError`, so callers who know nothing of cws catch what they expect. A message says
what was expected, what came, and what to do. All of them pickle, so they cross process boundaries whole.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike


class CwsError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(CwsError, ValueError):
    """A wrong argument at a public entry point."""


class ModelError(CwsError, ValueError):
    """A model that is broken, foreign, or of an unknown version."""


class PlacedError(CwsError, ValueError):
    """Something wrong at a place in a file, shown as `path:line:byte: message` with the parts that are known.

    Args:
        message: What was expected, what came, what to do.
        path: The file, if known.
        line: The line, counted from 1.
        byte: The offset in the file, counted from 0.
    """

    def __init__(
        self,
        message: str,
        path: str | PathLike[str] | None = None,
        line: int | None = None,
        byte: int | None = None,
    ) -> None:
        super().__init__(message, path, line, byte)  # all of them, because pickle calls the class with `args`
        self.message, self.path, self.line, self.byte = message, path, line, byte

    def __str__(self) -> str:
        place = [str(part) for part in (self.path, self.line, self.byte) if part is not None]
        return f"{':'.join(place)}: {self.message}" if place else self.message


class CorpusError(PlacedError):
    """A corpus or dictionary that cannot be understood."""


class EncodingError(PlacedError):
    """Bytes that are not text in the expected encoding."""


class FileError(CwsError, OSError):
    """A file that cannot be opened or written; built like any OSError: `FileError(errno, message, path)`."""

    def __str__(self) -> str:
        return super().__str__() if self.filename is None else f"{self.filename}: {self.strerror}"


class EngineError(CwsError, OSError):
    """A job that failed on a cluster, for a reason that is not cws's."""


class DictionaryWarning(UserWarning):
    """Entries of a user dictionary that are given twice."""


def did_you_mean(wanted: str, names: Iterable[str]) -> str | None:
    """Return the name that is likely meant by one that is not there, for a message; None where none is near.

    >>> did_you_mean("bertcrf", ["bert", "bert-crf"]), did_you_mean("ctb6", ["pku", "ctb"])
    ('bert-crf', 'ctb')
    """
    from difflib import get_close_matches  # only here, because it is slow to import

    plain = {"".join(filter(str.isalnum, name)).casefold(): name for name in names}
    asked = "".join(filter(str.isalnum, wanted)).casefold()
    begin = [name for name in plain if min(len(name), len(asked)) >= 3 and asked.startswith(name)]
    near = [asked] if asked in plain else get_close_matches(asked, plain, 1) or sorted(begin, key=len)[-1:]
    return plain[near[0]] if near else None
