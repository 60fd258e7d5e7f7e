"""Training of dictionary models, which is no more than putting word lists together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from cws.labelers.dictionary import write_dictionary
from cws.training.ngram_classes import WordList


def train_dictionary(
    word_lists: Sequence[WordList], folder: str | PathLike[str], *, description: Mapping[str, Any] | None = None
) -> None:
    """Make a model of word lists and write it. A word of several lists has its largest count, not their sum: lists of
    one language count much of the same text.

    Args:
        word_lists: Words with their counts or None.
        folder: Made if it is not there.
        description: What else cws.json should say.

    Raises:
        InputError: No words, an empty word, or a negative count.
        FileError: The folder cannot be written.
    """
    counts: dict[str, int | None] = {}
    for words in word_lists:
        for word, count in words.items():
            counts[word] = max(counts.get(word) or 0, count or 0)
    write_dictionary(folder, counts, description)
