"""The lexicon of least information: the words that describe a text, and themselves, in the fewest bits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cws._native import TextLattice
from cws.lattice import best_path
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.steps import UNKNOWN, estimate
from cws.threads import check_threads

CODE_POINT_BITS = 21  # what spells a character that a lexicon has not


class Minimum(NamedTuple):
    """What `minimise` returns.

    Attributes:
        counts: The expected count of each word.
        information: L of the text after each iteration, in bits a character.
        description: Bits of text and lexicon after each iteration, a character of the text; it never rises.
    """

    counts: dict[str, float]
    information: list[float]
    description: list[float]


def candidates(index: NgramIndex, *, min_pmi: float = 0.0, min_count: int) -> dict[str, float]:
    """Return all characters, and the frequent n-grams whose parts meet more often than by chance."""
    words: dict[str, float] = {}
    for order, table in enumerate(index.counts.tables, 1):
        kept = (index.pmi(order) >= min_pmi) & (table.counts >= min_count) | (order == 1)
        words.update(zip(table.strings()[kept].tolist(), table.counts[kept].astype(float).tolist(), strict=True))
    return words


def minimise(text: str, words: Mapping[str, float], *, iterations: int = 10, threads: int = 1) -> Minimum:
    """Return the words that are worth their entry in the lexicon, and their counts.

    Each iteration estimates the counts, then drops the words that save fewer bits, against their parts, than it takes
    to spell them. It stops when text and lexicon together would take more bits than before (Rissanen, "Modeling by
    shortest data description", 1978).

    Args:
        text: Runs, one a line.
        words: Candidates with their counts.
        iterations: At most.
        threads: They make no difference to the result.
    """
    counts: dict[str, float] = dict(words)
    best: dict[str, float] = counts
    information: list[float] = []
    description: list[float] = []
    characters = max(len(text) - text.count("\n"), 1)
    for _ in range(iterations):
        estimated = estimate(text, counts, iterations=3, threads=threads)
        costs = _spelling_costs(estimated.counts)
        bits = estimated.information[-1] if estimated.information else 0.0
        whole = bits + sum(costs.values()) / characters
        if description and whole >= description[-1]:
            break
        best = estimated.counts
        information.append(bits)
        description.append(whole)
        counts = _worth_their_entry(best, costs)
        if len(counts) == len(best):
            break
    return Minimum(best, information, description)


def _spelling_costs(counts: Mapping[str, float]) -> dict[str, float]:
    """Return the bits that spell each word of two and more characters: those of its characters, and of its count."""
    total = sum(counts.values())
    return {
        word: sum(math.log2(total / max(counts.get(character, 0.0), 1e-3)) for character in word)
        for word in counts
        if len(word) > 1
    }


def _worth_their_entry(counts: Mapping[str, float], costs: Mapping[str, float]) -> dict[str, float]:
    total = sum(counts.values())
    logs = {word: math.log(count / total) for word, count in counts.items()}
    kept = {}
    for word, count in counts.items():
        if len(word) > 1:
            size = len(word)
            inside = {word[i:j] for i in range(size) for j in range(i + 1, size + 1)} - {word}
            saved = logs[word] - best_path(word, {part: logs[part] for part in inside if part in logs}, UNKNOWN)[1]
            if count * saved / math.log(2) < costs[word]:
                continue
        kept[word] = count
    return kept


def held_out_information(text: str, counts: Mapping[str, float], *, threads: int = 1) -> float:
    """Return L in bits a character of a text that the counts are not from, summed over all its segmentations.

    A character that the lexicon has not costs an escape, which has the probability of a word counted once, and 21 bits
    for its code point: every lexicon can code every text, so they can be compared.
    """
    total = sum(counts.values()) + 1
    weights = np.log(np.maximum(np.array(list(counts.values())), 1e-9) / total)
    unknown = -math.log(total) - CODE_POINT_BITS * math.log(2)
    lattice = TextLattice(text, list(counts), check_threads(threads))
    _, log_probability, characters = lattice.expect(weights, unknown)
    return -log_probability / max(characters, 1) / math.log(2)
