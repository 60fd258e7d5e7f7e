"""What the statistics of raw text are worth to a linear model that never saw the text.

The weights of classes of n-grams (cws/lexicon/raw_classes.py) are learned once, on sentences with readers' marks: what
a class should add to the scores of a finished model. They come with the package (scripts/assets/raw_weights.py makes
them), and are added for the n-grams of any raw text.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws.bundled import bundled_raw_weights
from cws.labelers.character_classes import ABSENT
from cws.training.initial_model import InitialModel
from cws.training.linear_options import LinearOptions
from cws.training.linear_text import Standard, encode_standards
from cws.training.linear_trainer import trainer_of_sequences
from cws.training.ngram_classes import CLASSES, MAX_ORDER, NgramClasses, raw_entries

RawTables = Sequence[tuple[NDArray[np.uint32], NDArray[np.uint16]]]

_NO_CLASSES = NgramClasses(np.empty(0, np.uint64), np.empty(0, np.uint16))
_NEVER = 1 << 30  # n-grams are too rare to have weights of their own
_LIMIT = 1  # steps of weights that are worth an entry


def learn_raw_weights(
    initial: InitialModel, standard: Standard, tables: RawTables, *, learning_rate: float, epochs: int
) -> NDArray[np.float32]:
    """Return the weights of each class, nats, of shape (orders, classes + 1, 4, 4): the four tags at four positions.

    Args:
        initial: The model that they are to be added to.
        standard: Sentences that it did not learn from.
        tables: What `raw_classes` returns of text of the same kind.
        learning_rate: Of AdaGrad.
        epochs: Of the training.
    """
    sequences = encode_standards([standard], initial.alphabet, initial)
    entries = _distinct_entries(initial, tables)
    options = LinearOptions(learning_rate=learning_rate, min_trigram_count=_NEVER, min_fourgram_count=_NEVER)
    lists = [_NO_CLASSES, entries]
    trainer = trainer_of_sequences(initial.alphabet, lists, sequences, options, initial.chain(), classes_only=True)
    for _ in range(epochs):
        trainer.run_epoch()
    learned = trainer.weights()  # which are those of the classes alone
    rows = np.searchsorted(learned["keys"], entries.keys)
    weights = np.zeros((MAX_ORDER - 1, CLASSES + 1, 4, 4), np.float32)
    weights[orders_of(entries.keys), entries.classes] = learned["ngrams"][rows]
    return weights


def with_raw(initial: InitialModel, tables: RawTables, weights: NDArray[np.float32] | None = None) -> InitialModel:
    """Return a model to which the weights of the classes of raw text are added.

    Args:
        initial: Any linear model.
        tables: What `raw_classes` returns of the raw text.
        weights: What `learn_raw_weights` returned; None: those of the package.
    """
    if weights is None:
        weights = bundled_weights()
    keys, classes = _distinct_entries(initial, tables)
    return initial.with_ngrams(keys, weights[orders_of(keys), classes], _LIMIT)


def _distinct_entries(initial: InitialModel, tables: RawTables) -> NgramClasses:
    """Return n-grams and classes, by key; folded characters make some the same, and the first counts."""
    entries = raw_entries(initial.alphabet, tables)
    keys, first = np.unique(entries.keys, return_index=True)
    return NgramClasses(keys, entries.classes[first])


def bundled_weights() -> NDArray[np.float32]:
    """Return the weights that come with the package.

    Raises:
        FileError, ModelError: The file is damaged.
    """
    _, tensors = model_io.map_file(bundled_raw_weights(), {"weights": ("F32", (MAX_ORDER - 1, CLASSES + 1, 4, 4))})
    return np.frombuffer(tensors["weights"], np.float32).reshape(MAX_ORDER - 1, CLASSES + 1, 4, 4)


def orders_of(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return 0 for the keys of bigrams, 1 for those of trigrams, 2 for those of 4-grams."""
    orders = np.zeros(len(keys), np.int64)
    for place in (2, 3):
        orders += (keys >> np.uint64(16 * place) & np.uint64(ABSENT)) != ABSENT
    return orders
