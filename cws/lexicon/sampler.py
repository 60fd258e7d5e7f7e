"""Words in context: a bigram model of the words of a text, found by sampling.

Frequent neighbours (的人, 他说) look like words to a model without context; a model of pairs of words needs no word for
them, because it knows that the one often follows the other (Goldwater, Griffiths and Johnson, "A Bayesian framework for
word segmentation", 2009). cws/native/lexicon/word_sampler.h has the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cws._native import WordSampler
from cws.errors import InputError
from cws.lexicon.words import SegmentedRuns, codes_of

LONGEST = 8


@dataclass(frozen=True)
class SamplerOptions:
    """Hyper-parameters of the sampler, chosen on the dev set of ctb6."""

    longest: int = 4  # symbols of a word
    sweeps: int = 40  # over the text
    discount: float = 0.5  # of pairs
    strength: float = 1.0
    unigram_discount: float = 0.5  # of words
    unigram_strength: float = 10.0
    mean_length: float = 1.8  # of a word type, in symbols
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
    words: SegmentedRuns,
    options: SamplerOptions | None = None,
    *,
    progress: Callable[[int, float, int], None] | None = None,
) -> SegmentedRuns:
    """Return the words of each run anew, drawn from the model; the same for the same seed.

    Args:
        words: For a start.
        options: Hyper-parameters.
        progress: Called after each sweep with its number, the log-probability of the text and the word types.
    """
    options = options or SamplerOptions()
    codes = codes_of(words.text)
    number = np.cumsum(np.bincount(codes) > 0, dtype=np.uint32) - 1  # of each code point that occurs
    sampler = WordSampler(
        number[codes].astype(np.uint32),
        words.offsets.astype(np.uint64),
        words.ends,
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
            progress(sweep, log_probability, sampler.word_types)
    return replace(words, ends=sampler.ends())
