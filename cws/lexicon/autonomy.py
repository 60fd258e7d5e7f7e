"""Words that are free on both sides: a first segmentation by branching entropy, without thresholds.

The entropy of what follows a string falls as the string grows, and rises again where a word ends. The variation of
branching entropy, less its mean over all strings of that length, says how much more than usual; the autonomy of a
string is the sum for both sides, and the best segmentation has the largest sum of autonomies. Magistry and Sagot,
"Unsupervized word segmentation: the case for Mandarin Chinese" (2012); they weigh by length, which is worse here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cws._native import best_ends
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.counting.count import count_texts
from cws.lexicon.entropy import Floats
from cws.lexicon.symbols import LATIN, NUMBER
from cws.lexicon.words import SegmentedRuns, codes_of, offsets_of

_LEAST = -30.0  # of a character alone that was seen once
# Whole numbers and Latin words are counted like characters: as two places among the radicals that Unicode left empty.
_AS_HAN = {NUMBER: "\u2fde", LATIN: "\u2fdf"}


def segment_by_autonomy(
    runs: Sequence[str], *, longest: int = 4, memory: int | str = "2G", threads: int | None = None
) -> SegmentedRuns:
    """Return the words of each run.

    Args:
        runs: As `sample.sample_runs` returns them.
        longest: Symbols of a word.
        memory, threads: As for `count`; they make no difference to the result.
    """
    text = "\n".join(runs)
    for symbol, han in _AS_HAN.items():
        text = text.replace(symbol, han)
    index = NgramIndex(count_texts([text], n=longest, min_count=2, memory=memory, threads=threads))
    ends = best_ends(text, [table.ngrams for table in index.counts.tables], autonomies(index), _LEAST)
    return SegmentedRuns("".join(runs), offsets_of(runs), ends[codes_of(text) != ord("\n")])


def autonomies(index: NgramIndex) -> list[Floats]:
    """Return the autonomies of the n-grams of each order, in nats; at least `_LEAST`, for single characters."""
    tables = index.counts.tables
    values: list[Floats] = []
    shares = tables[0].counts / max(tables[0].counts.sum(), 1)
    anywhere = float(-(shares @ np.log(shares)))  # the entropy of what follows nothing
    for order, table in enumerate(tables, 1):
        autonomy = np.zeros(len(table.counts))
        for entropies, parts in (("left_entropies", index.suffixes), ("right_entropies", index.prefixes)):
            before: float | NDArray[np.float32] = anywhere
            if order > 1:
                before = getattr(tables[order - 2], entropies)[parts[order - 1]]
            variation = getattr(table, entropies) - np.asarray(before, np.float64)
            autonomy += variation - _mean(variation, table.counts)
        values.append(np.maximum(autonomy, _LEAST) if order == 1 else autonomy)
    return values


def _mean(values: Floats, weights: NDArray[np.int64]) -> float:
    return float(np.average(values, weights=weights)) if len(values) else 0.0
