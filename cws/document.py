"""Words that a document repeats: what a first pass over it finds, as evidence for a second one.

A document writes a name again and again, and a model that does not know it cuts it here so and there otherwise. The
places where it is sure help those where it is not: Krishnan and Manning, "An effective two-stage model for exploiting
non-local dependencies in named entity recognition" (2006). Here the first stage is the model's own words, and what they
agree on goes into a user dictionary, as evidence in nats; decided and forced words keep their authority over it.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from math import log

from cws.text import HANZI_RANGES

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# All of it was chosen on a novel and on raw text; docs/notebook/document.md has the figures.
LONGEST = 5  # ideographs of a string
MOST_WORDS = 3  # of the model that are joined to a string
LEAST_COUNT = 3  # places of a string: less says nothing, so a short text stays as it is
SCALE, SMOOTHING = 2.0, 0.5  # of the log-odds of being one word
COHESIVE, COHESION = 0.7, 5.0  # a string of so much normalised PMI has at least so many nats
NESTED = 0.9  # but not where so much of it begins or ends one longer string
LARGEST = 8.0  # nats, positive or negative
MOST_STRINGS = 1 << 20  # that are counted, 300 MB at most; above, the rare ones are dropped

_HAN = "".join(f"{chr(first)}-{chr(last)}" for first, last in HANZI_RANGES)
_is_han = re.compile(f"[{_HAN}]+").fullmatch
_is_string = re.compile(f"[{_HAN}]{{2,{LONGEST}}}").fullmatch


def evidence_of(parts: Iterable[Sequence[str]]) -> dict[str, float]:
    """Return the evidence of a document whose words come in parts; see `DocumentWords`."""
    document = DocumentWords()
    for words in parts:
        document.add(words)
    return document.evidence()


class DocumentWords:
    """Counts how often each string of 2 to 5 ideographs is one word, and how often it is cut in two or three.

    Only places where a word begins and a word ends count. The memory is bounded: of more than `MOST_STRINGS` strings
    the rarer half is dropped, and begins again at 0, as in Manku and Motwani, "Approximate frequency counts over data
    streams" (2002).

    >>> words = DocumentWords()
    >>> words.add(["沈砚", "笑", "。", "沈砚", "哭", "。", "沈", "砚", "走", "。", "沈砚", "来"])
    >>> words.evidence()
    {'沈砚': 5.0}
    """

    def __init__(self) -> None:
        self._whole: Counter[str] = Counter()
        self._cut: Counter[str] = Counter()
        self._characters: Counter[str] = Counter()

    def add(self, words: Sequence[str]) -> None:
        """Count the words of a part of the document, in order, with what is between them."""
        self._whole.update(filter(_is_string, words))
        for size in range(2, MOST_WORDS + 1):
            neighbours = zip(*(islice(words, first, None) for first in range(size)), strict=False)
            self._cut.update(filter(_is_string, map("".join, neighbours)))
        self._characters.update("".join(filter(_is_han, words)))
        if len(self._whole) + len(self._cut) > MOST_STRINGS:
            self._drop_rare()

    def _drop_rare(self) -> None:
        totals = self._whole + self._cut
        middle = sorted(totals.values())[len(totals) // 2]
        for counts in (self._whole, self._cut):
            for word in [word for word in counts if totals[word] <= middle]:
                del counts[word]

    def evidence(self) -> dict[str, float]:
        """Return the nats for each string that is cut somewhere, as a weight of a user dictionary; sorted.

        A string that is one word at some places has twice the log-odds of that, at most 8 nats: positive where it is
        mostly one word, else negative. A string whose characters cohere, and which is not just a part of a longer
        one, has at least 5 nats, though it is always cut.
        """
        total = sum(self._characters.values())
        longer = self._longer()
        weights: dict[str, float] = {}
        for word, cut in self._cut.items():
            whole = self._whole.get(word, 0)
            count = whole + cut
            if count < LEAST_COUNT:
                continue
            weight = SCALE * log((whole + SMOOTHING) / (cut + SMOOTHING)) if whole else 0.0
            is_nested = longer.get(word, 0) > NESTED * count
            if not is_nested and self._cohesion(word, count, total) >= COHESIVE:
                weight = max(weight, COHESION)
            if weight:
                weights[word] = max(-LARGEST, min(LARGEST, weight))
        return dict(sorted(weights.items()))

    def _longer(self) -> dict[str, int]:
        """Return of each string that begins or ends longer ones the count of the most frequent of them, when cut."""
        counts: dict[str, int] = {}
        for word, count in self._cut.items():
            if count >= LEAST_COUNT:
                for at in range(1, len(word)):
                    for part in (word[:at], word[at:]):
                        counts[part] = max(count, counts.get(part, 0))
        return counts

    def _cohesion(self, word: str, count: int, total: int) -> float:
        """Return the normalised pointwise mutual information of the characters: 1 where none stands anywhere else.

        Bouma, "Normalized (pointwise) mutual information in collocation extraction" (2009), for any length.
        """
        information = log(total / count)
        apart = sum(log(total / self._characters[character]) for character in word)
        return (apart - information) / ((len(word) - 1) * information)
