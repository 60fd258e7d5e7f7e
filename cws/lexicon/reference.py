"""What counting n-grams, sampling lines, cutting and pruning mean, in plain Python.

`cws.lexicon.counting.count`, `cws.lexicon.counting.line_sample` and `cws.lexicon.steps` give the same for any amount of
text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

from cws.lattice import best_path
from cws.lexicon import symbols
from cws.text import HANZI, NUMERAL, character_type

EDGE = "\0"


@dataclass(frozen=True)
class Ngram:
    """One n-gram; see `cws.lexicon.counting.count.NgramTable`."""

    text: str
    count: int
    left_neighbours: int
    right_neighbours: int
    left_entropy: float
    right_entropy: float


def count_reference(texts: Iterable[str], n: int, min_count: int = 1) -> list[list[Ngram]]:
    """Return the n-grams of order 1 to n, each order ascending by code points.

    >>> count_reference(["北京，东京"], 1)[0][1]
    Ngram(text='京', count=2, left_neighbours=2, right_neighbours=2, left_entropy=0.693..., right_entropy=0.693...)
    """
    counts, lefts, rights = Counter[str](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for run in runs(texts):
        for start in range(len(run)):
            for end in range(start + 1, min(start + n, len(run)) + 1):
                ngram = run[start:end]
                counts[ngram] += 1
                lefts[ngram, run[start - 1] if start else EDGE] += 1
                rights[ngram, run[end] if end < len(run) else EDGE] += 1
    left, right = _neighbours(lefts), _neighbours(rights)
    return [
        [
            Ngram(text, count, len(left[text]), len(right[text]), _entropy(left[text]), _entropy(right[text]))
            for text, count in sorted(counts.items())
            if len(text) == order and count >= min_count
        ]
        for order in range(1, n + 1)
    ]


def windows(texts: Iterable[str], n: int) -> Counter[str]:
    """Return what a file of partial counts holds: each character with the n after it and the one before it."""
    found = Counter[str]()
    for run in runs(texts):
        padded = EDGE + run + EDGE * n
        for at in range(1, len(run) + 1):
            found[padded[at : at + n + 1] + padded[at - 1]] += 1
    return found


def runs(texts: Iterable[str]) -> Iterator[str]:
    """Yield the runs of Han characters, numerals among them."""
    for text in texts:
        han = (character if character_type(character) in (HANZI, NUMERAL) else " " for character in text)
        yield from "".join(han).split()


def _neighbours(pairs: Counter[tuple[str, str]]) -> dict[str, list[int]]:
    """Return how often each neighbour of an n-gram occurs; every edge is a neighbour of its own."""
    found: dict[str, list[int]] = {}
    for (ngram, neighbour), count in pairs.items():
        found.setdefault(ngram, []).extend([1] * count if neighbour == EDGE else [count])
    return found


def _entropy(counts: list[int]) -> float:
    total = sum(counts)
    return max(0.0, math.log(total) - sum(count * math.log(count) for count in counts) / total)


def sample_reference(lines: Iterable[str], characters: int) -> list[str]:
    """Return the runs of a share of lines, as `cws.lexicon.counting.line_sample.sample_runs` does.

    The share is of those lines whose checksums end in so many zeros that it is not too large.
    """
    kept = sorted(
        (crc32(line.encode("utf-8", "surrogatepass")), found) for line in lines if (found := symbols.runs(line))
    )
    bits = 0
    while bits < 32 and sum(len(found) for _, found in kept) > characters:
        bits += 1
        kept = [(checksum, found) for checksum, found in kept if checksum % (1 << bits) == 0]
    return [run for _, found in kept for run in found.split("\n")]


def cut_reference(text: str, strong: Collection[str], longest: int) -> Counter[str]:
    """Count the pieces of a text that is cut wherever no strong n-gram spans the place.

    Pieces of 2 to `longest` characters count only if they are strong n-grams themselves.
    """
    joined = [False] * len(text)
    for ngram in strong:
        at = text.find(ngram)
        while at >= 0:
            joined[at : at + len(ngram) - 1] = [True] * (len(ngram) - 1)
            at = text.find(ngram, at + 1)
    pieces: Counter[str] = Counter()
    begin = 0
    for end, goes_on in enumerate(joined, 1):
        if not goes_on:
            pieces[text[begin:end]] += 1
            begin = end
    pieces.pop("\n", None)
    return Counter({w: n for w, n in pieces.items() if len(w) == 1 or len(w) > longest or w in strong})


def prune_reference(words: Mapping[str, float], *, min_pmi: float = 1.0, more: float = 1.0) -> dict[str, float]:
    """Return the words without those that others can spell as well, as `cws.lexicon.steps.prune` does."""
    counts = {character: 1.0 for word in words for character in word} | dict(words)
    total = sum(counts.values())
    for word in sorted(words, key=lambda word: (-len(word), words[word], word)):
        if len(word) == 1:
            continue
        count = counts.pop(word)
        ends, score = best_path(word, _parts(word, counts, total), 0.0)  # each character is a word
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
