"""A fair share of any amount of text, in bounded memory; sample_reference.py is the definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike

from cws._native import LineSample
from cws.errors import CorpusError
from cws.files import read_lines


def sample_runs(lines: Iterable[str], characters: int) -> list[str]:
    """Return the runs of a share of lines, of about so many characters or all there are, one run an item.

    The checksum of a line decides whether it is in, and where. So the order of lines makes no difference, and a
    larger share holds a smaller one.

    Args:
        lines: Any text; in a text of several lines each counts for itself.
        characters: How many at most.
    """
    sample = LineSample(characters)
    for line in lines:
        sample.add(line)
        sample.end_line()
    return sample.runs()


def lines_of(paths: Iterable[str | PathLike[str]], *, encoding: str = "utf-8", errors: str = "strict") -> Iterator[str]:
    """Yield the lines of all files.

    Raises:
        FileError, EncodingError, CorpusError: As `cws.files.read_lines`; CorpusError where there are no files.
    """
    none = True
    for path in paths:
        none = False
        yield from read_lines(path, encoding=encoding, errors=errors)
    if none:
        raise CorpusError("no files: name one or more")
