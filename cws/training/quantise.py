"""From the float weights of a linear training to the tensors of its model file: 8 bits, and few n-grams.

Which n-grams are left out is chosen on dev: as many as cost no more than a tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws._native import LinearPredictor, build_table
from cws.corpus.marks import MarkedSentence
from cws.labelers.alphabet import Alphabet, Words
from cws.training.linear_choice import Counts, Criterion, Segment, figure, mean_figure
from cws.training.linear_options import LinearOptions

Tensors = dict[str, NDArray[Any]]

WEIGHTS_LIMIT = 127  # of 8-bit weights


def prune(
    make_tensors: Callable[[Tensors, int, int], Tensors],
    weights: Tensors,
    criteria: Sequence[Criterion],
    dev: Sequence[Words] | Sequence[MarkedSentence],
    options: LinearOptions,
    log_line: Callable[[str], None],
    megabytes: float | None = None,
) -> tuple[Tensors, Counts, tuple[int, int]]:
    """Return the smallest tensors that lose no more than the tolerance, their counts on dev, and the limits.

    Args:
        make_tensors: What makes the tensors of a model file of weights and both limits, such as `quantise`.
        weights: What `LinearTrainer.weights` returned.
        criteria: What the loss is measured on.
        dev: What the counts are of.
        options: Which limits are tried.
        log_line: Called with a line about what was chosen.
        megabytes: What the tensors may take. Beyond it the limits rise, that of lexicons twice as high, whatever it
            costs: most of them are words that no training sentence has.
    """

    def try_limits(limit: int, lexicon_limit: int = 0) -> tuple[Tensors, Counts, float]:
        tensors = make_tensors(weights, limit, lexicon_limit)
        segment = _segmenter(tensors)
        counts = Criterion(dev).counts(segment)
        is_dev = len(criteria) == 1 and criteria[0].sentences is dev
        return tensors, counts, figure(counts) if is_dev else mean_figure(criteria, segment)

    tensors, counts, whole = try_limits(0)
    value, limit, lexicon_limit = whole, 0, 0
    for candidate in options.prune:
        pruned, pruned_counts, pruned_value = try_limits(candidate)
        if pruned_value >= whole - options.tolerance:
            tensors, counts, value, limit = pruned, pruned_counts, pruned_value, candidate
            break
    while megabytes is not None and _megabytes(tensors) > megabytes and limit < WEIGHTS_LIMIT:
        lexicon_limit = max(lexicon_limit + 1, 2 * limit)
        limit = max(limit, lexicon_limit // 2)
        if _megabytes(make_tensors(weights, limit, lexicon_limit)) <= megabytes or limit >= WEIGHTS_LIMIT:
            tensors, counts, value = try_limits(limit, lexicon_limit)
    log_line(
        f"8-bit weights: dev F1 {100 * whole:.2f}; without n-grams below {limit + 1} of {WEIGHTS_LIMIT}:"
        f" {100 * value:.2f}, {_megabytes(tensors):.1f} MB"
    )
    return tensors, counts, (limit, min(lexicon_limit, WEIGHTS_LIMIT))


def _megabytes(tensors: Tensors) -> float:
    return sum(tensor.nbytes for tensor in tensors.values()) / 1e6


def quantise(alphabet: Alphabet, weights: Tensors, scale: float, limit: int, lexicon_limit: int = 0) -> Tensors:
    """Return the tensors of a model file.

    Args:
        alphabet: The model's characters.
        weights: What `LinearTrainer.weights` returned; float32, in nats.
        scale: Nats of one step.
        limit: N-grams of no lexicon are left out if no weight of theirs is beyond this many steps.
        lexicon_limit: The same of the others. (What a lexicon tells is of use for words that were not in the training
            sentences.)
    """
    eight = {
        name: np.rint(weights[name] / scale).clip(-WEIGHTS_LIMIT, WEIGHTS_LIMIT).astype(np.int8)
        for name in ("unigrams", "ngrams")
    }
    sixteen = {
        name: np.rint(weights[name] / scale).clip(-10_000, 10_000).astype(np.int16)
        for name in ("type_contexts", "repetitions", "transitions", "start", "end")
    }
    kept = np.abs(eight["ngrams"]).max(axis=(1, 2)) > np.where(weights["in_lexicon"], lexicon_limit, limit)
    buckets, pilots = build_table(weights["keys"][kept], np.ascontiguousarray(eight["ngrams"][kept]))
    return {
        "characters": alphabet.characters,
        "types": alphabet.types,
        "unigrams": eight["unigrams"],
        "buckets": buckets,
        "pilots": pilots,
        **sixteen,
    }


def _segmenter(tensors: Tensors) -> Segment:
    """Return the function that segments with a model which is not written yet."""
    native = LinearPredictor({name: model_io.aligned(tensor) for name, tensor in tensors.items()}, 1.0)
    return lambda texts: [native.segment(text) for text in texts]
