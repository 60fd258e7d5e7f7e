"""Parts of a corpus: training and dev, and the sentences of a line that holds many."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from cws.errors import InputError

Item = TypeVar("Item")

MOST_WORDS = 1000  # of a line that is left whole; the longest of the public corpora has 659
_ENDS = frozenset("。！？!?")
_CLOSING = frozenset("”’」』）》】\"')")


def cut_sentences(sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the sentences, those of more than MOST_WORDS words cut after 。！？ and the quotes that close there.

    A single sentence is cut too, however short: it is a text in one line, and nothing could be learned from it.

    >>> cut_sentences([["他", "说", "：", "“", "好", "！", "”", "我", "走", "了", "。"]])
    [['他', '说', '：', '“', '好', '！', '”'], ['我', '走', '了', '。']]
    """
    whole: list[Sequence[str]] = []
    for words in sentences:
        whole += _cut(words) if len(sentences) == 1 or len(words) > MOST_WORDS else [words]
    return whole


def _cut(words: Sequence[str]) -> list[Sequence[str]]:
    parts, start, ended = [], 0, False
    for at, word in enumerate(words):
        if ended and word[0] not in _ENDS | _CLOSING:
            parts.append(words[start:at])
            start, ended = at, False
        ended = ended or word[-1] in _ENDS
    return [*parts, words[start:]]


def train_dev_split(
    sentences: Sequence[Item], dev_fraction: float = 0.1, seed: int = 0
) -> tuple[list[Item], list[Item]]:
    """Return (train, dev), each in the original order; the same for the same number of sentences, fraction and seed.

    Dev is drawn as whole runs of neighbouring sentences, a hundredth of them each: sentences of one article share their
    words, so a dev set of single sentences would look easier than new text is.

    Args:
        sentences: Two or more.
        dev_fraction: The share that goes to dev, rounded to whole runs; neither part is ever empty.
        seed: Which split.

    Raises:
        InputError: Fewer than two sentences, or a fraction that is not between 0 and 1.
    """
    count = len(sentences)
    if count < 2:
        raise InputError(
            f"cannot split {count} sentences in two: give two or more, one a line, or a dev set of their own"
        )
    if not 0 < dev_fraction < 1:
        raise InputError(f"dev_fraction must be between 0 and 1, got {dev_fraction}")
    runs = min(count, 100)
    dev_runs = min(max(round(runs * dev_fraction), 1), runs - 1)
    generator = random.Random(seed)
    # Python promises the same random() for ever, but not the same shuffle() or sample().
    order = sorted((generator.random(), run) for run in range(runs))
    dev = {run for _, run in order[:dev_runs]}
    train_part: list[Item] = []
    dev_part: list[Item] = []
    for index, sentence in enumerate(sentences):
        (dev_part if index * runs // count in dev else train_part).append(sentence)
    return train_part, dev_part
