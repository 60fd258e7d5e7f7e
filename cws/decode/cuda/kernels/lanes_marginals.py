"""Forward-backward of four tags and many sequences: one lane a sequence.

Bytes of a character: 16 of emissions read and 16 of marginals written; between the two passes the forward scores, 16
written and 16 read. Twelve exponentials and four logarithms forward, eight and four divisions backward: with SBME.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import INFINITY, TOO_LARGE, add_exactly, bounds
from cws.decode.cuda.kernels.four import (
    as_scores,
    chosen,
    columns,
    first_four,
    four_scalars,
    load_tile,
    plus,
    rescaled_four,
    rows,
    scores_of_step,
    sixteen_scalars,
    worse,
)
from cws.decode.cuda.kernels.four_sums import add_pairs_into, log_sum_of_four, pairs_of_step, predecessor, sum_step

STEPS = tl.constexpr(4)  # of a tile: they take long enough for the next tile to come, and the code is long


@triton.jit
def store_four(results, first, place, four, mask):
    """Write a row of four for each lane."""
    cells = results + (first + place)[:, None] * 4 + tl.arange(0, 4)[None, :]
    tl.store(cells, rows(four[0], four[1], four[2], four[3]), mask=mask[:, None])


@triton.jit
def found_of(share, gold, scale, HAS_GOLD: tl.constexpr):
    """What is written of a character: the marginals, or the gradient of the emissions; 0 where the scale is."""
    s, b, m, e = share[0], share[1], share[2], share[3]
    if HAS_GOLD:
        s, b = tl.where(gold == 0, 1.0, 0.0) - s, tl.where(gold == 1, 1.0, 0.0) - b
        m, e = tl.where(gold == 2, 1.0, 0.0) - m, tl.where(gold == 3, 1.0, 0.0) - e
    none = scale == 0
    s, b = tl.where(none, 0.0, scale * s), tl.where(none, 0.0, scale * b)
    m, e = tl.where(none, 0.0, scale * m), tl.where(none, 0.0, scale * e)
    return s, b, m, e


@triton.jit
def load_gold(gold, first, step, length, HAS_GOLD: tl.constexpr):
    """Gold tags of STEPS characters of each lane; shape: (LANES, STEPS)."""
    character = step + tl.arange(0, STEPS)[None, :]
    if HAS_GOLD:
        inside = (character >= 0) & (character < length[:, None])
        tags = tl.load(gold + first[:, None] + character, mask=inside, other=0).to(tl.int32)
    else:
        tags = (character + 0 * length[:, None]).to(tl.int32)  # not used
    return tags


@triton.jit(do_not_specialize=["count", "sequences"])
def lanes_marginals(
    emissions, offsets, transitions, start, end, allowed,  # the chain
    gold, gold_scores, weights,  # tags (N,), their scores (B,), weights (B,); not read unless HAS_GOLD
    forward,  # scratch, float32, shape: (N, 4)
    log_partition,  # result, float64, shape: (B,)
    marginals,  # result, float32, shape: (N, 4); with gold tags, the gradient of the emissions
    pairs,  # result, float32, shape: (programs, 4, 4), zeros
    count, sequences,
    LANES: tl.constexpr, IS_SBME: tl.constexpr, HAS_ALLOWED: tl.constexpr, HAS_GOLD: tl.constexpr,
):  # fmt: skip
    sequence = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = sequence < sequences
    first, length = bounds(offsets, sequence, count, inside)
    blocks = (tl.maximum(tl.max(length, axis=0) - 1, 0) + STEPS - 1) // STEPS
    steps = sixteen_scalars(transitions)
    four = first_four(emissions, allowed, first, length, HAS_ALLOWED)
    worst = worse(tl.zeros([LANES], tl.float32), four, HAS_ALLOWED)
    scores = plus(four_scalars(start), four)
    total = tl.zeros([LANES], tl.float64)
    ahead = load_tile(emissions, first, 1, length, STEPS)
    for block in range(0, blocks):
        step = block * STEPS + 1
        tile = as_scores(ahead, allowed, first, step, length, HAS_ALLOWED)
        ahead = load_tile(emissions, first, step + STEPS, length, STEPS)
        for k in tl.static_range(STEPS):
            goes_on = step + k < length
            store_four(forward, first, step + k - 1, scores, goes_on)
            four = scores_of_step(tile, k)
            worst = worse(worst, four, HAS_ALLOWED)
            scores = chosen(goes_on, plus(sum_step(scores, steps, IS_SBME), four), scores)
        scores, total = rescaled_four(scores, total)
    whole, share = log_sum_of_four(plus(scores, four_scalars(end)))
    result = tl.where(worst < TOO_LARGE, total + whole.to(tl.float64), float("nan"))
    tl.store(log_partition + sequence, result, mask=length > 0)
    scale = tl.where(result > -INFINITY, 1.0, 0.0)
    if HAS_GOLD:
        is_legal = tl.load(gold_scores + sequence, mask=inside, other=0.0) > -INFINITY  # not so for a NaN
        weight = tl.load(weights + sequence, mask=inside, other=0.0)
        scale = tl.where((result > -INFINITY) & is_legal, weight, 0.0)
    here_gold = tl.zeros([LANES], tl.int32)
    if HAS_GOLD:
        here_gold = tl.load(gold + first + length - 1, mask=length > 0, other=0).to(tl.int32)
    store_four(marginals, first, length - 1, found_of(share, here_gold, scale, HAS_GOLD), length > 0)
    tl.debug_barrier()  # the forward scores are read by other threads than wrote them
    PREDECESSORS: tl.constexpr = 2 if IS_SBME else 4
    s_sum = tl.zeros([LANES, PREDECESSORS], tl.float32)
    b_sum, m_sum, e_sum = s_sum, s_sum, s_sum
    s_lost, b_lost, m_lost, e_lost = s_sum, s_sum, s_sum, s_sum
    ahead = load_tile(forward, first, (blocks - 1) * STEPS, length, STEPS)
    gold_ahead = load_gold(gold, first, (blocks - 1) * STEPS, length, HAS_GOLD)
    for back in range(0, blocks):
        step = (blocks - 1 - back) * STEPS  # of the first character whose forward scores are in the tile
        tile = ahead
        gold_tile = gold_ahead
        before_this = tl.maximum(step - STEPS, 0)
        ahead = load_tile(forward, first, before_this, length, STEPS)
        gold_ahead = load_gold(gold, first, before_this, length, HAS_GOLD)
        s_block = tl.zeros([LANES, PREDECESSORS], tl.float32)
        b_block, m_block, e_block = s_block, s_block, s_block
        for k in tl.static_range(STEPS):
            place = step + STEPS - 1 - k
            goes_on = place + 1 < length
            was_gold = columns(gold_tile)[STEPS - 1 - k]
            found, before = pairs_of_step(scores_of_step(tile, STEPS - 1 - k), steps, share, IS_SBME)
            used = tl.where(goes_on, scale, 0.0)
            s_block = add_pairs_into(s_block, found, was_gold, here_gold, used, 0, IS_SBME, HAS_GOLD)
            b_block = add_pairs_into(b_block, found, was_gold, here_gold, used, 1, IS_SBME, HAS_GOLD)
            m_block = add_pairs_into(m_block, found, was_gold, here_gold, used, 2, IS_SBME, HAS_GOLD)
            e_block = add_pairs_into(e_block, found, was_gold, here_gold, used, 3, IS_SBME, HAS_GOLD)
            share = chosen(goes_on, before, share)
            here_gold = tl.where(goes_on, was_gold, here_gold)
            store_four(marginals, first, place, found_of(share, here_gold, scale, HAS_GOLD), goes_on)
        s_sum, s_lost = add_exactly(s_sum, s_lost, s_block)
        b_sum, b_lost = add_exactly(b_sum, b_lost, b_block)
        m_sum, m_lost = add_exactly(m_sum, m_lost, m_block)
        e_sum, e_lost = add_exactly(e_sum, e_lost, e_block)
    pairs += tl.program_id(0) * 16
    store_sums(pairs, s_sum, 0, IS_SBME)
    store_sums(pairs, b_sum, 1, IS_SBME)
    store_sums(pairs, m_sum, 2, IS_SBME)
    store_sums(pairs, e_sum, 3, IS_SBME)


@triton.jit
def store_sums(pairs, sums, TO: tl.constexpr, IS_SBME: tl.constexpr):
    """Write the sum of all lanes of the transitions into a tag."""
    PREDECESSORS: tl.constexpr = 2 if IS_SBME else 4
    before = predecessor(tl.arange(0, PREDECESSORS), TO, IS_SBME)
    tl.store(pairs + before * 4 + TO, tl.sum(sums, axis=0))
