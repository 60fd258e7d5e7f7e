"""The words of a text as places in it: what the steps of the goal words hand on, without a str for each word."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cws._native import count_words


@dataclass(frozen=True)
class SegmentedRuns:
    """Runs of symbols, and where their words end.

    Attributes:
        text: The runs, one after the other.
        offsets: (runs + 1,) int64, where each begins; none is empty.
        ends: (symbols,) uint8, 1 for the last symbol of each word.
    """

    text: str
    offsets: NDArray[np.int64]
    ends: NDArray[np.uint8]

    @classmethod
    def of(cls, lines: Iterable[Sequence[str]]) -> SegmentedRuns:
        """Return the words of each run."""
        lines = list(lines)
        lengths = np.array([len(word) for line in lines for word in line], np.int64)
        ends = np.zeros(lengths.sum(), np.uint8)
        ends[np.cumsum(lengths) - 1] = 1
        return cls("".join(map("".join, lines)), offsets_of(map("".join, lines)), ends)

    def lines(self) -> list[list[str]]:
        """Return the words of each run."""
        places = (np.flatnonzero(self.ends) + 1).tolist()
        words = [self.text[begin:end] for begin, end in itertools.pairwise([0, *places])]
        firsts = np.searchsorted(places, self.offsets, side="right").tolist()
        return [words[begin:end] for begin, end in itertools.pairwise(firsts)]

    def runs(self, chosen: Iterable[int]) -> list[str]:
        """Return some runs."""
        offsets = self.offsets.tolist()
        return [self.text[offsets[at] : offsets[at + 1]] for at in chosen]

    def word_counts(self) -> Counter[str]:
        """Return how often each word is there."""
        words, counts = count_words(self.text, self.ends)
        return Counter(dict(zip(words, counts.tolist(), strict=True)))


def offsets_of(runs: Iterable[str]) -> NDArray[np.int64]:
    """Return where each run begins if they lie one after the other, and where the last one ends."""
    return np.cumsum([0, *map(len, runs)], dtype=np.int64)


def codes_of(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
