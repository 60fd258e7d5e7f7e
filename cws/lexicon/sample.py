"""A fair share of any amount of text, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from zlib import crc32

from cws.errors import CorpusError
from cws.files import read_lines
from cws.lexicon.units import runs


def sample_runs(lines: Iterable[str], characters: int) -> list[str]:
    """Return the runs of a share of lines, of about so many characters or all there are, one run an item.

    The checksum of a line decides whether it is in, and where. So the order of lines makes no difference, and a
    larger share holds a smaller one.

    Args:
        lines: Any text.
        characters: How many at most.
    """
    kept: list[tuple[int, str]] = []
    size = bits = 0
    for line in lines:
        checksum = crc32(line.encode("utf-8", "surrogatepass"))
        if checksum & ((1 << bits) - 1) or not (found := runs(line)):
            continue
        kept.append((checksum, found))
        size += len(found)
        while size > characters and bits < 32:
            bits += 1
            kept = [item for item in kept if not item[0] & ((1 << bits) - 1)]
            size = sum(len(found) for _, found in kept)
    return [run for _, found in sorted(kept) for run in found.split("\n")]


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
