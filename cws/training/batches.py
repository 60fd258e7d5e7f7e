"""Training sentences as batches of like length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws.labelers.alphabet import Words, cut_sentence
from cws.labelers.neural.features import Batch
from cws.labelers.neural.model import NeuralModel

_POOL = 50  # batches that are sorted by length together


@dataclass(frozen=True)
class Encoded:
    """Sentences as codes, lexicon bits and tags, with the annotation standard of each."""

    codes: list[NDArray[Any]]
    lexicon: list[NDArray[Any]]
    tags: list[NDArray[np.uint8]]
    standards: list[int]

    @classmethod
    def of(cls, model: NeuralModel, corpora: Sequence[Sequence[Words]], first: int = 0) -> Encoded:
        """Return the sentences of corpora, each of a standard of its own, in parts that the encoder can take."""
        parts = [
            (standard, part)
            for standard, sentences in enumerate(corpora, first)
            for words in sentences
            for part in cut_sentence(words, model.longest)
        ]
        texts = ["".join(part) for _, part in parts]
        codes = [model.encode(text) for text in texts]
        tags = [np.frombuffer(model.labeler.scheme.words_to_tags(part), np.uint8) for _, part in parts]
        return cls(codes, model.lexicon_bits(codes), tags, [standard for standard, _ in parts])

    def batch(self, rows: Sequence[int]) -> Batch:
        return Batch.of(
            [self.codes[row] for row in rows],
            [self.lexicon[row] for row in rows],
            [self.standards[row] for row in rows],
        )

    def gold(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        return np.concatenate([self.tags[row] for row in rows])


def bucketed_batches(lengths: NDArray[np.int64], most: int, seed: int) -> list[NDArray[np.int64]]:
    """Return batches of rows of about the same length, in an order drawn by the seed; each row is in one.

    Args:
        lengths: Of the rows.
        most: Characters of a batch, its padding included; a longer row is a batch of its own.
        seed: Which order.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    pool = max(1, int(_POOL * most / max(lengths.mean(), 1)))
    for begin in range(0, len(order), pool):
        rows = order[begin : begin + pool]
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        at = 0
        while at < len(rows):
            count = max(1, most // int(lengths[rows[at]]))
            batches.append(rows[at : at + count])
            at += count
    return [batches[at] for at in generator.permutation(len(batches))]
