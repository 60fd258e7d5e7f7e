"""What a training chooses on: gold of any standard, readers' marks, or a weighted mean of such figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cws._native import LinearTrainer
from cws.corpus.marks import MarkedSentence
from cws.decode import viterbi
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet, Words
from cws.metrics import MarkCounts, SegmentationCounts, score, score_marks
from cws.tags import SBME
from cws.training.initial_model import InitialModel

Segment = Callable[[Sequence[str]], list[list[str]]]
Counts = SegmentationCounts | MarkCounts
_RUN = re.compile(r"\s+|\S+")  # the model sees nothing across white space
_TOGETHER = 1 << 20  # characters that are scored at once


@dataclass(frozen=True)
class Criterion:
    """Sentences to choose on: the higher the figure, the better the model.

    Attributes:
        sentences: Words, scored by F1; or marked sentences, scored by the share of demanded words without objection.
            None stands for dev of the first standard, which may be taken from the training sentences later.
        weight: In the mean with other criteria.
    """

    sentences: Sequence[Words] | Sequence[MarkedSentence] | None
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.sentences is not None and not self.sentences:
            raise InputError("no dev sentences: give one or more, or None to take a part of the training sentences")
        if not 0 < self.weight < float("inf"):
            raise InputError(f"the weight of what to choose on must be above 0, got {self.weight}")

    def of(self, dev: Sequence[Words] | Sequence[MarkedSentence]) -> Criterion:
        """Return the same with dev in place of None."""
        return Criterion(dev, self.weight) if self.sentences is None else self

    @property
    def size(self) -> int:
        """The number of sentences."""
        return len(self.sentences or ())

    @property
    def has_marks(self) -> bool:
        """Whether the sentences are marked."""
        return self.sentences is not None and isinstance(self.sentences[0], MarkedSentence)

    def counts(self, segment: Segment) -> Counts:
        """Return the counts of the words that a function returns for all texts."""
        if self.has_marks:
            marked: Sequence[MarkedSentence] = self.sentences  # type: ignore[assignment]  # all of one kind
            return score_marks(marked, segment([sentence.text for sentence in marked]))
        gold: Sequence[Words] = self.sentences  # type: ignore[assignment]
        return score(gold, segment(["".join(words) for words in gold]))


def figure(counts: Counts) -> float:
    """Return what is to be large, at most 1: F1, or the share of demanded words without objection."""
    return counts.f1 if isinstance(counts, SegmentationCounts) else 1 - counts.per_hundred / 100


def mean_figure(criteria: Sequence[Criterion], segment: Segment) -> float:
    """Return the weighted mean of the figures."""
    total = sum(criterion.weight for criterion in criteria)
    return sum(criterion.weight * figure(criterion.counts(segment)) for criterion in criteria) / total


def figure_name(criteria: Sequence[Criterion]) -> str:
    """Return what the mean figure of criteria is called."""
    if len(criteria) == 1:
        return "100 - objections" if criteria[0].has_marks else "dev F1"
    return "mean figure"


class TrainerSegmenter:
    """Segments by the weights of a trainer so far, without units.

    Args:
        trainer: It may go on training.
        alphabet: Its characters.
        standard: Whose words.
        trust: How much more what word lists say is trusted, see LexiconTrust of linear_trainer.h.
        initial: The model it began with.
    """

    def __init__(
        self,
        trainer: LinearTrainer,
        alphabet: Alphabet,
        standard: int = 0,
        trust: tuple[float, float] = (1.0, 1.0),
        initial: InitialModel | None = None,
    ) -> None:
        self._trainer, self._alphabet, self._standard = trainer, alphabet, standard
        self._trust, self._initial = trust, initial

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        found: list[list[str]] = []
        block: list[str] = []
        size = 0
        for text in texts:
            block.append(text)
            size += len(text)
            if size >= _TOGETHER:
                found += self._segment(block)
                block, size = [], 0
        return found + self._segment(block)

    def _segment(self, texts: Sequence[str]) -> list[list[str]]:
        runs = [run for text in texts for run in _RUN.findall(text)]
        if not runs:
            return [[] for _ in texts]
        lengths = np.fromiter(map(len, runs), np.int64, len(runs))
        codes = self._alphabet.encode_sequences("".join(runs))
        first = np.empty(0, np.float32) if self._initial is None else self._initial.emissions(runs)
        emissions = self._trainer.emissions(codes, lengths, self._standard, self._trust, first)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        tags = viterbi(emissions, offsets, *self._trainer.chain(self._standard), legality=SBME).tags.tobytes()
        words_of_runs = iter(
            [run[start:end] for start, end in SBME.tags_to_spans(tags[begin : begin + len(run)])]
            for run, begin in zip(runs, offsets.tolist(), strict=False)
        )
        return [[word for _ in _RUN.findall(text) for word in next(words_of_runs)] for text in texts]
