"""The formulas of the minimum-entropy principle. Probabilities in, nats out, unless a name says bits.

A text is written in symbols (characters or words) of length l_w and probability p_w. Its information per character is
L = H / l with H = -sum p_w ln p_w and l = sum p_w l_w; a lexicon is good if L is small (Redlich, "Redundancy reduction
as a strategy for unsupervised learning", 1993; Su, "The minimum entropy principle (2)", 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def information_per_character(counts: ArrayLike, lengths: ArrayLike) -> float:
    """Return L in bits: what one character costs in a text whose words have these counts and lengths.

    >>> information_per_character([2, 2], [1, 1])
    1.0
    """
    weights = np.asarray(counts, np.float64)
    total = weights.sum()
    characters = float(weights @ np.asarray(lengths, np.float64))
    return float(-_x_log(weights, weights / total).sum() / characters / np.log(2)) if total else 0.0


def pmi(joint: ArrayLike, parts: Sequence[ArrayLike]) -> Floats:
    """Return ln(p / (p_1 ... p_k)): how much likelier the parts are together than by chance."""
    result: Floats = np.log(np.asarray(joint, np.float64)) - sum(np.log(np.asarray(part, float)) for part in parts)
    return result


def merge_gain(joint: ArrayLike, parts: Sequence[ArrayLike]) -> Floats:
    """Return F: by how much L * l falls when k different symbols that stand in a row become one. Exact.

    F = p ln(p / (p_1 ... p_k)) - (1 - (k - 1) p) ln(1 - (k - 1) p) + sum_i (p_i - p) ln(1 - p / p_i),
    since the merged text has (1 - (k - 1) p) times as many symbols; for k = 2 it is F_ab of Su (2018).

    Args:
        joint: p, the probability that the symbols begin here, in a row: occurrences per symbol of the text.
        parts: p_1 ... p_k, of the symbols; none below p.
    """
    p = np.asarray(joint, np.float64)
    rest = 1 - (len(parts) - 1) * p
    gain = p * pmi(p, parts) - _x_log(rest, rest)
    for part in parts:
        other = np.asarray(part, np.float64)
        gain = gain + _x_log(other - p, 1 - p / other)
    return np.asarray(gain)


def merge_gain_bound(joint: ArrayLike, parts: Sequence[ArrayLike]) -> Floats:
    """Return F* = p (PMI - 1), which F is never below: so a PMI above 1 is a sure gain, for any number of parts."""
    return np.asarray(np.asarray(joint, np.float64) * (pmi(joint, parts) - 1))


def _x_log(x: Any, y: Any) -> Floats:
    """Return x ln y, and 0 where x is 0."""
    x, y = np.broadcast_arrays(x, y)
    result: Floats = x * np.log(y, out=np.zeros(np.shape(x)), where=np.asarray(x) > 0)
    return result
