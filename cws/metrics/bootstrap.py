"""Whether two segmentations of the same sentences differ in F1, or only by chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cws.errors import InputError
from cws.metrics.segmentation import each_count

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
        for x, y in zip(each_count(gold, a), each_count(gold, b), strict=True)
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
