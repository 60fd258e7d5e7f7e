"""Sequences cut into windows that an encoder can take, and texts into groups that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

_MARGIN = 64  # characters a window sees, at least, on either side of those whose emissions it gives


class Window(NamedTuple):
    """A part of a sequence, and which of its characters it gives emissions for."""

    codes: NDArray[Any]
    lexicon: NDArray[Any]
    first: int  # the row of its first character
    begin: int  # the first character that counts, in the window
    end: int


def window_places(length: int, longest: int, margin: int = _MARGIN) -> list[tuple[int, int, int, int]]:
    """Return (begin, end, first, last) of each window of a sequence, which gives emissions for first to last - 1.

    >>> window_places(10, 6, 2)
    [(0, 6, 0, 4), (2, 8, 4, 6), (4, 10, 6, 10)]
    """
    if length <= longest:
        return [(0, length, 0, length)]
    margin = min(margin, (longest - 1) // 2)
    step = longest - 2 * margin
    begins = [*range(0, length - longest, step), length - longest]
    edges = [0, *(begin + margin for begin in begins[1:]), length]
    return [
        (begin, begin + longest, first, last)
        for begin, first, last in zip(begins, edges, edges[1:], strict=False)
        if first < last
    ]


def text_groups(texts: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """Yield texts in groups that fit in memory together with what is computed of them."""
    begin = size = 0
    for at, text in enumerate(texts):
        if size and size + len(text) > most:
            yield texts[begin:at]
            begin, size = at, 0
        size += len(text)
    if begin < len(texts):
        yield texts[begin:]
