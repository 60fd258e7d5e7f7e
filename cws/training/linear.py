"""Training of the linear labeler: sentences and word lists in, a model directory out.

The steps, in order: number the characters, look the word lists up, run epochs until dev F1 stops rising, then (if dev
was taken from the training sentences) train again on all of them for as many epochs, and store the weights in 8 bits,
without the n-grams that hardly matter. Epochs and pruning are chosen on dev.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws._native import LinearTrainer
from cws.corpus import check_sentences, train_dev_split
from cws.decode import viterbi
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet, Words
from cws.labelers.character_classes import ABSENT, FIRST_KNOWN
from cws.labelers.linear import NGRAM_TABLE
from cws.metrics import SegmentationCounts
from cws.tags import SBME, TagScheme
from cws.text import fold
from cws.training.linear_options import LinearOptions
from cws.training.quantise import Tensors, prune, quantise

WordList = Mapping[str, int | None]

log = logging.getLogger(__name__)

MAX_ORDER = 4  # characters in the longest n-gram
_OWN_KEYS = model_io.RESERVED | {"kind", "scheme", "scale", "ngram_table", "training", "dev"}  # of cws.json, written here


def lexicon_entries(
    alphabet: Alphabet, word_lists: Sequence[WordList], frequent: float
) -> tuple[NDArray[np.uint64], NDArray[np.uint16]]:
    """Return the keys of the words of two to four characters, and their lexicon classes.

    Words are in the same class when the same lists hold them, and hold them as equally frequent ones.
    """
    memberships: dict[str, int] = {}
    bit = 1
    for word_list in word_lists:
        words = [word for word in word_list if 2 <= len(word) <= MAX_ORDER and not any(map(str.isspace, word))]
        folded = fold(" ".join(words)).split(" ") if words else []
        counts = sorted((count for count in word_list.values() if count), reverse=True)
        limit = counts[int(frequent * len(counts))] if counts else None
        for word, original in zip(folded, words, strict=True):
            is_frequent = limit is not None and (word_list[original] or 0) >= limit
            memberships[word] = memberships.get(word, 0) | (3 * bit if is_frequent else bit)
        bit <<= 2
    class_of = {membership: at for at, membership in enumerate(sorted(set(memberships.values())), 1)}
    keys, values = [np.empty(0, np.uint64)], [np.empty(0, np.uint16)]
    for order in range(2, MAX_ORDER + 1):
        words = [word for word in memberships if len(word) == order]
        codes = alphabet.encode("".join(words)).reshape(-1, order)
        absent = np.full((len(words), MAX_ORDER - order), ABSENT)
        places = np.hstack([codes, absent]).astype(np.uint64) << np.arange(0, 16 * MAX_ORDER, 16, dtype=np.uint64)
        known = (codes >= FIRST_KNOWN).all(axis=1)
        keys.append(places.sum(axis=1, dtype=np.uint64)[known])
        values.append(np.array([class_of[memberships[word]] for word in words], np.uint16)[known])
    return np.concatenate(keys), np.concatenate(values)


def train_linear(
    sentences: Sequence[Words],
    dev: Sequence[Words] | None,
    word_lists: Sequence[WordList],
    folder: str | PathLike[str],
    *,
    options: LinearOptions | None = None,
    description: Mapping[str, Any] | None = None,
    log_line: Callable[[str], None] = log.info,
) -> SegmentationCounts:
    """Train a model, write it, and return its counts on dev (before the last training on all sentences, if any).

    Args:
        sentences: The words of each training sentence.
        dev: Sentences to choose epochs and pruning on; None takes a part of the training sentences.
        word_lists: Words with their counts or None; most useful when they are not made from the training sentences.
        folder: Where the model goes, see `cws.model_io.write_model`.
        options: Hyper-parameters.
        description: More for the model's `cws.json`: sources, licences.
        log_line: Called with a line about each step.

    Raises:
        InputError: No sentences, one without words, or sentences that are not segmented; a learning rate so high that
            the loss is no number any more.
        FileError: The folder cannot be written.
    """
    options = options or LinearOptions()
    _check_input(sentences, dev, description)
    started = time.perf_counter()
    is_split = dev is None
    train, dev = (
        (list(sentences), list(dev))
        if dev is not None
        else train_dev_split(sentences, options.dev_fraction, options.seed)
    )
    alphabet = Alphabet.of(["".join(map("".join, sentences)), *map("".join, word_lists)])
    lexicon = lexicon_entries(alphabet, word_lists, options.frequent)
    trainer = make_trainer(alphabet, lexicon, train, options)
    log_line(
        f"{len(train):,} sentences to train on, {len(dev):,} to choose on, {len(lexicon[0]):,} words in the lexicon"
    )

    weights, epochs = _run_epochs(trainer, alphabet.encode_corpus(dev), options, log_line)
    del trainer
    if not is_split and options.averaged > 1:
        weights = _train_averaged(alphabet, lexicon, train, options, epochs, log_line)
    tensors, counts, limit = prune(alphabet, weights, dev, options, log_line)
    del weights  # to hold memory down while the next trainer works
    if is_split:
        weights = _train_averaged(alphabet, lexicon, sentences, options, epochs, log_line)
        tensors = quantise(alphabet, weights, options.scale, limit)
    config = {
        "kind": "linear",
        "scheme": SBME.name,
        "scale": options.scale,
        "ngram_table": NGRAM_TABLE,
        **(description or {}),
        "training": {**asdict(options), "epochs": epochs, "prune": limit, "sentences": len(sentences)},
        "dev": counts.as_dict(),
    }
    model_io.write_model(folder, config, tensors, aligned="buckets")  # which are cache lines
    log_line(f"dev F1 {100 * counts.f1:.2f}; done in {time.perf_counter() - started:.0f} s")
    return counts


def _check_input(
    sentences: Sequence[Words], dev: Sequence[Words] | None, description: Mapping[str, Any] | None
) -> None:
    if not sentences:
        raise InputError("no training sentences: give one or more")
    for name, part in (("training", sentences), ("dev", dev)):
        if part is not None and not all(part):
            raise InputError(f"a {name} sentence without words: leave it out")
        check_sentences(part or (), name)
    if dev is not None and not dev:
        raise InputError("no dev sentences: give one or more, or None to take a part of the training sentences")
    if reserved := sorted(_OWN_KEYS & set(description or ())):
        raise InputError(f"the description of a model must not have {', '.join(reserved)}: choose other names")


def make_trainer(
    alphabet: Alphabet,
    lexicon: tuple[NDArray[np.uint64], NDArray[np.uint16]],
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
    lexicon: tuple[NDArray[np.uint64], NDArray[np.uint16]],
    corpus: tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int64]],
    options: LinearOptions,
    scheme: TagScheme = SBME,
) -> LinearTrainer:
    """Return the same of a corpus in codes, tags and lengths, as `Alphabet.encode_corpus` returns it."""
    codes, tags, lengths = corpus
    return LinearTrainer(
        codes,
        np.uint8(1) << tags,
        lengths,
        alphabet.types,
        np.array([*scheme.transitions_allowed, scheme.start_allowed, scheme.end_allowed]),
        [lexicon],
        options.learning_rate,
        options.margin,
        options.min_trigram_count,
        options.min_fourgram_count,
        options.seed,
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


def _train_averaged(
    alphabet: Alphabet,
    lexicon: tuple[NDArray[np.uint64], NDArray[np.uint16]],
    sentences: Sequence[Words],
    options: LinearOptions,
    epochs: int,
    log_line: Callable[[str], None],
) -> Tensors:
    """Return the mean weights of trainings that differ in the order of the sentences."""
    mean: Tensors = {}
    for at in range(options.averaged):
        log_line(f"training {at + 1} of {options.averaged} on {len(sentences):,} sentences, {epochs} epochs")
        trainer = make_trainer(alphabet, lexicon, sentences, replace(options, seed=options.seed + at))
        for _ in range(epochs):
            trainer.run_epoch()
        for name, weights in trainer.weights().items():
            if name not in mean:
                mean[name] = weights
            elif weights.dtype == np.float32:
                mean[name] += (weights - mean[name]) / (at + 1)
    return mean


def _run_epochs(
    trainer: LinearTrainer, dev: tuple[NDArray[Any], ...], options: LinearOptions, log_line: Callable[[str], None]
) -> tuple[Tensors, int]:
    """Return the weights of the last epoch that was better on dev than those before, and its number."""
    codes, tags, lengths = dev
    best, best_epoch, weights = -1.0, 0, {}
    for epoch in range(1, options.epochs + 1):
        begun = time.perf_counter()
        loss = trainer.run_epoch()
        if not math.isfinite(loss):
            raise InputError(
                f"the loss of epoch {epoch} is {loss}: train with a learning rate below {options.learning_rate}"
            )
        f1 = word_f1(tags, best_tags(trainer, codes, lengths))
        seconds = time.perf_counter() - begun
        log_line(f"epoch {epoch:2}: loss {loss:.4f} nats a character, dev F1 {100 * f1:.2f}, {seconds:.1f} s")
        if f1 >= best + options.min_gain:
            best, best_epoch, weights = f1, epoch, trainer.weights()
        elif epoch - best_epoch >= options.patience:
            break
    return weights, best_epoch
