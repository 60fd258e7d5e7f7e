"""The named steps after counting, each a plain function: cut, truncate, prune; and `estimate`, which follows.

`cut` and `prune` are done by the core; reference.py is what they do.

Su, "The minimum entropy principle (2)" (2018), and for n-grams, "A better new word finder" (2019).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cws._native import TextLattice, cut_pieces, prune_words
from cws.errors import InputError
from cws.lexicon.candidates import NgramIndex
from cws.threads import check_threads

MIN_PMI = (1.0, 6.0, 8.0)  # of n-grams of 2, 3 and 4 characters: see docs/explanation/minimum_entropy.md
UNKNOWN = -30.0  # the weight of a character that the lexicon has not: worse than any other


class Estimate(NamedTuple):
    """What `estimate` returns.

    Attributes:
        counts: How often each word is expected; words that fell below the least count are gone.
        information: L after each iteration, in bits a character: of the text under all its segmentations.
    """

    counts: dict[str, float]
    information: list[float]


def least_count(characters: int) -> int:
    """Return how often a word must be seen in a text of so many characters: 5 in 4 million, and as their square root.

    What chance brings together grows with the text, and so does what is worth a place in the lexicon.
    """
    return max(2, round(5 * math.sqrt(characters / 4e6)))


def cut(
    text: str,
    index: NgramIndex,
    *,
    min_pmi: Sequence[float] = MIN_PMI,
    min_branching: float = 0.0,
    min_count: int = 1,
    threads: int = 1,
) -> Counter[str]:
    """Count the pieces of a text that is cut wherever no n-gram that holds together spans the place.

    With `min_pmi` for pairs alone this is the first step of Su (2018). With more it is the pre-segmentation of Su
    (2019), and a piece no longer than the longest n-grams must be one that holds together (the back-check).

    Args:
        text: Runs, one a line.
        index: The n-grams.
        min_pmi: The least mutual information, in nats, for 2, 3 ... characters.
        min_branching: The least branching entropy on either side, in nats.
        min_count: The least count.
        threads: They make no difference to the result.
    """
    strong = [
        np.ascontiguousarray(
            table.ngrams[
                (index.pmi(order) >= least) & (table.counts >= min_count) & (index.branching(order) >= min_branching)
            ]
        )
        for order, (least, table) in enumerate(zip(min_pmi, index.counts.tables[1:], strict=False), 2)
    ]
    words, counts = cut_pieces(text, strong, 1 + len(strong), check_threads(threads))
    return Counter(dict(zip(words, counts.tolist(), strict=True)))


def truncate(pieces: Mapping[str, int], *, min_count: int, longest: int | None = None) -> dict[str, int]:
    """Return the pieces seen often enough and not too long; single characters always stay."""
    return {
        word: count
        for word, count in pieces.items()
        if len(word) == 1 or (count >= min_count and (longest is None or len(word) <= longest))
    }


def prune(words: Mapping[str, float], *, min_pmi: float = 1.0, more: float = 1.0) -> dict[str, float]:
    """Return the words without those that others can spell as well.

    The longest first: a word is taken out and segmented with the rest by the best path. It is put back if its mutual
    information with the parts is at least `min_pmi` + `more` for each of its characters beyond the second; else its
    count goes to the parts. Words of a single character always stay.

    Args:
        words: Words with their counts, all above 0.
        min_pmi: In nats; from 1 on merging is a sure gain (see `entropy.merge_gain_bound`).
        more: In nats; long words must earn more.
    """
    singles = dict.fromkeys((character for word in words for character in word), 1.0)
    singles |= {word: count for word, count in words.items() if len(word) == 1}
    longer = {word: count for word, count in words.items() if len(word) > 1}
    names = [*singles, *longer]
    kept, counts = prune_words(
        names, len(singles), np.array([*singles.values(), *longer.values()], float), min_pmi, more
    )
    left = [*range(len(singles)), *kept.tolist()]
    return {names[at]: count for at, count in zip(left, counts[left].tolist(), strict=True)}


def estimate(
    text: str, words: Mapping[str, float], *, iterations: int = 5, min_count: float = 0.5, threads: int = 1
) -> Estimate:
    """Return the counts that make a text likeliest, by expectation maximisation over all its segmentations.

    L never rises from one iteration to the next (Dempster, Laird and Rubin 1977). Words of single characters always
    stay, those of the text that are missing are added, and the rest go if less than `min_count` is left of them.

    Args:
        text: Runs, one a line.
        words: Words with their counts.
        iterations: At most; it stops when L falls by less than a thousandth of a bit.
        min_count: What is left of words that are dropped at the end.
        threads: They make no difference to the result.
    """
    if iterations < 1:
        raise InputError(f"iterations must be 1 or more, got {iterations}")
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    singles = dict.fromkeys(map(chr, np.flatnonzero(np.bincount(codes)).tolist()), 1.0)
    singles.pop("\n", None)
    known = {**singles, **words}
    names = list(known)
    counts = np.maximum(np.array(list(known.values())), 1e-9)
    lattice = TextLattice(text, names, check_threads(threads))
    information: list[float] = []
    for _ in range(iterations if names else 0):
        weights = np.log(counts) - math.log(counts.sum())
        expected, log_probability, characters = lattice.expect(weights, UNKNOWN)
        information.append(-log_probability / max(characters, 1) / math.log(2))
        counts = np.maximum(expected, 1e-9)
        if len(information) > 1 and information[-2] - information[-1] < 1e-3:
            break
    kept = {w: float(n) for w, n in zip(names, counts, strict=True) if len(w) == 1 or n >= min_count}
    return Estimate(kept, information)
