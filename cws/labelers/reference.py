"""The specification of what the core computes of linear and hidden Markov models: emissions, slowly and readably.

The core must return the same; tests compare them. Tags are in the order of cws/tags.py.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from cws.labelers.character_classes import ABSENT, EDGE, classes_of
from cws.labelers.hmm import PAIRS, TRIPLES

PAD = 2  # edges on either side of a sequence


def ngram_key(classes: Sequence[int]) -> int:
    """Return the key of an n-gram of two to four classes, 16 bits each, the first in the lowest bits."""
    padded = [*classes, ABSENT, ABSENT][:4]
    return sum(one << (16 * at) for at, one in enumerate(padded))


class NgramTable:
    """Looks n-grams up in the mapped table, as cws/native/models/ngram_weights.h does."""

    def __init__(self, buckets: memoryview, pilots: memoryview, *, is_first_release: bool = False) -> None:
        self._buckets, self._pilots, self._is_first = bytes(buckets), bytes(pilots), is_first_release

    def find(self, key: int) -> tuple[list[int], bool] | None:
        """Return the n-gram's sixteen weights and whether 4-grams begin with it; None if it is not there."""
        key = key * 0x9E3779B97F4A7C15 % 2**64
        key = (key ^ key >> 32) * 0xD6E8FEB86659FD93 % 2**64
        fingerprint = key >> 32 or 1
        place = key % 2**32 if self._is_first else fingerprint ^ key % 2**32 & 0xFE000000
        pilot = self._pilots[fingerprint * len(self._pilots) >> 32]
        mixed = (place ^ pilot * 0x9E3779B1 % 2**32) * 0x85EBCA6B % 2**32
        begin = (mixed * (len(self._buckets) // 64) >> 32) * 64
        bucket = self._buckets[begin : begin + 64]
        for entry in range(3):
            if int.from_bytes(bucket[4 * entry : 4 * entry + 4], "little") == fingerprint:
                weights = memoryview(bucket[16 + 16 * entry : 32 + 16 * entry]).cast("b").tolist()
                return weights, bool(bucket[12 + entry] & 1)
        return None


def linear_emissions(
    tensors: Mapping[str, memoryview], text: str, *, is_first_release: bool = False
) -> list[list[int]]:
    """Return the scores of the four tags at each character of a text without white space.

    Args:
        tensors: Those of a linear model.
        text: As a sequence, that is without white space.
        is_first_release: Whether the table of n-grams is one of the first release.
    """
    table = NgramTable(tensors["buckets"], tensors["pilots"], is_first_release=is_first_release)
    unigrams = tensors["unigrams"].cast("b")
    type_contexts, repetitions = tensors["type_contexts"].cast("h"), tensors["repetitions"].cast("h")
    count = len(text)
    codes = [EDGE] * PAD + classes_of(tensors["characters"], text) + [EDGE] * (PAD + 1)
    scores = [[0] * 4 for _ in range(count)]

    def add(first: int, weights: Sequence[int]) -> None:
        """Add four weights each to the characters from `first`; some may lie outside the text."""
        for at in range(len(weights) // 4):
            if 0 <= first + at < count:
                for tag in range(4):
                    scores[first + at][tag] += weights[4 * at + tag]

    for i in range(-PAD, count + PAD):
        row = 20 * codes[i + PAD]
        add(i - 2, unigrams[row : row + 20].tolist())
    for i in range(-1, count):
        here = codes[i + PAD : i + PAD + 4]
        if bigram := table.find(ngram_key(here[:2])):
            add(i - 1, bigram[0])
        if trigram := table.find(ngram_key(here[:3])):
            add(i - 1, trigram[0])
            if trigram[1] and (fourgram := table.find(ngram_key(here))):
                add(i, fourgram[0])
    for i in range(count):
        window = codes[i : i + 5]
        context, pattern = type_context([tensors["types"][code] for code in window]), repetition(window)
        add(i, type_contexts[4 * context : 4 * context + 4].tolist())
        add(i, repetitions[4 * pattern : 4 * pattern + 4].tolist())
    return scores


def type_context(types: Sequence[int]) -> int:
    """Return the row of `type_contexts` for the types of five characters, three bits each, the first in the highest."""
    context = 0
    for one in types:
        context = context << 3 | one
    return context


def repetition(classes: Sequence[int]) -> int:
    """Return the row of `repetitions` for the classes of five characters: a bit for each two that are the same."""
    before2, before, here, after, after2 = classes
    same = (here == before, here == after, before == after, here == before2, here == after2)
    return sum(one << bit for bit, one in enumerate(same))


def hmm_emissions(tensors: Mapping[str, memoryview], order: int, text: str) -> list[list[int]]:
    """Return the scores of the chain's tags at each character of a text without white space.

    Args:
        tensors: Those of a hidden Markov model.
        order: Of the model. Order 1 has four tags, order 2 the sixteen TRIPLES.
        text: As a sequence, that is without white space.
    """
    codes = [EDGE, EDGE, *classes_of(tensors["characters"], text)]
    scores = tensors["scores"].cast("h")
    if order == 1:
        return [scores[4 * code : 4 * code + 4].tolist() for code in codes[2:]]
    bigram_first, bigram_classes = tensors["bigram_first"].cast("I"), tensors["bigram_classes"].cast("H")
    trigram_first, trigram_classes = tensors["trigram_first"].cast("I"), tensors["trigram_classes"].cast("H")
    bigram_scores, trigram_scores = tensors["bigram_scores"].cast("h"), tensors["trigram_scores"].cast("h")

    def find(classes: memoryview, begin: int, end: int, wanted: int) -> int | None:
        at = bisect_left(classes, wanted, begin, end)
        return at if at < end and classes[at] == wanted else None

    def find_bigram(first: int, second: int) -> int | None:
        return find(bigram_classes, bigram_first[first], bigram_first[first + 1], second)

    rows = []
    for at in range(2, len(codes)):
        before, here = find_bigram(codes[at - 2], codes[at - 1]), find_bigram(codes[at - 1], codes[at])
        trigram = None
        if before is not None:
            trigram = find(trigram_classes, trigram_first[before], trigram_first[before + 1], codes[at])
        if trigram is not None:
            row = trigram_scores[16 * trigram : 16 * trigram + 16].tolist()
        elif here is not None:
            row = [bigram_scores[8 * here + PAIRS.index(triple[1:])] for triple in TRIPLES]
        else:
            row = [scores[4 * codes[at] + triple[2]] for triple in TRIPLES]
        rows.append(row)
    return rows
