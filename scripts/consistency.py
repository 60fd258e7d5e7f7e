"""How often a word that comes up again is cut in another way, without gold: a measure of segmenting raw text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

WORD = re.compile(r"[\u4e00-\u9fff]{2,}")  # what is looked at: words of two ideographs and more
CHUNK = 4000  # characters that are looked at together
EVERY = 4  # one chunk in so many
MOST = 400_000  # characters that chunks are taken of


def chunks_of(text: str) -> list[str]:
    """Return one chunk in EVERY of the first MOST characters; what is left at the end is not taken."""
    most = min(len(text), MOST)
    return [text[begin : begin + CHUNK] for begin in range(0, most - CHUNK + 1, CHUNK * EVERY)]


def count_uneven(words: Sequence[str]) -> tuple[int, int]:
    """Return how many words of a text stand in it at least twice, and how many of those are cut somewhere.

    A word stands where its characters do, between two boundaries or not. It is cut where there are boundaries at both
    of its ends and inside it too. Some of this is true ambiguity.

    >>> count_uneven(["自然", "语言", "，", "自", "然", "语言"])
    (2, 1)

    Args:
        words: A segmentation of the text; white space and other signs are words too.
    """
    text = "".join(words)
    boundaries = {0, *accumulate(map(len, words))}
    repeated = uneven = 0
    for word in {word for word in words if WORD.fullmatch(word)}:
        places = list(_places(word, text))
        if len(places) > 1:
            repeated += 1
            uneven += any(_is_cut(boundaries, place, place + len(word)) for place in places)
    return repeated, uneven


def _places(word: str, text: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _is_cut(boundaries: set[int], start: int, end: int) -> bool:
    return {start, end} <= boundaries and not boundaries.isdisjoint(range(start + 1, end))
