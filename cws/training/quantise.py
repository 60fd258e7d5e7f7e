"""From the float weights of a linear training to the tensors of its model file: 8 bits, and few n-grams.

Which n-grams are left out is chosen on dev: as many as cost no more than a tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cws import model_io
from cws._native import LinearPredictor, build_table
from cws.corpus.marks import MarkedSentence
from cws.labelers.alphabet import Alphabet, Words
from cws.labelers.character_classes import ABSENT
from cws.training.linear_choice import Counts, Criterion, Segment, figure, figure_name, mean_figure
from cws.training.linear_options import LinearOptions
from cws.training.linear_weights import WEIGHTS_LIMIT, Tensors, in_steps

_FOURGRAMS = 2.4  # times the limit of shorter n-grams


def prune(
    make_tensors: Callable[[Tensors, int], Tensors],
    weights: Tensors,
    criteria: Sequence[Criterion],
    dev: Sequence[Words] | Sequence[MarkedSentence],
    options: LinearOptions,
    log_line: Callable[[str], None],
) -> tuple[Tensors, Counts, int]:
    """Return the smallest tensors that lose no more than the tolerance, their counts on dev, and the limit.

    Args:
        make_tensors: What makes the tensors of a model file of weights and limit, such as `quantise`.
        weights: What `LinearTrainer.weights` returned.
        criteria: What the loss is measured on.
        dev: What the counts are of.
        options: Which limits are tried.
        log_line: Called with a line about what was chosen.
    """

    def try_limit(limit: int) -> tuple[Tensors, Counts, float]:
        tensors = make_tensors(weights, limit)
        segment = _segmenter(tensors)
        counts = Criterion(dev).counts(segment)
        is_dev = len(criteria) == 1 and criteria[0].sentences is dev
        return tensors, counts, figure(counts) if is_dev else mean_figure(criteria, segment)

    tensors, counts, whole = try_limit(0)
    value, limit = whole, 0
    for candidate in options.prune:
        pruned, pruned_counts, pruned_value = try_limit(candidate)
        if pruned_value >= whole - options.tolerance:
            tensors, counts, value, limit = pruned, pruned_counts, pruned_value, candidate
            break
    log_line(
        f"8-bit weights: {figure_name(criteria)} {100 * whole:.2f}; without n-grams below {limit + 1} of"
        f" {WEIGHTS_LIMIT}: {100 * value:.2f}, {sum(tensor.nbytes for tensor in tensors.values()) / 1e6:.1f} MB"
    )
    return tensors, counts, limit


def quantise(alphabet: Alphabet, weights: Tensors, scale: float, limit: int, lexicon_limit: int = 0) -> Tensors:
    """Return the tensors of a model file.

    Args:
        alphabet: The model's characters.
        weights: What `LinearTrainer.weights` returned; float32, in nats.
        scale: Nats of one step.
        limit: N-grams of no lexicon are left out if no weight of theirs is beyond this many steps.
        lexicon_limit: The same of the others, and 2.4 times as much of 4-grams, each of which takes two entries. (What
            a lexicon tells is of use for words that were not in the training sentences.)
    """
    names = ("unigrams", "ngrams", "type_contexts", "repetitions", "transitions", "start", "end")
    tensors = {name: in_steps(name, weights[name] / scale) for name in names}
    ngrams = tensors.pop("ngrams")
    largest = np.abs(ngrams).max(axis=(1, 2), initial=0)
    is_fourgram = weights["keys"] >> np.uint64(48) != ABSENT
    of_lexicon = np.where(is_fourgram, _FOURGRAMS * lexicon_limit, lexicon_limit)
    kept = largest > np.where(weights["in_lexicon"], of_lexicon, limit)
    buckets, pilots = build_table(weights["keys"][kept], np.ascontiguousarray(ngrams[kept]))
    return {
        "characters": alphabet.characters,
        "types": alphabet.types,
        "unigrams": tensors.pop("unigrams"),
        "buckets": buckets,
        "pilots": pilots,
        **tensors,
    }


def _segmenter(tensors: Tensors) -> Segment:
    """Return the function that segments with a model which is not written yet."""
    native = LinearPredictor({name: model_io.aligned(tensor) for name, tensor in tensors.items()}, 1.0)
    return lambda texts: [native.segment(text) for text in texts]
