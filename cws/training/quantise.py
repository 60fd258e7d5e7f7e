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
from cws.labelers.alphabet import Alphabet, Words
from cws.metrics import SegmentationCounts, score
from cws.training.linear_options import LinearOptions

Tensors = dict[str, NDArray[Any]]

WEIGHTS_LIMIT = 127  # of 8-bit weights


def prune(
    alphabet: Alphabet, weights: Tensors, dev: Sequence[Words], options: LinearOptions, log_line: Callable[[str], None]
) -> tuple[Tensors, SegmentationCounts, int]:
    """Return the smallest quantised tensors that lose no more than the tolerance on dev, their counts and limit."""
    tensors = quantise(alphabet, weights, options.scale, 0)
    counts = evaluate_tensors(tensors, dev)
    whole, limit = counts.f1, 0
    for candidate in options.prune:
        pruned = quantise(alphabet, weights, options.scale, candidate)
        pruned_counts = evaluate_tensors(pruned, dev)
        if pruned_counts.f1 >= whole - options.tolerance:
            tensors, counts, limit = pruned, pruned_counts, candidate
            break
    log_line(
        f"8-bit weights: dev F1 {100 * whole:.2f}; without n-grams below {limit + 1} of {WEIGHTS_LIMIT}:"
        f" {100 * counts.f1:.2f}, {sum(tensor.nbytes for tensor in tensors.values()) / 1e6:.1f} MB"
    )
    return tensors, counts, limit


def quantise(alphabet: Alphabet, weights: Tensors, scale: float, limit: int) -> Tensors:
    """Return the tensors of a model file.

    Args:
        alphabet: The model's characters.
        weights: What `LinearTrainer.weights` returned; float32, in nats.
        scale: Nats of one step.
        limit: N-grams of no lexicon are left out if no weight of theirs is beyond this many steps; others if all
            weights are zero. (What a lexicon tells is of use for words that were not in the training sentences.)
    """
    eight = {
        name: np.rint(weights[name] / scale).clip(-WEIGHTS_LIMIT, WEIGHTS_LIMIT).astype(np.int8)
        for name in ("unigrams", "ngrams")
    }
    sixteen = {
        name: np.rint(weights[name] / scale).clip(-10_000, 10_000).astype(np.int16)
        for name in ("type_contexts", "repetitions", "transitions", "start", "end")
    }
    kept = np.abs(eight["ngrams"]).max(axis=(1, 2)) > np.where(weights["in_lexicon"], 0, limit)
    buckets, pilots = build_table(weights["keys"][kept], np.ascontiguousarray(eight["ngrams"][kept]))
    return {
        "characters": alphabet.characters,
        "types": alphabet.types,
        "unigrams": eight["unigrams"],
        "buckets": buckets,
        "pilots": pilots,
        **sixteen,
    }


def evaluate_tensors(tensors: Tensors, sentences: Sequence[Words]) -> SegmentationCounts:
    """Return the counts of a model that is not written yet."""
    aligned = {name: _aligned(tensor) for name, tensor in tensors.items()}
    native = LinearPredictor(aligned, 1.0)
    return score(sentences, (native.segment("".join(words)) for words in sentences))


def _aligned(tensor: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that begins at a multiple of a cache line, as it will in the file."""
    room = np.empty(tensor.nbytes + model_io.ALIGNMENT, np.uint8)
    begin = -room.ctypes.data % model_io.ALIGNMENT
    copy = room[begin : begin + tensor.nbytes].view(tensor.dtype).reshape(tensor.shape)
    copy[...] = tensor
    return copy
