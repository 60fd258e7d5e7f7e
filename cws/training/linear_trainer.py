"""The core's trainer of linear models, and what its weights say so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cws._native import LinearTrainer
from cws.decode import viterbi
from cws.labelers.alphabet import Alphabet, Words
from cws.tags import SBME, TagScheme
from cws.training.linear_options import LinearOptions
from cws.training.linear_text import Sequences
from cws.training.ngram_classes import NgramClasses


def make_trainer(
    alphabet: Alphabet,
    lexicon: NgramClasses,
    sentences: Sequence[Words],
    options: LinearOptions,
    scheme: TagScheme = SBME,
) -> LinearTrainer:
    """Return the core's trainer, before its first epoch.

    Args:
        alphabet: Of the sentences and word lists.
        lexicon: What `lexicon_entries` returned.
        sentences: Lists of words.
        options: Hyper-parameters.
        scheme: Of 2, 4 or 6 tags. Model files hold SBME only; others are for studies (scripts/studies/tag_sets.py).
    """
    return trainer_of(alphabet, lexicon, alphabet.encode_corpus(sentences, scheme), options, scheme)


def trainer_of(
    alphabet: Alphabet,
    lexicon: NgramClasses,
    corpus: tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int64]],
    options: LinearOptions,
    scheme: TagScheme = SBME,
) -> LinearTrainer:
    """Return the same of a corpus in codes, tags and lengths, as `Alphabet.encode_corpus` returns it."""
    codes, tags, lengths = corpus
    nothing = np.empty(0, np.float32)
    sequences = Sequences(codes, np.uint8(1) << tags, lengths, np.empty(0, np.uint8), nothing, nothing)
    return trainer_of_sequences(alphabet, [lexicon], sequences, options, scheme=scheme)


def trainer_of_sequences(
    alphabet: Alphabet,
    lists: Sequence[NgramClasses],
    sequences: Sequences,
    options: LinearOptions,
    chain: NDArray[np.float32] | None = None,
    scheme: TagScheme = SBME,
    *,
    classes_only: bool = False,
) -> LinearTrainer:
    """Return the core's trainer.

    Args:
        alphabet: Of the sequences.
        lists: What word lists say of n-grams, then what raw text says.
        sequences: What to learn from.
        options: Hyper-parameters.
        chain: Of the initial model, shape (K + 2, K), in nats.
        scheme: Of the tags.
        classes_only: Whether nothing but the weights of classes is learned.
    """
    return LinearTrainer(
        *sequences[:3],
        alphabet.types,
        np.array([*scheme.transitions_allowed, scheme.start_allowed, scheme.end_allowed]),
        [(one.keys, one.classes) for one in lists],
        options.learning_rate,
        options.margin,
        options.min_trigram_count,
        options.min_fourgram_count,
        options.seed,
        standards=sequences.standards,
        weights=sequences.weights,
        emissions=sequences.emissions,
        chain=chain,
        own_rate=options.own_rate,
        classes_only=classes_only,
    )


def best_tags(
    trainer: LinearTrainer, codes: NDArray[np.uint16], lengths: NDArray[np.int64], scheme: TagScheme = SBME
) -> NDArray[np.uint8]:
    """Return the best legal tags of sequences, one after the other, by the weights so far."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    paths = viterbi(trainer.emissions(codes, lengths), offsets, *trainer.chain(), legality=scheme)
    tags: NDArray[np.uint8] = paths.tags
    return tags


def word_f1(gold: NDArray[np.uint8], predicted: NDArray[np.uint8], scheme: TagScheme = SBME) -> float:
    """Return F1 of the words that legal tags of the same sequences spell."""

    def spans(tags: NDArray[np.uint8]) -> NDArray[np.int64]:
        begins = np.flatnonzero(np.array(scheme.start_allowed)[tags])
        ends = np.append(begins[1:], len(tags))
        return np.asarray(begins * len(tags) + ends - 1, np.int64)  # one number for both

    gold_spans, predicted_spans = spans(gold), spans(predicted)
    correct = np.intersect1d(gold_spans, predicted_spans, assume_unique=True)
    return 2 * len(correct) / (len(gold_spans) + len(predicted_spans))
