"""Scores of a segmentation, as the SIGHAN bakeoffs count them, and whether two of them differ.

Precision, recall and F1 are over words found, by place: a predicted word is correct when gold has a word of the same
characters at the same place. OOV recall is over the gold words that the training words do not hold. Sproat & Emerson,
"The first international Chinese word segmentation bakeoff" (2003).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from cws.errors import InputError
from cws.tags import words_to_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    _check_same_text("".join(gold), "".join(predicted))
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
    return sum(_counts(gold, predicted, vocabulary), SegmentationCounts())


def _counts(
    gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], vocabulary: Container[str] | None = None
) -> Iterator[SegmentationCounts]:
    """Yield the counts of each sentence."""
    for number, (ours, theirs) in enumerate(zip_longest(gold, predicted), 1):
        if ours is None or theirs is None:
            short, long = ("gold", "predicted") if ours is None else ("predicted", "gold")
            raise InputError(f"{short} ends after {number - 1} sentences, {long} goes on: score the same sentences")
        try:
            yield count_sentence(ours, theirs, vocabulary)
        except InputError as error:
            raise InputError(f"sentence {number}: {error}") from None


def _check_same_text(gold: str, predicted: str) -> None:
    if gold == predicted:
        return
    shorter = min(len(gold), len(predicted))
    at = next((i for i in range(shorter) if gold[i] != predicted[i]), shorter)
    here = f"gold has {gold[at : at + 10]!r}, predicted {predicted[at : at + 10]!r}"
    raise InputError(f"gold and predicted must spell the same text, but at character {at} {here}")


@dataclass(frozen=True)
class BootstrapResult:
    """What `paired_bootstrap` found; F1 from 0 to 1.

    Attributes:
        f1_a: F1 of the first system.
        f1_b: F1 of the second.
        difference: f1_a - f1_b.
        p_value: How often a difference at least this large, either way, comes by chance if there is none.
        interval: The 95 % confidence interval of the difference (percentiles).
        samples: How many samples were drawn.
    """

    f1_a: float
    f1_b: float
    difference: float
    p_value: float
    interval: tuple[float, float]
    samples: int


def paired_bootstrap(
    gold: Iterable[Sequence[str]],
    a: Iterable[Sequence[str]],
    b: Iterable[Sequence[str]],
    samples: int = 10_000,
    seed: int = 0,
) -> BootstrapResult:
    """Return whether systems a and b differ on the same test set, by drawing its sentences again and again.

    Koehn, "Statistical significance tests for machine translation evaluation" (2004). The p-value is two-sided, from
    the samples' differences shifted to a mean of no difference (Efron & Tibshirani, "An introduction to the bootstrap",
    1993, chapter 16); it is never below 1 / (samples + 1).

    Raises:
        InputError: No sentences, no samples, or sentences that do not match, as in `score`.
    """
    import numpy as np

    gold = list(gold)
    if not gold or samples < 1:
        raise InputError(f"the bootstrap needs sentences and samples, got {len(gold)} and {samples}")
    rows = [
        (x.gold_words, x.predicted_words, x.correct_words, y.predicted_words, y.correct_words)
        for x, y in zip(_counts(gold, a), _counts(gold, b), strict=True)
    ]
    counts = np.array(rows, dtype=np.float64)  # exact for counts, and has a fast matrix product
    f1_a, f1_b = (float(f1) for f1 in _f1_pair(counts.sum(axis=0)))
    observed = f1_a - f1_b
    differences = _sample_differences(counts, samples, seed)
    extreme = int(np.count_nonzero(np.abs(differences - observed) >= abs(observed)))
    low, high = (float(bound) for bound in np.percentile(differences, [2.5, 97.5]))
    return BootstrapResult(f1_a, f1_b, observed, (1 + extreme) / (1 + samples), (low, high), samples)


def _sample_differences(counts: NDArray[np.float64], samples: int, seed: int) -> NDArray[np.float64]:
    """Return F1 of a less F1 of b in each sample; counts have shape (sentences, 5)."""
    import numpy as np

    generator = np.random.default_rng(seed)
    n = len(counts)
    at_once = max(1, 1_000_000 // n)  # samples drawn together, to hold memory to some 30 MB
    differences = np.empty(samples)
    for start in range(0, samples, at_once):
        size = min(at_once, samples - start)
        drawn = generator.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        # shape: (size, sentences), how often each sentence was drawn
        weights = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        of_a, of_b = _f1_pair(weights @ counts)
        differences[start : start + size] = of_a - of_b
    return differences


def _f1_pair(totals: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return F1 of a and of b for totals of shape (..., 5); without words 0, as in SegmentationCounts."""
    gold, predicted_a, correct_a, predicted_b, correct_b = totals.T
    return 2 * correct_a / (gold + predicted_a).clip(1), 2 * correct_b / (gold + predicted_b).clip(1)
