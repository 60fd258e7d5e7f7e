"""Four tags and sequences that are few, long or uneven: the packed stream is one chain, cut in chunks of equal size.

At a mark a sequence begins: there the chain is reset. What a chunk does to the scores that enter it is a 4 x 4 matrix
of the semiring (max and +, or the sum of exponentials and +), and matrices are multiplied in any grouping:

    1. `chunk_matrices`  the matrix of each chunk
    2. `group_matrices`  up: the matrix of every RADIX chunks, of every RADIX of these, and so on
    3. `group_scores`    down: the scores that enter each group, then each chunk
    4. each chunk again, now from the scores that enter it: `chunks_viterbi`, `chunks_marginals`
    5. the same from the right for the backward pass

Best paths chosen by scores of matrices would break ties otherwise than the reference does: hence the 4th.

Hillis and Steele (1986), Blelloch (1990); of linear chains Särkkä and García-Fernández (2020). A matrix that holds a
reset does not depend on what enters: its rows are equal, and a flag says so. Totals are NaN after an emission that is
no score until the next reset, so one sequence's never reach another's.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import INFINITY, TOO_LARGE, bounds
from cws.decode.cuda.kernels.four import (
    as_scores,
    chosen,
    columns,
    four_scalars,
    highest_of,
    load_tile,
    plus,
    rescaled_four,
    scores_of_step,
    sixteen_scalars,
)
from cws.decode.cuda.kernels.four_best import best_step
from cws.decode.cuda.kernels.four_sums import sum_step


@triton.jit(do_not_specialize=["count", "sequences"])
def mark_sequences(offsets, marks, owners, count, sequences, BLOCK: tl.constexpr):
    """Set marks where a sequence begins or has ended, and who owns its last character; empty ones leave no trace."""
    sequence = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    first, length = bounds(offsets, sequence, count, sequence < sequences)
    has_any = length > 0
    one = tl.full([BLOCK], 1, tl.uint8)
    tl.store(marks + first, one, mask=has_any)
    tl.store(marks + first + length, one, mask=has_any)
    tl.store(owners + first + length - 1, sequence.to(tl.int32), mask=has_any)


@triton.jit
def checked_scores(tile, allowed, first, step, length, HAS_ALLOWED: tl.constexpr):
    """The tile as scores, -inf where not allowed, NaN where it holds none."""
    score = as_scores(tile, allowed, first, step, length, HAS_ALLOWED)
    if not HAS_ALLOWED:
        score = tl.where(tl.abs(score) < TOO_LARGE, score, float("nan"))
    return score


@triton.jit
def mended(four, total):
    """Scores with 0 for what is none, and the total that is then a NaN."""
    together = four[0] + four[1] + four[2] + four[3]
    is_bad = together != together
    s, b = tl.where(is_bad, 0.0, four[0]), tl.where(is_bad, 0.0, four[1])
    m, e = tl.where(is_bad, 0.0, four[2]), tl.where(is_bad, 0.0, four[3])
    return (s, b, m, e), tl.where(is_bad, float("nan"), total)


@triton.jit
def load_marks(marks, first, step, STEPS: tl.constexpr):
    """Marks of STEPS characters of each lane; shape: (LANES, STEPS)."""
    return tl.load(marks + first[:, None] + step + tl.arange(0, STEPS)[None, :]).to(tl.int32)


@triton.jit
def stepped(scores, steps, IS_SBME: tl.constexpr, IS_SUM: tl.constexpr):
    """Scores before the next emissions, in the semiring of sums or of best paths."""
    if IS_SUM:
        return sum_step(scores, steps, IS_SBME)
    else:
        new, _ = best_step(scores, (0, 0, 0, 0), steps, IS_SBME)
        return new


@triton.jit
def rescaled_matrix(a, b, c, d, total):
    """The four rows less their common maximum, and the float64 sum of what was subtracted."""
    tops = (highest_of(a), highest_of(b), highest_of(c), highest_of(d))
    (_, new_total) = rescaled_four(tops, total)
    highest = highest_of(tops)
    base = tl.where(highest == -INFINITY, 0.0, -highest)
    shift = (base, base, base, base)
    return plus(a, shift), plus(b, shift), plus(c, shift), plus(d, shift), new_total


@triton.jit
def load_matrix(matrices, place, count, mask):
    """Sixteen vectors of matrices kept as (16, count)."""
    a = load_scores(matrices, place, count, mask)
    b = load_scores(matrices + 4 * count, place, count, mask)
    c = load_scores(matrices + 8 * count, place, count, mask)
    d = load_scores(matrices + 12 * count, place, count, mask)
    return a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], c[0], c[1], c[2], c[3], d[0], d[1], d[2], d[3]


@triton.jit
def load_scores(scores, place, count, mask):
    """Four vectors of scores kept as (4, count)."""
    s = tl.load(scores + place, mask=mask, other=0.0)
    b = tl.load(scores + count + place, mask=mask, other=0.0)
    m = tl.load(scores + 2 * count + place, mask=mask, other=0.0)
    e = tl.load(scores + 3 * count + place, mask=mask, other=0.0)
    return s, b, m, e


@triton.jit
def store_scores(scores, place, count, four, mask):
    """The opposite of `load_scores`."""
    for tag in tl.static_range(4):
        tl.store(scores + tag * count + place, four[tag], mask=mask)


@triton.jit(do_not_specialize=["count", "chunks"])
def chunk_matrices(
    emissions, transitions, start, allowed, marks,  # the chain
    matrices, totals, resets,  # results, shape: (16, chunks), (chunks,), (chunks,)
    count, chunks,
    LANES: tl.constexpr, CHUNK: tl.constexpr, IS_SBME: tl.constexpr, IS_SUM: tl.constexpr, HAS_ALLOWED: tl.constexpr,
):  # fmt: skip
    chunk = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = chunk < chunks
    first = tl.minimum(chunk, chunks - 1) * CHUNK
    length = count - first
    steps = sixteen_scalars(transitions)
    starts = four_scalars(start)
    zero = tl.zeros([LANES], tl.float32)
    none = tl.full([LANES], -INFINITY, tl.float32)
    # The rows of the unit matrix: from a tag to itself.
    a, b, c, d = (zero, none, none, none), (none, zero, none, none), (none, none, zero, none), (none, none, none, zero)
    total = tl.zeros([LANES], tl.float64)
    reset = tl.zeros([LANES], tl.int32)
    for four_steps in range(0, CHUNK // 4):
        step = four_steps * 4
        is_mark = columns(load_marks(marks, first, step, 4))
        tile = load_tile(emissions, first, step, length, 4)
        tile = checked_scores(tile, allowed, first, step, length, HAS_ALLOWED)
        for k in tl.static_range(4):
            is_inside = step + k < length
            begins = (is_mark[k] != 0) & is_inside
            total = tl.where(begins, 0.0, total)
            reset = tl.where(begins, 1, reset)
            four, total = mended(scores_of_step(tile, k), total)
            fresh = plus(starts, four)
            a = chosen(is_inside, chosen(begins, fresh, plus(stepped(a, steps, IS_SBME, IS_SUM), four)), a)
            b = chosen(is_inside, chosen(begins, fresh, plus(stepped(b, steps, IS_SBME, IS_SUM), four)), b)
            c = chosen(is_inside, chosen(begins, fresh, plus(stepped(c, steps, IS_SBME, IS_SUM), four)), c)
            d = chosen(is_inside, chosen(begins, fresh, plus(stepped(d, steps, IS_SBME, IS_SUM), four)), d)
        a, b, c, d, total = rescaled_matrix(a, b, c, d, total)
    store_scores(matrices, chunk, chunks, a, inside)
    store_scores(matrices + 4 * chunks, chunk, chunks, b, inside)
    store_scores(matrices + 8 * chunks, chunk, chunks, c, inside)
    store_scores(matrices + 12 * chunks, chunk, chunks, d, inside)
    tl.store(totals + chunk, total, mask=inside)
    tl.store(resets + chunk, reset.to(tl.uint8), mask=inside)


@triton.jit(do_not_specialize=["count", "groups"])
def group_matrices(
    matrices, totals, resets,  # of `count` parts
    group_matrices, group_totals, group_resets,  # results, of as many groups
    count, groups,
    LANES: tl.constexpr, RADIX: tl.constexpr, IS_SUM: tl.constexpr,
):  # fmt: skip
    """Multiply the matrices of each group."""
    group = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = group < groups
    zero = tl.zeros([LANES], tl.float32)
    none = tl.full([LANES], -INFINITY, tl.float32)
    a, b, c, d = (zero, none, none, none), (none, zero, none, none), (none, none, zero, none), (none, none, none, zero)
    total = tl.zeros([LANES], tl.float64)
    reset = tl.zeros([LANES], tl.int32)
    for member in range(0, RADIX):
        part = group * RADIX + member
        is_part = part < count
        steps = load_matrix(matrices, part, count, is_part)
        resets_here = tl.load(resets + part, mask=is_part, other=0) != 0
        total_here = tl.load(totals + part, mask=is_part, other=0.0)
        row = (steps[0], steps[1], steps[2], steps[3])
        a = chosen(is_part, chosen(resets_here, row, stepped(a, steps, False, IS_SUM)), a)
        b = chosen(is_part, chosen(resets_here, row, stepped(b, steps, False, IS_SUM)), b)
        c = chosen(is_part, chosen(resets_here, row, stepped(c, steps, False, IS_SUM)), c)
        d = chosen(is_part, chosen(resets_here, row, stepped(d, steps, False, IS_SUM)), d)
        total = tl.where(resets_here, 0.0, total) + total_here
        reset = tl.where(resets_here, 1, reset)
        a, b, c, d, total = rescaled_matrix(a, b, c, d, total)
    store_scores(group_matrices, group, groups, a, inside)
    store_scores(group_matrices + 4 * groups, group, groups, b, inside)
    store_scores(group_matrices + 8 * groups, group, groups, c, inside)
    store_scores(group_matrices + 12 * groups, group, groups, d, inside)
    tl.store(group_totals + group, total, mask=inside)
    tl.store(group_resets + group, reset.to(tl.uint8), mask=inside)


@triton.jit(do_not_specialize=["count", "groups"])
def group_scores(
    entering, entering_totals,  # of each group, shape: (4, groups), (groups,)
    matrices, totals, resets,  # of `count` parts
    part_entering, part_totals,  # results, of as many parts
    count, groups,
    LANES: tl.constexpr, RADIX: tl.constexpr, IS_SUM: tl.constexpr,
):  # fmt: skip
    """From the scores that enter each group those that enter each of its parts."""
    group = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = group < groups
    scores = load_scores(entering, group, groups, inside)
    total = tl.load(entering_totals + group, mask=inside, other=0.0)
    for member in range(0, RADIX):
        part = group * RADIX + member
        is_part = part < count
        store_scores(part_entering, part, count, scores, is_part)
        tl.store(part_totals + part, total, mask=is_part)
        steps = load_matrix(matrices, part, count, is_part)
        resets_here = tl.load(resets + part, mask=is_part, other=0) != 0
        row = (steps[0], steps[1], steps[2], steps[3])
        scores = chosen(resets_here, row, stepped(scores, steps, False, IS_SUM))
        total = tl.where(resets_here, 0.0, total) + tl.load(totals + part, mask=is_part, other=0.0)
        scores, total = rescaled_four(scores, total)
