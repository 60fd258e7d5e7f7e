"""Forward-backward of any number of tags: one program a sequence after the other.

The backward pass needs no sums of logarithms and no emissions. Where forward[i] holds the log of the summed paths that
end with each tag, the tag before a tag has the distribution

    P(before | tag at i) = softmax over before of (forward[i - 1, before] + transitions[before, tag])

so the marginals of the last tag, softmax(forward[-1] + end), give those of the tag before it, and so on to the first:
forward filtering, backward smoothing. All are probabilities; what underflows is a probability too small for a float32.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import (
    INFINITY,
    add_exactly,
    bounds,
    emission_row,
    finite_or_zero,
    rescaled,
    transition_tile,
)


@triton.jit
def softmax(scores):
    """Probabilities proportional to exp(scores), 0 where all are -inf."""
    shares = tl.exp(scores - finite_or_zero(tl.max(scores, axis=0)))
    total = tl.sum(shares, axis=0)
    return shares / tl.where(total > 0, total, 1.0)


@triton.jit
def candidates(
    forward, row, tile, transitions, low,
    SIZE: tl.constexpr, PADDED: tl.constexpr, FROM: tl.constexpr
):  # fmt: skip
    """Forward scores of tags low to low + FROM at the row plus the transitions from them; shape: (FROM, PADDED)."""
    before = low + tl.arange(0, FROM)
    scores = tl.load(forward + row * SIZE + before, mask=before < SIZE, other=-INFINITY)
    if FROM < PADDED:
        tile = transition_tile(transitions, low, SIZE, PADDED, FROM)
    return scores[:, None] + tile


@triton.jit
def log_sum_before(
    forward, row, tile, transitions, SIZE: tl.constexpr, PADDED: tl.constexpr, FROM: tl.constexpr
):  # fmt: skip
    """Of the scores that reach each tag the maximum, and the sum of exp(score - maximum); shape: (PADDED,)."""
    highest = tl.full([PADDED], -INFINITY, tl.float32)
    total = tl.zeros([PADDED], tl.float32)
    for low in range(0, PADDED, FROM):
        scores = candidates(forward, row, tile, transitions, low, SIZE, PADDED, FROM)
        new = tl.maximum(highest, tl.max(scores, axis=0))
        base = finite_or_zero(new)
        total = total * tl.exp(highest - base) + tl.sum(tl.exp(scores - base[None, :]), axis=0)
        highest = new
    return highest, total


@triton.jit(do_not_specialize=["count", "sequences", "programs"])
def general_marginals(
    emissions, offsets, transitions, start, end, allowed,  # the chain
    gold, gold_scores, weights,  # tags (N,), their scores (B,), weights (B,); not read unless HAS_GOLD
    forward,  # scratch, float32, shape: (N, SIZE)
    memory,  # scratch, float32, shape: (programs, 2, PADDED)
    log_partition,  # result, float64, shape: (B,)
    marginals,  # result, float32, shape: (N, SIZE); with gold tags, the gradient of the emissions
    pairs,  # result, float32: (N, SIZE, SIZE) if PAIRWISE, else a sum of each program (programs, 2, PADDED, PADDED)
    count, sequences, programs,
    SIZE: tl.constexpr, PADDED: tl.constexpr, FROM: tl.constexpr,
    HAS_ALLOWED: tl.constexpr, HAS_GOLD: tl.constexpr, PAIRWISE: tl.constexpr,
):  # fmt: skip
    program = tl.program_id(0).to(tl.int64)
    tag = tl.arange(0, PADDED)
    inside = tag < SIZE
    memory += program * 2 * PADDED
    tile = transition_tile(transitions, 0, SIZE, PADDED, FROM)  # the whole matrix where FROM == PADDED
    cells = tl.arange(0, FROM)[:, None] * PADDED + tag[None, :]
    starts = tl.load(start + tag, mask=inside, other=-INFINITY)
    ends = tl.load(end + tag, mask=inside, other=-INFINITY)
    summed = tl.zeros([FROM, PADDED], tl.float32)
    lost = tl.zeros([FROM, PADDED], tl.float32)
    if not PAIRWISE:
        pairs += program * 2 * PADDED * PADDED
    for sequence in range(program, sequences, programs):
        first, length = bounds(offsets, sequence, count, True)
        if length > 0:
            score, good = emission_row(emissions, allowed, first, tag, True, SIZE, HAS_ALLOWED)
            here = starts + score
            total = tl.zeros([], tl.float64)
            for i in range(1, length):
                here, total = rescaled(here, total)
                tl.store(forward + (first + i - 1) * SIZE + tag, here, mask=inside)
                score, good_here = emission_row(emissions, allowed, first + i, tag, True, SIZE, HAS_ALLOWED)
                good = good & good_here
                tl.debug_barrier()  # the forward scores are read by other threads
                highest, sums = log_sum_before(forward, first + i - 1, tile, transitions, SIZE, PADDED, FROM)
                here = highest + tl.log(tl.where(sums > 0, sums, 1.0)) + score
            here, total = rescaled(here + ends, total)
            whole = tl.sum(tl.exp(here), axis=0)
            is_good = tl.min(good.to(tl.int32), axis=0) != 0
            is_valid = is_good & (whole > 0)
            result = tl.where(whole > 0, total + tl.log(tl.where(whole > 0, whole, 1.0)).to(tl.float64), -INFINITY)
            tl.store(log_partition + sequence, tl.where(is_good, result, float("nan")))
            scale = tl.where(is_valid, 1.0, 0.0)
            if HAS_GOLD:
                is_legal = tl.load(gold_scores + sequence) > -INFINITY  # not so for a NaN
                scale = tl.where(is_valid & is_legal, tl.load(weights + sequence), 0.0)
            share = softmax(here)
            for back in range(0, length):
                row = first + length - 1 - back
                found = share
                if HAS_GOLD:
                    here_gold = tl.load(gold + row).to(tl.int32)
                    found = tl.where(tag == here_gold, 1.0, 0.0) - share
                tl.store(marginals + row * SIZE + tag, tl.where(scale == 0, 0.0, scale * found), mask=inside)
                if row > first:
                    highest, sums = log_sum_before(forward, row - 1, tile, transitions, SIZE, PADDED, FROM)
                    share = share / tl.where(sums > 0, sums, 1.0)
                    base = finite_or_zero(highest)
                    place = memory + (back % 2) * PADDED
                    for low in range(0, PADDED, FROM):
                        scores = candidates(forward, row - 1, tile, transitions, low, SIZE, PADDED, FROM)
                        pair = tl.exp(scores - base[None, :]) * share[None, :]
                        tl.store(place + low + tl.arange(0, FROM), tl.sum(pair, axis=1))
                        if HAS_GOLD:
                            was_gold = tl.load(gold + row - 1).to(tl.int32)
                            step = (low + tl.arange(0, FROM) == was_gold)[:, None] & (tag == here_gold)[None, :]
                            pair = tl.where(step, 1.0, 0.0) - pair
                        pair = tl.where(scale == 0, 0.0, scale * pair)
                        if PAIRWISE:
                            before = low + tl.arange(0, FROM)
                            cell = (row * SIZE + before[:, None]) * SIZE + tag[None, :]
                            tl.store(pairs + cell, pair, mask=(before < SIZE)[:, None] & inside[None, :])
                        elif FROM == PADDED:
                            summed, lost = add_exactly(summed, lost, pair)
                        else:
                            cell = pairs + low * PADDED + cells
                            new, rest = add_exactly(tl.load(cell), tl.load(cell + PADDED * PADDED), pair)
                            tl.store(cell, new)
                            tl.store(cell + PADDED * PADDED, rest)
                    tl.debug_barrier()  # the marginals turn from columns to rows through the memory
                    share = tl.load(place + tag)
                    share = share / tl.where(tl.sum(share, axis=0) > 0, tl.sum(share, axis=0), 1.0)
            tl.debug_barrier()
    if not PAIRWISE and FROM == PADDED:
        tl.store(pairs + cells, summed)
