"""Training of the linear labeler: sentences and word lists in, a model directory out, or one for each standard.

The steps, in order: number the characters, look the word lists up, run epochs until the figure that is chosen on stops
rising, then (if dev was taken from the training sentences) train again on all of them for as many epochs, and store the
weights in 8 bits, without the n-grams that hardly matter. Epochs, the weight of word lists and pruning are chosen.

Several annotation standards are learned together, and a model of each is written ("multi-criteria": Chen, Shi, Qiu and
Huang 2017; the sum of shared and own weights is Daume's, 2007).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws._native import LinearTrainer
from cws.corpus import check_sentences
from cws.corpus.marks import MarkedSentence
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet, Words
from cws.labelers.linear import NGRAM_TABLE
from cws.metrics import SegmentationCounts
from cws.tags import SBME
from cws.training.initial_model import InitialModel
from cws.training.linear_choice import Counts, Criterion, TrainerSegmenter, figure_name, mean_figure
from cws.training.linear_options import LinearOptions
from cws.training.linear_text import Part, Standard, encode_standards
from cws.training.linear_trainer import trainer_of_sequences
from cws.training.linear_weights import Tensors
from cws.training.ngram_classes import WordList, lexicon_entries, raw_entries
from cws.training.quantise import prune, quantise

log = logging.getLogger(__name__)

_OWN_KEYS = model_io.RESERVED | {"kind", "scheme", "scale", "ngram_table", "training", "dev"}  # of cws.json


@dataclass(frozen=True)
class LinearText:
    """All that a linear training learns from.

    Attributes:
        standards: Annotation standards; a model of each is made. Choices are made for the first, but how far the
            n-grams of each are pruned.
        word_lists: Words with their counts or None; most useful when they are not made from the training sentences.
        raw: N-grams of raw text with classes, as `raw_entries` takes them.
        initial: The model to begin with.
        choose_on: What the choices are made on; empty: dev of the first standard.
    """

    standards: Sequence[Standard]
    word_lists: Sequence[WordList] = ()
    raw: Sequence[tuple[NDArray[np.uint32], NDArray[np.uint16]]] = ()
    initial: InitialModel | None = None
    choose_on: Sequence[Criterion] = ()

    def alphabet(self) -> Alphabet:
        """Return the characters to tell apart."""
        if self.initial is not None:
            return self.initial.alphabet
        sentences = "".join(text for standard in self.standards for text in standard.texts())
        return Alphabet.of([sentences, *map("".join, self.word_lists)])


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
    """Train a model of one standard, write it, and return its counts on dev (before the last training, if any).

    Args:
        sentences: The words of each training sentence.
        dev: Sentences to choose epochs and pruning on; None takes a part of the training sentences.
        word_lists: As in `LinearText`.
        folder: Where the model goes, see `cws.model_io.write_model`.
        options: Hyper-parameters.
        description: More for the model's `cws.json`: sources, licences.
        log_line: Called with a line about each step.

    Raises:
        InputError: No sentences, one without words, or sentences that are not segmented; a learning rate so high that
            the loss is no number any more.
        FileError: The folder cannot be written.
    """
    text = LinearText([Standard("", [Part(sentences)], dev)], word_lists)
    [counts] = train_standards(text, [folder], options=options, descriptions=[description or {}], log_line=log_line)
    assert isinstance(counts, SegmentationCounts)
    return counts


def train_standards(
    text: LinearText,
    folders: Sequence[str | PathLike[str] | None],
    *,
    options: LinearOptions | None = None,
    descriptions: Sequence[Mapping[str, Any]] | None = None,
    log_line: Callable[[str], None] = log.info,
) -> list[Counts]:
    """Train one model for each standard, write them, and return the counts of each on its dev.

    Args:
        text: What to learn from.
        folders: Where the models go, in the order of the standards; None for one that is not wanted.
        options: Hyper-parameters.
        descriptions: More for the `cws.json` of each.
        log_line: Called with a line about each step.

    Raises:
        InputError, FileError: As `train_linear`.
    """
    options = options or LinearOptions()
    descriptions = descriptions or [{} for _ in folders]
    _check_input(text.standards, descriptions)
    started = time.perf_counter()
    training = _Training(text, options, log_line)
    splits = [standard.split(options.dev_fraction, options.seed) for standard in text.standards]
    criteria = [one.of(_dev(splits[0])) for one in text.choose_on or [Criterion(None)]]
    epochs, lexicon_weight, weights = training.choose(splits, criteria)
    is_again = any(standard.dev is None for standard in text.standards)
    if not is_again and options.averaged > 1:
        weights = training.averaged(splits, epochs, lexicon_weight)
    wanted = {at: folder for at, folder in enumerate(folders) if folder is not None}
    chosen = {}
    for at in wanted:
        on = criteria if at == 0 else [Criterion(_dev(splits[at]))]
        chosen[at] = prune(partial(training.tensors, at), weights[at], on, _dev(splits[at]), options, log_line)
    if is_again:
        del weights  # to hold memory down while the next trainer works
        weights = training.averaged(text.standards, epochs, lexicon_weight)
    for at, folder in wanted.items():
        tensors, counts, limit = chosen[at]
        final = training.tensors(at, weights[at], limit) if is_again else tensors
        values = {"epochs": epochs, "prune": limit, "lexicon_weight": lexicon_weight}
        config = training.config(at, descriptions[at], values, counts)
        model_io.write_model(folder, config, final, aligned="buckets")  # which are cache lines
    all_counts = {at: counts for at, (_, counts, _) in chosen.items()}
    log_line(f"{training.dev_line(all_counts)}; done in {time.perf_counter() - started:.0f} s")
    return list(all_counts.values())


class _Training:
    """What the trainings of one command share: alphabet, classes, options."""

    def __init__(self, text: LinearText, options: LinearOptions, log_line: Callable[[str], None]) -> None:
        self._text, self._options, self._log_line = text, options, log_line
        self._initial = text.initial
        self._scale = options.scale if text.initial is None else text.initial.scale
        self._alphabet = text.alphabet()
        lexicon = lexicon_entries(self._alphabet, text.word_lists, options.frequent)
        self._lists = [lexicon, *([raw_entries(self._alphabet, text.raw)] if text.raw else [])]

    def choose(self, standards: Sequence[Standard], criteria: Sequence[Criterion]) -> tuple[int, float, list[Tensors]]:
        """Train until the criteria say so; return the number of epochs, the weight of word lists, and all weights."""
        trainer = self._trainer(standards, self._options)
        self._log_line(
            f"{sum(len(part.sentences) for one in standards for part in one.parts):,} sentences to train on,"
            f" {sum(one.size for one in criteria):,} to choose on,"
            f" {len(self._lists[0].keys):,} words in the lexicon"
        )
        best, epochs, lexicon_weight, weights = -math.inf, 0, 1.0, list[Tensors]()
        for epoch in range(1, self._options.epochs + 1):
            begun = time.perf_counter()
            loss = trainer.run_epoch()
            if not math.isfinite(loss):
                raise InputError(
                    f"the loss of epoch {epoch} is {loss}: train with a learning rate below"
                    f" {self._options.learning_rate}"
                )
            figure, at_weight = self._best_weight(trainer, criteria)
            self._log_line(
                f"epoch {epoch:2}: loss {loss:.4f} nats a character, {figure_name(criteria)} {100 * figure:.2f},"
                f" {time.perf_counter() - begun:.1f} s"
            )
            if figure >= best + self._options.min_gain:
                best, epochs, lexicon_weight = figure, epoch, at_weight
                weights = self._weights(trainer, lexicon_weight)
            elif epoch - epochs >= self._options.patience:
                break
        return epochs, lexicon_weight, weights

    def averaged(self, standards: Sequence[Standard], epochs: int, lexicon_weight: float) -> list[Tensors]:
        """Return the mean weights of trainings that differ in the order of the sentences."""
        mean: list[Tensors] = []
        count = self._options.averaged
        sentences = sum(len(part.sentences) for standard in standards for part in standard.parts)
        for at in range(count):
            self._log_line(f"training {at + 1} of {count} on {sentences:,} sentences, {epochs} epochs")
            trainer = self._trainer(standards, replace(self._options, seed=self._options.seed + at))
            for _ in range(epochs):
                trainer.run_epoch()
            found = self._weights(trainer, lexicon_weight)
            for one, other in zip(mean, found, strict=False):
                for name, weights in other.items():
                    if weights.dtype == np.float32:
                        one[name] += (weights - one[name]) / (at + 1)
            mean = mean or found
        return mean

    def tensors(self, at: int, weights: Tensors, limit: int) -> Tensors:
        """Return the tensors of the model file of a standard."""
        if self._initial is not None:
            return self._initial.with_difference(weights, limit)
        own = self._text.standards[at].lexicon_prune
        return quantise(
            self._alphabet, weights, self._scale, limit, self._options.lexicon_prune if own is None else own
        )

    def config(
        self, at: int, description: Mapping[str, Any], chosen: Mapping[str, Any], counts: Counts
    ) -> dict[str, Any]:
        """Return the cws.json of the model of a standard."""
        standards = self._text.standards
        described = {name: value for name, value in asdict(self._options).items() if name != "lexicon_weights"}
        more: dict[str, Any] = {"sentences": sum(len(part.sentences) for part in standards[at].parts)}
        if len(standards) > 1:
            more["standards"] = {one.name: sum(len(part.sentences) for part in one.parts) for one in standards}
        if self._initial is not None:
            more |= {"init": self._initial.name, "init_share": self._initial.share}
            description = {"sources": self._initial.sources, **description}
        return {
            "kind": "linear",
            "scheme": SBME.name,
            "scale": self._scale,
            "ngram_table": NGRAM_TABLE,
            **description,
            "training": {**described, **chosen, **more},
            "dev": counts.as_dict(),
        }

    def dev_line(self, all_counts: Mapping[int, Counts]) -> str:
        """Return the figures of models on dev, by the numbers of their standards, in words."""
        lines = []
        for at, counts in all_counts.items():
            name = f"{self._text.standards[at].name}: " if len(self._text.standards) > 1 else ""
            if isinstance(counts, SegmentationCounts):
                lines.append(f"{name}dev F1 {100 * counts.f1:.2f}")
            else:
                lines.append(f"{name}objections {counts.per_hundred:.2f}")
        return ", ".join(lines)

    def _trainer(self, standards: Sequence[Standard], options: LinearOptions) -> LinearTrainer:
        sequences = encode_standards(standards, self._alphabet, self._initial)
        chain = None if self._initial is None else self._initial.chain()
        return trainer_of_sequences(self._alphabet, self._lists, sequences, options, chain)

    def _weights(self, trainer: LinearTrainer, lexicon_weight: float) -> list[Tensors]:
        return [
            trainer.weights(at, (lexicon_weight, self._options.lexicon_half)) for at in range(len(self._text.standards))
        ]

    def _best_weight(self, trainer: LinearTrainer, criteria: Sequence[Criterion]) -> tuple[float, float]:
        """Return the best figure of the weights of word lists that are tried, and the first that has it."""
        figures = []
        for weight in self._options.lexicon_weights:
            segment = TrainerSegmenter(trainer, self._alphabet, 0, (weight, self._options.lexicon_half), self._initial)
            figures.append(mean_figure(criteria, segment))
        best = max(figures)
        return best, self._options.lexicon_weights[figures.index(best)]


def _dev(standard: Standard) -> Sequence[Words] | Sequence[MarkedSentence]:
    assert standard.dev is not None
    return standard.dev


def _check_input(standards: Sequence[Standard], descriptions: Sequence[Mapping[str, Any]]) -> None:
    for standard in standards:
        if not any(part.sentences for part in standard.parts):
            raise InputError("no training sentences: give one or more")
        parts: list[tuple[str, Sequence[Any]]] = [("training", part.sentences) for part in standard.parts]
        for name, sentences in [*parts, ("dev", standard.dev or ())]:
            if any(not isinstance(one, MarkedSentence) and not one for one in sentences):
                raise InputError(f"a {name} sentence without words: leave it out")
            check_sentences([one for one in sentences if not isinstance(one, MarkedSentence)], name)
        if standard.dev is not None and not standard.dev:
            raise InputError("no dev sentences: give one or more, or None to take a part of the training sentences")
    if len({standard.name for standard in standards}) < len(standards):
        raise InputError("two standards have the same name: give each a name of its own")
    for description in descriptions:
        if reserved := sorted(_OWN_KEYS & set(description)):
            raise InputError(f"the description of a model must not have {', '.join(reserved)}: choose other names")
