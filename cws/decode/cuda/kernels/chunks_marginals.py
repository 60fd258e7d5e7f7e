"""Forward-backward by chunks: each from the scores that enter it, then backward through all; see `chunks`.

The backward pass (see `general_marginals`) turns the probabilities of the tags at the end of a chunk into those of the
tags before it: a stochastic 4 x 4 matrix, whose row for a tag at the end is the distribution of the tag before. A reset
is a step like others: whatever comes after, the last tag of a sequence has the distribution that its end gives it. A
tag that nothing leads to gives its probability to itself. So rows always sum to 1, and a sequence without a legal path,
whose own results are 0 by its scale, does no harm to those before it.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.chunks import (
    checked_scores,
    load_marks,
    load_matrix,
    load_scores,
    mended,
    store_scores,
)
from cws.decode.cuda.kernels.common import add_exactly
from cws.decode.cuda.kernels.four import (
    chosen,
    columns,
    four_scalars,
    load_tile,
    plus,
    rescaled_four,
    scores_of_step,
    sixteen_scalars,
)
from cws.decode.cuda.kernels.four_sums import add_pairs_into, log_sum_of_four, pairs_into, pairs_of_step, sum_step
from cws.decode.cuda.kernels.lanes_marginals import found_of, store_four, store_sums

STEPS = tl.constexpr(4)


@triton.jit
def mixed(shares, a, b, c, d):
    """The sum of four rows by their shares."""
    w, x, y, z = shares[0], shares[1], shares[2], shares[3]
    return (
        w * a[0] + x * b[0] + y * c[0] + z * d[0],
        w * a[1] + x * b[1] + y * c[1] + z * d[1],
        w * a[2] + x * b[2] + y * c[2] + z * d[2],
        w * a[3] + x * b[3] + y * c[3] + z * d[3],
    )


@triton.jit
def normalised(shares):
    """Shares of 1: they are but for rounding, which must not grow with the length."""
    total = shares[0] + shares[1] + shares[2] + shares[3]
    return shares[0] / total, shares[1] / total, shares[2] / total, shares[3] / total


@triton.jit
def end_shares(scores, ends):
    """The log of the summed paths, and the distribution of the last tag; any where there is no path."""
    whole, shares = log_sum_of_four(plus(scores, ends))
    some = shares[0] + shares[1] + shares[2] + shares[3] > 0
    return whole, (tl.where(some, shares[0], 1.0), shares[1], shares[2], shares[3])


@triton.jit
def row_before(scores, steps, a, b, c, d, TO: tl.constexpr, IS_SBME: tl.constexpr):
    """The row of a tag one character on."""
    shares = pairs_into(scores, steps, (1.0, 1.0, 1.0, 1.0), TO, IS_SBME)
    own = (a, b, c, d)
    none = 0.0 * shares[0]
    if IS_SBME:
        some = shares[0] + shares[1] > 0
        if TO < 2:
            row = mixed((shares[0], none, none, shares[1]), a, b, c, d)
        else:
            row = mixed((none, shares[0], shares[1], none), a, b, c, d)
    else:
        some = shares[0] + shares[1] + shares[2] + shares[3] > 0
        row = mixed(shares, a, b, c, d)
    return chosen(some, row, own[TO])


@triton.jit
def unit_rows(LANES: tl.constexpr):
    one, none = tl.full([LANES], 1.0, tl.float32), tl.zeros([LANES], tl.float32)
    return (one, none, none, none), (none, one, none, none), (none, none, one, none), (none, none, none, one)


@triton.jit
def store_rows(matrices, place, count, a, b, c, d, mask):
    store_scores(matrices, place, count, a, mask)
    store_scores(matrices + 4 * count, place, count, b, mask)
    store_scores(matrices + 8 * count, place, count, c, mask)
    store_scores(matrices + 12 * count, place, count, d, mask)


@triton.jit(do_not_specialize=["count", "chunks", "sequences"])
def chunks_forward(
    emissions, transitions, start, end, allowed, marks, owners,  # the chain
    entering, entering_totals,  # scores that enter each chunk, shape: (4, chunks), (chunks,)
    forward,  # result, float32, shape: (N + 1, 4): row i + 1 is of character i
    matrices,  # result, float32, shape: (16, chunks)
    log_partition,  # result, float64, shape: (B,)
    count, chunks, sequences,
    LANES: tl.constexpr, CHUNK: tl.constexpr, IS_SBME: tl.constexpr, HAS_ALLOWED: tl.constexpr,
):  # fmt: skip
    chunk = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = chunk < chunks
    first = tl.minimum(chunk, chunks - 1) * CHUNK
    length = count - first
    steps = sixteen_scalars(transitions)
    starts, ends = four_scalars(start), four_scalars(end)
    scores = load_scores(entering, chunk, chunks, inside)
    total = tl.load(entering_totals + chunk, mask=inside, other=0.0)
    a, b, c, d = unit_rows(LANES)
    for four_steps in range(0, CHUNK // STEPS):
        step = four_steps * STEPS
        is_mark = columns(load_marks(marks, first, step, STEPS))
        tile = load_tile(emissions, first, step, length, STEPS)
        tile = checked_scores(tile, allowed, first, step, length, HAS_ALLOWED)
        for k in tl.static_range(STEPS):
            place = step + k
            # Beyond the last character, whose end is marked too, nothing changes.
            is_inside = place < length
            begins = (is_mark[k] != 0) & (place <= length)
            whole, shares = end_shares(scores, ends)
            has_ended = begins & (first + place > 0) & inside
            owner = tl.load(owners + first + place - 1, mask=has_ended, other=0)
            owner = tl.minimum(tl.maximum(owner, 0), sequences - 1)
            tl.store(log_partition + owner, total + whole.to(tl.float64), mask=has_ended)
            total = tl.where(begins, 0.0, total)
            four, total = mended(scores_of_step(tile, k), total)
            fresh = mixed(shares, a, b, c, d)
            new_a = row_before(scores, steps, a, b, c, d, 0, IS_SBME)
            new_b = row_before(scores, steps, a, b, c, d, 1, IS_SBME)
            new_c = row_before(scores, steps, a, b, c, d, 2, IS_SBME)
            new_d = row_before(scores, steps, a, b, c, d, 3, IS_SBME)
            a = chosen(begins, fresh, chosen(is_inside, new_a, a))
            b = chosen(begins, fresh, chosen(is_inside, new_b, b))
            c = chosen(begins, fresh, chosen(is_inside, new_c, c))
            d = chosen(begins, fresh, chosen(is_inside, new_d, d))
            reached = chosen(begins, starts, sum_step(scores, steps, IS_SBME))
            scores = chosen(is_inside, plus(reached, four), scores)
            store_four(forward, first, place + 1, scores, is_inside & inside)
        scores, total = rescaled_four(scores, total)
        a, b, c, d = normalised(a), normalised(b), normalised(c), normalised(d)
    store_rows(matrices, chunk, chunks, a, b, c, d, inside)


@triton.jit(do_not_specialize=["count", "groups"])
def group_rows(matrices, results, count, groups, LANES: tl.constexpr, RADIX: tl.constexpr):
    """Of each group the matrix from the tag at its end to the tag before it."""
    group = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    a, b, c, d = unit_rows(LANES)
    for member in range(0, RADIX):
        part = group * RADIX + member
        is_part = part < count
        m = load_matrix(matrices, part, count, is_part)
        new_a = mixed((m[0], m[1], m[2], m[3]), a, b, c, d)
        new_b = mixed((m[4], m[5], m[6], m[7]), a, b, c, d)
        new_c = mixed((m[8], m[9], m[10], m[11]), a, b, c, d)
        new_d = mixed((m[12], m[13], m[14], m[15]), a, b, c, d)
        a, b = normalised(chosen(is_part, new_a, a)), normalised(chosen(is_part, new_b, b))
        c, d = normalised(chosen(is_part, new_c, c)), normalised(chosen(is_part, new_d, d))
    store_rows(results, group, groups, a, b, c, d, group < groups)


@triton.jit(do_not_specialize=["count", "groups"])
def group_shares(last_shares, matrices, results, count, groups, LANES: tl.constexpr, RADIX: tl.constexpr):
    """From the distribution of the tag at the end of each group that at the end of each of its parts."""
    group = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    shares = load_scores(last_shares, group, groups, group < groups)
    for member in range(0, RADIX):
        part = group * RADIX + RADIX - 1 - member
        is_part = part < count
        store_scores(results, part, count, shares, is_part)
        m = load_matrix(matrices, part, count, is_part)
        a, b = (m[0], m[1], m[2], m[3]), (m[4], m[5], m[6], m[7])
        c, d = (m[8], m[9], m[10], m[11]), (m[12], m[13], m[14], m[15])
        shares = chosen(is_part, mixed(shares, a, b, c, d), shares)
        total = shares[0] + shares[1] + shares[2] + shares[3]
        total = tl.where(total > 0, total, 1.0)
        shares = (shares[0] / total, shares[1] / total, shares[2] / total, shares[3] / total)


@triton.jit
def load_gold(gold, first, step, count, HAS_GOLD: tl.constexpr):
    """Gold tags of STEPS characters of each lane, which may lie beyond the ends of the stream."""
    row = first[:, None] + step + tl.arange(0, STEPS)[None, :]
    tags = row.to(tl.int32)  # not used
    if HAS_GOLD:
        tags = tl.load(gold + row, mask=(row >= 0) & (row < count), other=0).to(tl.int32)
    return columns(tags)


@triton.jit(do_not_specialize=["count", "chunks", "sequences"])
def chunks_backward(
    transitions, end, marks, owners,  # the chain
    gold,  # tags, shape: (N,); not read unless HAS_GOLD
    scales,  # how much each sequence counts, 0 where it has no result, shape: (B,)
    last_owners,  # the sequence of the last character of each chunk, int64, shape: (chunks,)
    forward, last_shares,  # shape: (N + 1, 4), (4, chunks)
    marginals, pairs,  # results, float32, shape: (N, 4), (programs, 4, 4) of zeros
    count, chunks, sequences,
    LANES: tl.constexpr, CHUNK: tl.constexpr, IS_SBME: tl.constexpr, HAS_GOLD: tl.constexpr,
):  # fmt: skip
    chunk = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = chunk < chunks
    first = tl.minimum(chunk, chunks - 1) * CHUNK
    length = tl.where(inside, count - first, -1)  # of lanes that have no chunk, no place is up to it
    steps = sixteen_scalars(transitions)
    ends = four_scalars(end)
    share = load_scores(last_shares, chunk, chunks, inside)
    owner = tl.load(last_owners + chunk, mask=inside, other=0)
    scale = tl.load(scales + tl.minimum(tl.maximum(owner, 0), sequences - 1), mask=inside, other=0.0)
    PREDECESSORS: tl.constexpr = 2 if IS_SBME else 4
    s_sum = tl.zeros([LANES, PREDECESSORS], tl.float32)
    b_sum, m_sum, e_sum = s_sum, s_sum, s_sum
    s_lost, b_lost, m_lost, e_lost = s_sum, s_sum, s_sum, s_sum
    for back in range(0, CHUNK // STEPS):
        step = CHUNK - STEPS - back * STEPS
        is_mark = columns(load_marks(marks, first, step, STEPS))
        tile = load_tile(forward, first, step, length + 1, STEPS)
        golds = load_gold(gold, first, step, count, HAS_GOLD)
        golds_before = load_gold(gold, first, step - 1, count, HAS_GOLD)
        s_block = tl.zeros([LANES, PREDECESSORS], tl.float32)
        b_block, m_block, e_block = s_block, s_block, s_block
        for k in tl.static_range(STEPS):
            place = step + STEPS - 1 - k
            is_inside = place < length
            begins = (is_mark[STEPS - 1 - k] != 0) & (place <= length)
            here_gold = golds[STEPS - 1 - k]
            was_gold = golds_before[STEPS - 1 - k]
            store_four(marginals, first, place, found_of(share, here_gold, scale, HAS_GOLD), is_inside)
            four = scores_of_step(tile, STEPS - 1 - k)
            found, before = pairs_of_step(four, steps, share, IS_SBME)
            used = tl.where(is_inside & (begins == 0), scale, 0.0)
            s_block = add_pairs_into(s_block, found, was_gold, here_gold, used, 0, IS_SBME, HAS_GOLD)
            b_block = add_pairs_into(b_block, found, was_gold, here_gold, used, 1, IS_SBME, HAS_GOLD)
            m_block = add_pairs_into(m_block, found, was_gold, here_gold, used, 2, IS_SBME, HAS_GOLD)
            e_block = add_pairs_into(e_block, found, was_gold, here_gold, used, 3, IS_SBME, HAS_GOLD)
            _, last = end_shares(four, ends)
            share = chosen(begins, last, chosen(is_inside, before, share))
            has_ended = begins & (first + place > 0)
            owner = tl.load(owners + first + place - 1, mask=has_ended, other=0).to(tl.int64)
            owner = tl.minimum(tl.maximum(owner, 0), sequences - 1)
            scale = tl.where(has_ended, tl.load(scales + owner, mask=has_ended, other=0.0), scale)
        s_sum, s_lost = add_exactly(s_sum, s_lost, s_block)
        b_sum, b_lost = add_exactly(b_sum, b_lost, b_block)
        m_sum, m_lost = add_exactly(m_sum, m_lost, m_block)
        e_sum, e_lost = add_exactly(e_sum, e_lost, e_block)
    pairs += tl.program_id(0) * 16
    store_sums(pairs, s_sum, 0, IS_SBME)
    store_sums(pairs, b_sum, 1, IS_SBME)
    store_sums(pairs, m_sum, 2, IS_SBME)
    store_sums(pairs, e_sum, 3, IS_SBME)
