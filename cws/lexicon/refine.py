"""Words in context: a bigram model of the words of a text, found by sampling.

Frequent neighbours (的人, 他说) look like words to a model without context; a model of pairs of words needs no word for
them, because it knows that the one often follows the other (Goldwater, Griffiths and Johnson, "A Bayesian framework for
word segmentation", 2009). cws/native/lexicon_sampler.h has the model.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cws._native import WordSampler
from cws.errors import InputError

LONGEST = 8


@dataclass(frozen=True)
class SamplerOptions:
    """Hyper-parameters of the sampler, chosen on the dev set of ctb6."""

    longest: int = 4  # units of a word
    sweeps: int = 40  # over the text
    discount: float = 0.5  # of pairs
    strength: float = 1.0
    unigram_discount: float = 0.5  # of words
    unigram_strength: float = 10.0
    mean_length: float = 1.8  # of a kind of word, in units
    seed: int = 1

    def __post_init__(self) -> None:
        for name, allowed in (
            ("longest", 1 <= self.longest <= LONGEST),
            ("sweeps", self.sweeps >= 0),
            ("discount", 0 <= self.discount < 1),
            ("strength", self.strength > 0),
            ("unigram_discount", 0 <= self.unigram_discount < 1),
            ("unigram_strength", self.unigram_strength > 0),
            ("mean_length", 0 < self.mean_length < 100),
            ("seed", 0 <= self.seed < 2**64),
        ):
            if not allowed:
                raise InputError(f"{name} of the sampler cannot be {getattr(self, name)}: see SamplerOptions")


def refine(
    lines: list[list[str]],
    options: SamplerOptions | None = None,
    *,
    progress: Callable[[int, float, int], None] | None = None,
) -> list[list[str]]:
    """Return the words of each run anew, drawn from the model; the same for the same seed.

    Args:
        lines: The words of each run, for a start; no run is empty.
        options: Hyper-parameters.
        progress: Called after each sweep with its number, the log-probability of the text and the kinds of words.
    """
    options = options or SamplerOptions()
    text = "".join(map("".join, lines))
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    units = np.unique(codes, return_inverse=True)[1].astype(np.uint32)
    lengths = np.array([len(word) for line in lines for word in line], np.int64)
    ends = np.zeros(len(units), np.uint8)
    ends[np.cumsum(lengths) - 1] = 1
    offsets = np.cumsum([0, *(sum(map(len, line)) for line in lines)]).astype(np.uint64)
    sampler = WordSampler(
        units,
        offsets,
        ends,
        longest=options.longest,
        discount=options.discount,
        strength=options.strength,
        unigram_discount=options.unigram_discount,
        unigram_strength=options.unigram_strength,
        mean_length=options.mean_length,
        seed=options.seed,
    )
    for sweep in range(1, options.sweeps + 1):
        log_probability = sampler.sweep()
        if progress:
            progress(sweep, log_probability, sampler.kinds)
    return _lines(text, sampler.ends(), offsets)


def _lines(text: str, ends: NDArray[np.uint8], offsets: NDArray[np.uint64]) -> list[list[str]]:
    places = (np.nonzero(ends)[0] + 1).tolist()
    words = [text[begin:end] for begin, end in zip([0, *places], places, strict=False)]
    firsts = np.searchsorted(places, offsets).tolist()  # the words that end at or before a run's begin
    counted = [first + (offset > 0) for first, offset in zip(firsts, offsets.tolist(), strict=True)]
    return [words[begin:end] for begin, end in itertools.pairwise(counted)]


def word_counts(lines: list[list[str]]) -> Counter[str]:
    """Return how often each word is there."""
    return Counter(word for line in lines for word in line)
