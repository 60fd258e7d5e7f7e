"""The four named steps after counting, each a plain function: cut, truncate, prune; and `estimate`, which follows.

Su, "The minimum entropy principle (2)" (2018), and for n-grams, "A better new word finder" (2019).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cws._native import expect_words, join_words
from cws.errors import InputError
from cws.lattice import best_path
from cws.lexicon.candidates import NgramIndex
from cws.threads import check_threads

MIN_PMI = (1.0, 6.0, 8.0)  # of n-grams of 2, 3 and 4 characters: see docs/lexicon.md
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
    text: str, index: NgramIndex, *, min_pmi: Sequence[float] = MIN_PMI, min_branching: float = 0.0, min_count: int = 1
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
    """
    strong: list[str] = []
    tables = index.counts.tables
    statistics = index.statistics()
    for least, table, statistic in zip(min_pmi, tables[1:], statistics[1:], strict=False):
        kept = (statistic.pmi >= least) & (table.counts >= min_count) & (statistic.branching >= min_branching)
        strong.extend(table.strings()[kept].tolist())
    if not text:
        return Counter()
    joined = join_words(text, strong).astype(bool)
    begins = np.concatenate([[0], np.nonzero(~joined)[0] + 1])
    pieces = Counter(text[begin:end] for begin, end in zip(begins.tolist(), begins[1:].tolist(), strict=False))
    pieces.pop("\n", None)
    longest, known = 1 + min(len(min_pmi), len(tables) - 1), set(strong)
    return Counter({w: n for w, n in pieces.items() if len(w) == 1 or len(w) > longest or w in known})


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
    counts = {character: 1.0 for word in words for character in word} | dict(words)
    total = sum(counts.values())
    for word in sorted(words, key=lambda word: (-len(word), words[word], word)):
        if len(word) == 1:
            continue
        count = counts.pop(word)
        near = _parts(word, counts, total)
        ends, score = best_path(word, near, UNKNOWN)
        if math.log(count / total) - score >= min_pmi + more * (len(word) - 2):
            counts[word] = count
            continue
        for begin, end in zip([0, *ends], ends, strict=False):
            counts[word[begin:end]] += count
    return counts


def _parts(word: str, counts: Mapping[str, float], total: float) -> dict[str, float]:
    """Return the log-probabilities of the words inside a word."""
    size = len(word)
    inside = {word[begin:end] for begin in range(size) for end in range(begin + 1, size + 1)}
    return {part: math.log(counts[part] / total) for part in inside if part in counts}


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
    singles = dict.fromkeys(sorted(set(text) - {"\n"}), 1.0)
    known = {**singles, **words}
    names = list(known)
    counts = np.maximum(np.array(list(known.values())), 1e-9)
    information: list[float] = []
    for _ in range(iterations if names else 0):
        weights = np.log(counts) - math.log(counts.sum())
        expected, log_probability, characters = expect_words(
            text, names, weights, UNKNOWN, True, check_threads(threads)
        )
        information.append(-log_probability / max(characters, 1) / math.log(2))
        counts = np.maximum(expected, 1e-9)
        if len(information) > 1 and information[-2] - information[-1] < 1e-3:
            break
    kept = {w: float(n) for w, n in zip(names, counts, strict=True) if len(w) == 1 or n >= min_count}
    return Estimate(kept, information)
