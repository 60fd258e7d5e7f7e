"""Re-estimation of hidden Markov models of order 1 on raw text (Baum et al. 1970)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from cws import decode
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import FIRST_KNOWN
from cws.tags import SBME
from cws.training.hmm import Hmm, log_of, places_of
from cws.training.hmm_options import HmmOptions

_IMPOSSIBLE = -1e3  # nats, for -inf, which sums of logarithms would make a NaN of


def reestimate(
    hmm: Hmm,
    texts: Iterable[str],
    *,
    options: HmmOptions | None = None,
    log_line: Callable[[str], None] | None = None,
) -> Hmm:
    """Return the model that explains raw text better.

    Each iteration counts every tag as often as the model expects it, and takes the counts for a new model; the
    likelihood of the texts never falls. What makes words for it need not be what makes words for a reader: a good
    model usually gets worse at segmenting, which is why this is a study and not a recipe.

    Args:
        hmm: Where to begin.
        texts: Sentences, without white space; characters the model does not know are added to it.
        options: How many iterations, at most.
        log_line: Called with a line for each iteration: the log-likelihood per character.

    Raises:
        InputError: No text.
    """
    options = options or HmmOptions()
    sentences = [[text] for text in texts if text]
    if not sentences:
        raise InputError("no text to learn from: give a file of raw text")
    hmm = _widen(hmm, Alphabet.of("".join(words) for words in sentences))
    codes, _, lengths = hmm.alphabet.encode_corpus(sentences)
    before = -np.inf
    for iteration in range(options.iterations + 1):
        expected = _expect(hmm, codes, lengths)
        likelihood = float(expected.log_partition.sum() / len(codes))
        if log_line:
            log_line(f"iteration {iteration}: log-likelihood {likelihood:.6f} a character")
        if iteration == options.iterations or likelihood < before + options.min_gain:
            break
        before = likelihood
        hmm = _maximise(hmm, codes, lengths, expected)
    return hmm


def _expect(hmm: Hmm, codes: NDArray[np.uint16], lengths: NDArray[np.int64]) -> decode.Marginals:
    """Return how often the model expects each tag at each character, and each transition."""
    emissions, *chain = (
        np.maximum(logs, _IMPOSSIBLE).astype(np.float32)
        for logs in (hmm.emissions, hmm.transitions, hmm.start, hmm.end)
    )
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return decode.forward_backward(emissions[codes], offsets, *chain, legality=SBME)


def _maximise(hmm: Hmm, codes: NDArray[np.uint16], lengths: NDArray[np.int64], expected: decode.Marginals) -> Hmm:
    """Return the model whose counts are the expected ones."""
    first, last, _ = places_of(lengths)
    tags = expected.tags.astype(np.float64)
    counts = np.stack([np.bincount(codes, tags[:, tag], len(hmm.emissions)) for tag in range(SBME.size)], axis=1)
    start, end, steps = tags[first].sum(axis=0), tags[last].sum(axis=0), np.asarray(expected.transitions)
    leaving = np.maximum(steps.sum(axis=1) + end, 1e-300)
    return Hmm(
        hmm.alphabet,
        log_of(counts / np.maximum(counts.sum(axis=0), 1e-300)),
        log_of(steps / leaving[:, None]),
        log_of(start / start.sum()),
        log_of(end / leaving),
    )


def _widen(hmm: Hmm, alphabet: Alphabet) -> Hmm:
    """Return the model in another alphabet; characters it does not know are as likely as one unknown of their type."""
    known = np.zeros(len(alphabet.types), np.int64)  # the class in the old alphabet of each class in the new
    known[alphabet.characters] = hmm.alphabet.characters
    known[:FIRST_KNOWN] = np.arange(FIRST_KNOWN)
    emissions = np.exp(hmm.emissions[known])
    return Hmm(alphabet, log_of(emissions / emissions.sum(axis=0)), hmm.transitions, hmm.start, hmm.end)
