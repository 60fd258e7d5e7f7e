"""What `cut` and `prune` do, in plain Python; `cws.lexicon.steps` gives the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping

from cws.lattice import best_path


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
