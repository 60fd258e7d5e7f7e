"""Scores of a segmentation against gold, as the SIGHAN bakeoffs count them.

Precision, recall and F1 are over words found, by place: a predicted word is correct when gold has a word of the same
characters at the same place. OOV recall is over the gold words that the training words do not hold. Sproat & Emerson,
"The first international Chinese word segmentation bakeoff" (2003).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from cws.errors import InputError
from cws.tags import words_to_spans


@dataclass(frozen=True)
class SegmentationCounts:
    """Counts of any number of sentences; counts add up, starting from `SegmentationCounts()`.

    All figures are shares from 0 to 1, and 0.0 where there is nothing to count (no words, no OOV words).

    Attributes:
        sentences: Sentences counted.
        gold_words: Words in the gold standard.
        predicted_words: Words predicted.
        correct_words: Words in both at the same place.
        oov_gold: Gold words that are not in the vocabulary; None when no vocabulary was given.
        oov_correct: Those of them that were found; None when no vocabulary was given.
    """

    sentences: int = 0
    gold_words: int = 0
    predicted_words: int = 0
    correct_words: int = 0
    oov_gold: int | None = None
    oov_correct: int | None = None

    @property
    def precision(self) -> float:
        """The share of the predicted words that are correct."""
        return _share(self.correct_words, self.predicted_words)

    @property
    def recall(self) -> float:
        """The share of the gold words that were found."""
        return _share(self.correct_words, self.gold_words)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.correct_words, self.gold_words + self.predicted_words)

    @property
    def oov_rate(self) -> float | None:
        """The share of the gold words that are not in the vocabulary; None without a vocabulary."""
        return None if self.oov_gold is None else _share(self.oov_gold, self.gold_words)

    @property
    def oov_recall(self) -> float | None:
        """The share of the gold words outside the vocabulary that were found; None without a vocabulary."""
        return None if self.oov_gold is None else _share(self.oov_correct or 0, self.oov_gold)

    @property
    def iv_recall(self) -> float | None:
        """The share of the gold words in the vocabulary that were found; None without a vocabulary."""
        if self.oov_gold is None:
            return None
        return _share(self.correct_words - (self.oov_correct or 0), self.gold_words - self.oov_gold)

    def __add__(self, other: SegmentationCounts) -> SegmentationCounts:
        if not self.sentences or not other.sentences:
            return self if self.sentences else other
        if self.oov_gold is None or self.oov_correct is None or other.oov_gold is None or other.oov_correct is None:
            if self.oov_gold != other.oov_gold:
                raise InputError("cannot add counts with a vocabulary to counts without: give it for all or for none")
            oov_gold = oov_correct = None
        else:
            oov_gold, oov_correct = self.oov_gold + other.oov_gold, self.oov_correct + other.oov_correct
        return SegmentationCounts(
            self.sentences + other.sentences,
            self.gold_words + other.gold_words,
            self.predicted_words + other.predicted_words,
            self.correct_words + other.correct_words,
            oov_gold,
            oov_correct,
        )

    def as_dict(self) -> dict[str, int | float | None]:
        """Return counts and figures, ready for JSON."""
        figures = ("precision", "recall", "f1", "oov_rate", "oov_recall", "iv_recall")
        return {**self.__dict__, **{name: getattr(self, name) for name in figures}}

    def __str__(self) -> str:
        """A table in Markdown, which is also readable as it is; figures in percent."""
        cells = {"sentences": f"{self.sentences:,}", "words": f"{self.gold_words:,}"}
        figures = {"P": self.precision, "R": self.recall, "F1": self.f1}
        if self.oov_rate is not None and self.oov_recall is not None and self.iv_recall is not None:
            figures |= {"OOV rate": self.oov_rate, "OOV recall": self.oov_recall, "IV recall": self.iv_recall}
        cells |= {name: f"{100 * figure:.2f}" for name, figure in figures.items()}
        return one_row_table(cells)


def one_row_table(cells: Mapping[str, str]) -> str:
    """Return a table in Markdown of one row, whose columns are named by the keys."""
    widths = [max(len(name), len(cell)) for name, cell in cells.items()]
    rows = [cells.keys(), ["-" * (width - 1) + ":" for width in widths], cells.values()]
    return "\n".join(f"| {' | '.join(map(str.rjust, row, widths))} |" for row in rows)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def count_sentence(
    gold: Sequence[str], predicted: Sequence[str], vocabulary: Container[str] | None = None
) -> SegmentationCounts:
    """Return the counts of one sentence, in time linear in its length.

    Args:
        gold: The gold words.
        predicted: The predicted words of the same text.
        vocabulary: The words of the training data (a set, not a list: it is asked for every word), for OOV recall.

    Raises:
        InputError: The two do not spell the same text.
    """
    check_same_text("".join(gold), "".join(predicted))
    found = set(words_to_spans(predicted))
    hits = [span in found for span in words_to_spans(gold)]
    if vocabulary is None:
        return SegmentationCounts(1, len(gold), len(predicted), sum(hits))
    oov_hits = [hit for word, hit in zip(gold, hits, strict=True) if word not in vocabulary]
    return SegmentationCounts(1, len(gold), len(predicted), sum(hits), len(oov_hits), sum(oov_hits))


def score(
    gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], vocabulary: Container[str] | None = None
) -> SegmentationCounts:
    """Return the counts of all sentences; arguments as for `count_sentence`.

    Raises:
        InputError: Different numbers of sentences, or a sentence that spells another text, with its number.
    """
    return sum(each_count(gold, predicted, vocabulary), SegmentationCounts())


def each_count(
    gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], vocabulary: Container[str] | None = None
) -> Iterator[SegmentationCounts]:
    """Yield the counts of each sentence; arguments and errors as of `score`."""
    for number, (ours, theirs) in enumerate(zip_longest(gold, predicted), 1):
        if ours is None or theirs is None:
            short, long = ("gold", "predicted") if ours is None else ("predicted", "gold")
            raise InputError(f"{short} ends after {number - 1} sentences, {long} goes on: score the same sentences")
        try:
            yield count_sentence(ours, theirs, vocabulary)
        except InputError as error:
            raise InputError(f"sentence {number}: {error}") from None


def check_same_text(gold: str, predicted: str, name: str = "gold") -> None:
    """Raise InputError, with the place, if predicted words spell another text than gold, which messages call `name`."""
    if gold == predicted:
        return
    shorter = min(len(gold), len(predicted))
    at = next((i for i in range(shorter) if gold[i] != predicted[i]), shorter)
    here = f"{name} has {gold[at : at + 10]!r}, predicted {predicted[at : at + 10]!r}"
    raise InputError(f"{name} and predicted must spell the same text, but at character {at} {here}")
