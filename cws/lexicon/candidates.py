"""The statistics of n-grams as parts of each other: which ones hold together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cws.lexicon.count import NgramCounts
from cws.lexicon.entropy import Floats, merge_gain, pmi

Rows = NDArray[np.int64]
_MISSING = 1 << 40  # a row that no table has


class Statistics(NamedTuple):
    """Of the n-grams of one order, row by row, at the weakest of their places to be cut in two.

    Attributes:
        pmi: (m,) mutual information of the two parts, in nats; inf for single characters.
        gain: (m,) F, what merging these parts saves, in nats a unit; 0 for single characters.
        branching: (m,) the smaller of the two branching entropies, in nats.
    """

    pmi: Floats
    gain: Floats
    branching: Floats


class NgramIndex:
    """Finds rows of n-grams. Each n-gram is known by the row of all but its last character, and that character.

    Args:
        counts: All n-grams from a least count up; so the parts of every n-gram are there too.
    """

    def __init__(self, counts: NgramCounts) -> None:
        self.counts = counts
        self._characters = np.zeros(0, np.uint32) if not counts.tables else counts.tables[0].ngrams[:, 0]
        self._keys: list[Rows] = []
        for order, table in enumerate(counts.tables, 1):
            prefixes = self.rows(table.ngrams[:, :-1]) if order > 1 else np.zeros(len(table.ngrams), np.int64)
            self._keys.append(prefixes << 21 | table.ngrams[:, -1])

    def rows(self, ngrams: NDArray[np.uint32]) -> Rows:
        """Return the rows of (m, k) n-grams in the table of order k; a large number for those that are not there."""
        found = np.zeros(len(ngrams), np.int64)
        for order in range(ngrams.shape[1]):
            keys = self._keys[order]
            wanted = found << 21 | ngrams[:, order]
            at = np.searchsorted(keys, wanted)
            hit = np.zeros(len(wanted), bool)
            inside = at < len(keys)
            hit[inside] = keys[at[inside]] == wanted[inside]
            found = np.where(hit, at, _MISSING)
        return found

    def statistics(self) -> list[Statistics]:
        """Return the statistics of each order."""
        total = max(self.counts.characters, 1)
        shares = [table.counts / total for table in self.counts.tables]
        result = []
        for order, table in enumerate(self.counts.tables, 1):
            weakest = np.full(len(table.counts), np.inf)
            gain = np.zeros(len(table.counts))
            for cut in range(1, order):
                parts = [
                    shares[cut - 1][self.rows(table.ngrams[:, :cut])],
                    shares[order - cut - 1][self.rows(table.ngrams[:, cut:])],
                ]
                information = pmi(shares[order - 1], parts)
                weaker = information < weakest
                weakest[weaker] = information[weaker]
                gain[weaker] = merge_gain(shares[order - 1][weaker], [part[weaker] for part in parts])
            branching = np.minimum(table.left_entropies, table.right_entropies).astype(np.float64)
            result.append(Statistics(weakest, gain, branching))
        return result

    def lookup(self, words: Sequence[str]) -> tuple[Rows, NDArray[Any]]:
        """Return the orders of words and their rows; the row of a word that no table has is negative."""
        orders = np.array([len(word) for word in words], np.int64)
        rows = np.full(len(words), -1, np.int64)
        for order in range(1, len(self.counts.tables) + 1):
            places = np.nonzero(orders == order)[0]
            if len(places):
                text = "".join(words[place] for place in places.tolist())
                codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).reshape(-1, order)
                found = self.rows(codes)
                rows[places] = np.where(found == _MISSING, -1, found)
        return orders, rows
