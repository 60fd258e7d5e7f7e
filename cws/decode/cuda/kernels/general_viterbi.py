"""Viterbi of any number of tags: one program a sequence, a vector of scores over the tags."""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import INFINITY, bounds, emission_row, first_of_highest, rescaled, transition_tile


@triton.jit
def best_before(best, tile, memory, transitions, SIZE: tl.constexpr, PADDED: tl.constexpr, FROM: tl.constexpr):
    """The best score that reaches each tag, and the lowest tag before it that gives it; shape: (PADDED,)."""
    if FROM == PADDED:
        return first_of_highest(best[:, None] + tile)
    # The matrix is too large for the registers: some of its rows at a time, and the scores go through the memory
    # because a vector cannot be cut. Two places for them take turns, so one barrier a step is enough.
    tag = tl.arange(0, PADDED)
    tl.store(memory + tag, best)
    tl.debug_barrier()
    reached = tl.full([PADDED], -INFINITY, tl.float32)
    before = tl.zeros([PADDED], tl.int32)
    for low in range(0, PADDED, FROM):
        rows = tl.load(memory + low + tl.arange(0, FROM))
        score, index = first_of_highest(rows[:, None] + transition_tile(transitions, low, SIZE, PADDED, FROM))
        before = tl.where(score > reached, index + low, before)
        reached = tl.maximum(reached, score)
    return reached, before


@triton.jit(do_not_specialize=["count"])
def general_viterbi(
    emissions, offsets, transitions, start, end, allowed,  # the chain
    befores,  # scratch, uint8, shape: (N, SIZE)
    memory,  # scratch, float32, shape: (B, 2, PADDED)
    tags, scores,  # results
    count,
    SIZE: tl.constexpr, PADDED: tl.constexpr, FROM: tl.constexpr, HAS_ALLOWED: tl.constexpr,
):  # fmt: skip
    sequence = tl.program_id(0).to(tl.int64)
    first, length = bounds(offsets, sequence, count, True)
    if length == 0:
        return
    tag = tl.arange(0, PADDED)
    inside = tag < SIZE
    memory += sequence * 2 * PADDED
    tile = transition_tile(transitions, 0, SIZE, PADDED, FROM)  # the whole matrix where FROM == PADDED
    score, good = emission_row(emissions, allowed, first, tag, True, SIZE, HAS_ALLOWED)
    best = tl.load(start + tag, mask=inside, other=-INFINITY) + score
    total = tl.zeros([], tl.float64)
    for i in range(1, length):
        score, good_here = emission_row(emissions, allowed, first + i, tag, True, SIZE, HAS_ALLOWED)
        good = good & good_here
        reached, before = best_before(best, tile, memory + (i % 2) * PADDED, transitions, SIZE, PADDED, FROM)
        tl.store(befores + (first + i) * SIZE + tag, before.to(tl.uint8), mask=inside)
        best = reached + score
        if i % 16 == 0:
            best, total = rescaled(best, total)
    best += tl.load(end + tag, mask=inside, other=-INFINITY)
    highest, last = first_of_highest(best)
    is_good = tl.min(good.to(tl.int32), axis=0) != 0
    tl.store(scores + sequence, tl.where(is_good, total + highest.to(tl.float64), float("nan")))
    tl.debug_barrier()  # the back-pointers are of all threads
    last = tl.minimum(last, SIZE - 1)
    for i in range(1, length):
        place = first + length - i
        tl.store(tags + place, last.to(tl.uint8))
        last = tl.load(befores + place * SIZE + last).to(tl.int32)
        last = tl.minimum(last, SIZE - 1)  # offsets that fall may leave back-pointers unwritten
    tl.store(tags + first, last.to(tl.uint8))
