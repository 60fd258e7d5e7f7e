"""The specification: each algorithm as its textbook has it, in numpy and float64, one sequence after the other.

Results of a sequence that cannot be decoded: NaN where one of its emissions is NaN or beyond MAX_SCORE, -inf where no
path is legal; its tags are then 0 and its marginals too. `cws.decode` makes errors of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cws.decode.chain import MAX_SCORE, Chain

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def viterbi(chain: Chain) -> tuple[Bytes, Floats]:
    """Return the best tags, shape (N,), and their scores, shape (B,); Viterbi (1967).

    Ties: the lowest last tag, and going backwards the lowest tag before it that reaches the best score.
    """
    tags = np.zeros(chain.characters, np.uint8)
    scores = np.zeros(chain.sequences)
    for sequence, first, last, emissions in _sequences(chain, scores):
        best = chain.start + emissions[0]  # shape: (K,), the best score of a path that ends with the tag
        before = np.zeros(emissions.shape, np.uint8)
        for i in range(1, last - first):
            candidates = best[:, None] + chain.transitions  # shape: (K, K), [from, to]
            before[i] = candidates.argmax(axis=0)  # of equals, the first
            best = candidates.max(axis=0) + emissions[i]
        best = best + chain.end
        scores[sequence] = best.max()
        if scores[sequence] == -np.inf:
            continue
        tag = best.argmax()
        for i in reversed(range(last - first)):
            tags[first + i] = tag
            tag = before[i, tag]
    return tags, scores


def nbest(chain: Chain, n: int) -> tuple[Bytes, Floats]:
    """Return the n best tag sequences, shape (n, N), best first, and their scores, shape (n, B).

    Where a sequence has fewer, the rest has the score -inf and the tag 0. Ties: as in `viterbi`, so of two equal paths
    the one with the lower tag at the last place where they differ.
    """
    tags = np.zeros((n, chain.characters), np.uint8)
    scores = np.zeros((n, chain.sequences))
    scores[1:] = -np.inf  # an empty sequence has one path
    for sequence, first, last, emissions in _sequences(chain, scores[0]):
        # The n best scores that end with each tag, and where they come from; shape: (K, n)
        best = np.full((chain.size, n), -np.inf)
        best[:, 0] = chain.start + emissions[0]
        origins = np.zeros((last - first, chain.size, n), np.int64)  # tag before * n + its rank
        for i in range(1, last - first):
            candidates = (best[:, None] + chain.transitions[:, :, None]).transpose(1, 0, 2).reshape(chain.size, -1)
            origins[i] = np.argsort(-candidates, axis=1, kind="stable")[:, :n]
            best = np.take_along_axis(candidates, origins[i], axis=1) + emissions[i][:, None]
        finals = (best + chain.end[:, None]).ravel()
        order = np.argsort(-finals, kind="stable")[:n]
        scores[:, sequence] = finals[order]
        for rank, origin in enumerate(order):
            if finals[origin] == -np.inf:
                continue
            for i in reversed(range(last - first)):
                tag, tag_rank = divmod(origin, n)
                tags[rank, first + i] = tag
                origin = origins[i, tag, tag_rank]
    scores[1:, np.isnan(scores[0])] = np.nan
    return tags, scores


def forward_backward(chain: Chain, pairwise: bool = False) -> tuple[Floats, Floats, Floats]:
    """Return the log-partition (B,), the tag marginals (N, K) and the transition marginals; Baum et al. (1970).

    The transition marginals are summed over all neighbours, shape (K, K); with pairwise, row i is those of the tags of
    characters i - 1 and i, 0 where a sequence begins, shape (N, K, K).
    """
    marginals = np.zeros(chain.emissions.shape)
    transitions = np.zeros((chain.characters if pairwise else 1, chain.size, chain.size))
    log_partition = np.zeros(chain.sequences)
    for sequence, first, last, emissions in _sequences(chain, log_partition):
        # The log of the summed potentials of all paths up to here, and from here on; shape: (T, K)
        forward, backward = np.empty(emissions.shape), np.empty(emissions.shape)
        forward[0] = chain.start + emissions[0]
        for i in range(1, last - first):
            forward[i] = np.logaddexp.reduce(forward[i - 1][:, None] + chain.transitions, axis=0) + emissions[i]
        backward[-1] = chain.end
        for i in reversed(range(last - first - 1)):
            backward[i] = np.logaddexp.reduce(chain.transitions + emissions[i + 1] + backward[i + 1], axis=1)
        log_partition[sequence] = whole = np.logaddexp.reduce(forward[-1] + chain.end)
        if whole == -np.inf:
            continue
        # Each sums to exp(whole), but for rounding; divided by its own sum, large scores do no harm.
        for i in range(last - first):
            marginals[first + i] = _shares(forward[i] + backward[i])
            if i > 0:
                pairs = forward[i - 1][:, None] + chain.transitions + emissions[i] + backward[i]
                transitions[first + i if pairwise else 0] += _shares(pairs)
    return log_partition, marginals, transitions if pairwise else transitions[0]


def log_likelihood(
    chain: Chain, tags: np.ndarray[Any, Any], weights: Floats
) -> tuple[Floats, tuple[Floats, Floats, Floats, Floats]]:
    """Return the log-probability of the tags (B,), and the gradient of its sum, sequence b weighing weights[b].

    The gradient is what the tags have minus what all paths have on the average: of the emissions (N, K), the
    transitions (K, K), start (K,) and end (K,). A sequence without a value has no part in it.
    """
    values, marginals, pairs = forward_backward(chain, pairwise=True)
    emission_gradient, transition_gradient = np.zeros(marginals.shape), np.zeros(pairs.shape[1:])
    start_gradient, end_gradient = np.zeros(chain.size), np.zeros(chain.size)
    for sequence, first, last, emissions in _sequences(chain, values):
        gold = tags[first:last].astype(np.int64)
        if gold.min() < 0 or gold.max() >= chain.size:
            values[sequence] = np.nan
            continue
        steps = chain.transitions[gold[:-1], gold[1:]].astype(np.float64)
        places = np.arange(last - first)
        score = chain.start[gold[0]] + emissions[places, gold].sum() + steps.sum() + chain.end[gold[-1]]
        values[sequence] = score - values[sequence] if score > -np.inf else -np.inf
        if not np.isfinite(values[sequence]):
            continue
        difference = -marginals[first:last]
        difference[places, gold] += 1
        emission_gradient[first:last] = weights[sequence] * difference
        transition_gradient -= weights[sequence] * pairs[first:last].sum(axis=0)
        np.add.at(transition_gradient, (gold[:-1], gold[1:]), weights[sequence])
        start_gradient += weights[sequence] * difference[0]
        end_gradient += weights[sequence] * difference[-1]
    return values, (emission_gradient, transition_gradient, start_gradient, end_gradient)


def _shares(logs: Floats) -> Floats:
    """Return the probabilities that are proportional to exp(logs)."""
    weights = np.exp(logs - logs.max())
    shares: Floats = weights / weights.sum()
    return shares


def _sequences(chain: Chain, results: Floats) -> Iterator[tuple[int, int, int, Floats]]:
    """Yield (sequence, first, last, emissions) of those that hold characters; -inf where a tag is not allowed.

    The result of a sequence with emissions that are no scores is set to NaN, and it is left out.
    """
    for sequence in range(chain.sequences):
        first, last = int(chain.offsets[sequence]), int(chain.offsets[sequence + 1])
        if first == last:
            continue
        emissions = chain.emissions[first:last].astype(np.float64)
        if not (np.abs(emissions) <= MAX_SCORE).all():
            results[sequence] = np.nan
            continue
        if chain.allowed is not None:
            bits = np.unpackbits(chain.allowed[first:last], axis=1, count=chain.size, bitorder="little")
            emissions[bits == 0] = -np.inf
        yield sequence, first, last, emissions
