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

from cws.lattice import WordTrie
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.count import count_texts
from cws.lexicon.entropy import Floats
from cws.lexicon.units import LATIN, NUMBER

_LEAST = -30.0  # of a character alone that was seen once
# Whole numbers and Latin words are counted like characters: as two places among the radicals that Unicode left empty.
_AS_HAN = {ord(NUMBER): 0x2FDE, ord(LATIN): 0x2FDF}
_BACK = {han: code for code, han in _AS_HAN.items()}


def segment_by_autonomy(
    runs: Sequence[str], *, longest: int = 4, memory: int | str = "2G", threads: int | None = None
) -> list[list[str]]:
    """Return the words of each run.

    Args:
        runs: As `sample.sample_runs` returns them.
        longest: Units of a word.
        memory, threads: As for `count`; they make no difference to the result.
    """
    counts = count_texts(
        (run.translate(_AS_HAN) for run in runs), n=longest, min_count=2, memory=memory, threads=threads
    )
    trie = WordTrie.build(zip(*autonomies(NgramIndex(counts)), strict=True))
    return [trie.segment(run, _LEAST) for run in runs]


def autonomies(index: NgramIndex) -> tuple[list[str], list[float]]:
    """Return the n-grams and their autonomies, in nats; at least `_LEAST`, for single characters."""
    tables = index.counts.tables
    words: list[str] = []
    values: list[float] = []
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
        words.extend(word.translate(_BACK) for word in table.strings().tolist())
        values.extend((np.maximum(autonomy, _LEAST) if order == 1 else autonomy).tolist())
    return words, values


def _mean(values: Floats, weights: NDArray[np.int64]) -> float:
    return float(np.average(values, weights=weights)) if len(values) else 0.0
