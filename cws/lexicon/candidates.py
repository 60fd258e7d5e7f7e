"""The statistics of n-grams as parts of each other: which ones hold together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cws._native import link_ngrams
from cws.lexicon.counting.count import NgramCounts
from cws.lexicon.entropy import Floats, merge_gain

Rows = NDArray[np.int64]
_MISSING = 1 << 40  # a row that no table has


class Statistics(NamedTuple):
    """Of n-grams of one order, at the weakest of their places to be cut in two.

    Attributes:
        pmi: (m,) mutual information of the two parts, in nats; inf for single characters.
        gain: (m,) F, what merging these parts saves, in nats a symbol; 0 for single characters.
        branching: (m,) the smaller of the two branching entropies, in nats.
    """

    pmi: Floats
    gain: Floats
    branching: Floats


class NgramIndex:
    """Finds rows of n-grams, and those of their parts.

    Args:
        counts: All n-grams from a least count up; so the parts of every n-gram are there too.

    Attributes:
        prefixes, suffixes: [order - 1] (m,) the rows of all but the last, or but the first, character of each n-gram,
            in the table of the order below; empty for single characters.
    """

    def __init__(self, counts: NgramCounts) -> None:
        self.counts = counts
        links = link_ngrams([table.ngrams for table in counts.tables])
        self.prefixes, self.suffixes = [one for one, _ in links], [other for _, other in links]
        total = max(counts.characters, 1)
        self._shares = [table.counts / total for table in counts.tables]
        self._logs = [np.log(shares) for shares in self._shares]
        self._weakest: dict[int, tuple[Floats, NDArray[np.int8]]] = {}
        self._keys: list[Rows] = []

    def pmi(self, order: int) -> Floats:
        """Return the mutual information, in nats, of each n-gram of an order at its weakest place."""
        return self._weakest_places(order)[0]

    def branching(self, order: int) -> Floats:
        """Return the smaller branching entropy, in nats, of each n-gram of an order."""
        table = self.counts.tables[order - 1]
        return np.minimum(table.left_entropies, table.right_entropies).astype(np.float64)

    def statistics(self, order: int, rows: Rows) -> Statistics:
        """Return the statistics of some n-grams of an order."""
        information, places = self._weakest_places(order)
        places = places[rows]
        gain = np.zeros(len(rows))
        for place in range(1, order):
            here = np.flatnonzero(places == place)
            first, second = self._parts(order, place, rows[here])
            parts = [self._shares[place - 1][first], self._shares[order - place - 1][second]]
            gain[here] = merge_gain(self._shares[order - 1][rows[here]], parts)
        return Statistics(information[rows], gain, self.branching(order)[rows])

    def _weakest_places(self, order: int) -> tuple[Floats, NDArray[np.int8]]:
        if order not in self._weakest:
            weakest = np.full(len(self._shares[order - 1]), np.inf)
            places = np.zeros(len(weakest), np.int8)
            for place in range(1, order):
                first, second = self._parts(order, place)
                information = self._logs[order - 1] - (
                    self._logs[place - 1][first] + self._logs[order - place - 1][second]
                )
                weaker = information < weakest
                np.copyto(weakest, information, where=weaker)
                places[weaker] = place
            self._weakest[order] = weakest, places
        return self._weakest[order]

    def _parts(self, order: int, place: int, rows: Rows | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the rows of the two parts of n-grams, by default of all, when cut after so many characters."""
        first: NDArray[Any] = np.arange(len(self._shares[order - 1])) if rows is None else rows
        second = first
        for shorter in range(order, place, -1):
            first = self.prefixes[shorter - 1][first]
        for shorter in range(order, order - place, -1):
            second = self.suffixes[shorter - 1][second]
        return first, second

    def rows(self, ngrams: NDArray[np.uint32]) -> Rows:
        """Return the rows of (m, k) n-grams in the table of order k; a large number for those that are not there."""
        if not self._keys:
            self._keys = [self._keys_of(order) for order in range(1, len(self.counts.tables) + 1)]
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

    def _keys_of(self, order: int) -> Rows:
        """Return a number for each n-gram, ascending: the row of all but its last character, and that character."""
        table = self.counts.tables[order - 1]
        prefixes = self.prefixes[order - 1].astype(np.int64) if order > 1 else np.zeros(len(table.ngrams), np.int64)
        return prefixes << 21 | table.ngrams[:, -1]

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
