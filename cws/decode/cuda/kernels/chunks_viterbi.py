"""Viterbi by chunks: each from the scores that enter it, then the traceback of all; see `chunks`.

A reset is a step like others for the traceback: to each first tag of a sequence leads the best last tag of the one
before. So the whole stream is traced as one chain, and what a chunk does to it is a map from the tag at its end to the
tag before its first character: four tags of two bits.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.chunks import checked_scores, load_marks, load_scores, mended
from cws.decode.cuda.kernels.four import (
    WORD,
    chosen,
    columns,
    four_scalars,
    load_tile,
    plus,
    rescaled_four,
    rows,
    scores_of_step,
    sixteen_scalars,
)
from cws.decode.cuda.kernels.four_best import best_of_four, best_step, oldest, with_own_tags, word_of
from cws.decode.cuda.kernels.lanes_viterbi import trace_back

STEPS = tl.constexpr(4)  # of a tile
SAME = tl.constexpr(0b11100100)  # the map of each tag to itself


@triton.jit
def before_chunk(tags, tag):
    """What a map makes of a tag."""
    return (tags >> (2 * tag)) & 3


@triton.jit(do_not_specialize=["count", "chunks", "sequences"])
def chunks_viterbi(
    emissions, transitions, start, end, allowed, marks, owners,  # the chain
    entering, entering_totals,  # scores that enter each chunk, shape: (4, chunks), (chunks,)
    words, maps,  # results, int32, shape: (chunks * CHUNK // WORD, 4), (chunks,)
    scores,  # result, float64, shape: (B,)
    count, chunks, sequences,
    LANES: tl.constexpr, CHUNK: tl.constexpr, IS_SBME: tl.constexpr, HAS_ALLOWED: tl.constexpr,
):  # fmt: skip
    chunk = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = chunk < chunks
    first = tl.minimum(chunk, chunks - 1) * CHUNK
    length = count - first
    steps = sixteen_scalars(transitions)
    starts, ends = four_scalars(start), four_scalars(end)
    best = load_scores(entering, chunk, chunks, inside)
    total = tl.load(entering_totals + chunk, mask=inside, other=0.0)
    zero = tl.zeros([LANES], tl.int32)
    tags = zero + SAME
    for word in range(0, CHUNK // WORD):
        paths = (zero, zero, zero, zero)
        for quarter in range(0, WORD // STEPS):
            step = word * WORD + quarter * STEPS
            is_mark = columns(load_marks(marks, first, step, STEPS))
            tile = load_tile(emissions, first, step, length, STEPS)
            tile = checked_scores(tile, allowed, first, step, length, HAS_ALLOWED)
            for k in tl.static_range(STEPS):
                place = step + k
                # Beyond the last character, whose end is marked too, nothing changes.
                is_inside = place < length
                begins = (is_mark[k] != 0) & (place <= length)
                own = with_own_tags(paths)
                highest, tag = best_of_four(plus(best, ends))
                has_ended = begins & (first + place > 0) & inside
                owner = tl.load(owners + first + place - 1, mask=has_ended, other=0)
                owner = tl.minimum(tl.maximum(owner, 0), sequences - 1)
                tl.store(scores + owner, total + highest.to(tl.float64), mask=has_ended)
                total = tl.where(begins, 0.0, total)
                four, total = mended(scores_of_step(tile, k), total)
                reached, reached_paths = best_step(best, paths, steps, IS_SBME)
                last = word_of(own, tag)
                paths = chosen(begins, (last, last, last, last), chosen(is_inside, reached_paths, own))
                best = chosen(is_inside, plus(chosen(begins, starts, reached), four), best)
        best, total = rescaled_four(best, total)
        cells = (first // WORD + word)[:, None] * 4 + tl.arange(0, 4)[None, :]
        tl.store(words + cells, rows(paths[0], paths[1], paths[2], paths[3]), mask=inside[:, None])
        low = before_chunk(tags, oldest(paths[0])) + 4 * before_chunk(tags, oldest(paths[1]))
        tags = low + 16 * before_chunk(tags, oldest(paths[2])) + 64 * before_chunk(tags, oldest(paths[3]))
    tl.store(maps + chunk, tags, mask=inside)


@triton.jit(do_not_specialize=["count", "groups"])
def group_maps(maps, results, count, groups, LANES: tl.constexpr, RADIX: tl.constexpr):
    """Of each group the map from the tag at its end to the tag before it."""
    group = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    tags = tl.zeros([LANES], tl.int32) + SAME
    for member in range(0, RADIX):
        part = group * RADIX + RADIX - 1 - member
        here = tl.load(maps + part, mask=part < count, other=SAME)
        low = before_chunk(here, tags & 3) + 4 * before_chunk(here, (tags >> 2) & 3)
        tags = low + 16 * before_chunk(here, (tags >> 4) & 3) + 64 * before_chunk(here, (tags >> 6) & 3)
    tl.store(results + group, tags, mask=group < groups)


@triton.jit(do_not_specialize=["count", "groups"])
def group_tags(last_tags, maps, results, count, groups, LANES: tl.constexpr, RADIX: tl.constexpr):
    """From the tag at the end of each group the tag at the end of each of its parts."""
    group = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    tag = tl.load(last_tags + group, mask=group < groups, other=0)
    for member in range(0, RADIX):
        part = group * RADIX + RADIX - 1 - member
        tl.store(results + part, tag, mask=part < count)
        tag = before_chunk(tl.load(maps + part, mask=part < count, other=SAME), tag)


@triton.jit(do_not_specialize=["count", "chunks"])
def trace_chunks(words, last_tags, tags, count, chunks, LANES: tl.constexpr, CHUNK: tl.constexpr):
    """Write the tags from the last but one of the chunk before to the last but one of each chunk."""
    chunk = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = chunk < chunks
    first = chunk * CHUNK - 1
    length = tl.where(inside, count - first + 1, 0)
    tag = tl.load(last_tags + chunk, mask=inside, other=0)
    lowest = tl.where(chunk == 0, 1, 0)
    trace_back(words, chunk * (CHUNK // WORD), tags, first, lowest, length, tag, CHUNK // WORD)
