"""What counting n-grams means, in plain Python: `cws.lexicon.counting.count` gives the same for any amount of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log

from cws.text import HANZI, NUMERAL, character_type

EDGE = "\0"


@dataclass(frozen=True)
class Ngram:
    """One n-gram; see `cws.lexicon.counting.count.NgramTable`."""

    text: str
    count: int
    left_neighbours: int
    right_neighbours: int
    left_entropy: float
    right_entropy: float


def count_reference(texts: Iterable[str], n: int, min_count: int = 1) -> list[list[Ngram]]:
    """Return the n-grams of order 1 to n, each order ascending by code points.

    >>> count_reference(["北京，东京"], 1)[0][1]
    Ngram(text='京', count=2, left_neighbours=2, right_neighbours=2, left_entropy=0.693..., right_entropy=0.693...)
    """
    counts, lefts, rights = Counter[str](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for run in runs(texts):
        for start in range(len(run)):
            for end in range(start + 1, min(start + n, len(run)) + 1):
                ngram = run[start:end]
                counts[ngram] += 1
                lefts[ngram, run[start - 1] if start else EDGE] += 1
                rights[ngram, run[end] if end < len(run) else EDGE] += 1
    left, right = _neighbours(lefts), _neighbours(rights)
    return [
        [
            Ngram(text, count, len(left[text]), len(right[text]), _entropy(left[text]), _entropy(right[text]))
            for text, count in sorted(counts.items())
            if len(text) == order and count >= min_count
        ]
        for order in range(1, n + 1)
    ]


def windows(texts: Iterable[str], n: int) -> Counter[str]:
    """Return what a file of partial counts holds: each character with the n after it and the one before it."""
    found = Counter[str]()
    for run in runs(texts):
        padded = EDGE + run + EDGE * n
        for at in range(1, len(run) + 1):
            found[padded[at : at + n + 1] + padded[at - 1]] += 1
    return found


def runs(texts: Iterable[str]) -> Iterator[str]:
    """Yield the runs of Han characters, numerals among them."""
    for text in texts:
        han = (character if character_type(character) in (HANZI, NUMERAL) else " " for character in text)
        yield from "".join(han).split()


def _neighbours(pairs: Counter[tuple[str, str]]) -> dict[str, list[int]]:
    """Return how often each neighbour of an n-gram occurs; every edge is a neighbour of its own."""
    found: dict[str, list[int]] = {}
    for (ngram, neighbour), count in pairs.items():
        found.setdefault(ngram, []).extend([1] * count if neighbour == EDGE else [count])
    return found


def _entropy(counts: list[int]) -> float:
    total = sum(counts)
    return max(0.0, log(total) - sum(count * log(count) for count in counts) / total)
