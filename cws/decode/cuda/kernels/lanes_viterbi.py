"""Viterbi of four tags and many sequences: one lane a sequence.

Bytes of a character: 16 of emissions read and 1 tag written, 17 that must be; the paths of `four_best`, 1 written and 1
read, stay in the L2 cache as far as it goes: block i of 16 characters of a sequence is 16 bytes for each lane, written
and read at once as one word for each tag.

Few lanes are busy (4096 sequences are one warp for each multiprocessor), so what counts is the latency of one step
and that of loads: two tiles ahead, 32 characters or 512 bytes a lane, 16 KiB a multiprocessor.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import TOO_LARGE, bounds
from cws.decode.cuda.kernels.four import (
    WORD,
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
from cws.decode.cuda.kernels.four_best import best_of_four, best_step, oldest, with_own_tags, word_of


@triton.jit
def best_steps(
    scores, worst, tile, steps, step, length,
    IS_SBME: tl.constexpr, IS_RAGGED: tl.constexpr, HAS_ALLOWED: tl.constexpr
):  # fmt: skip
    """WORD steps of each lane; lanes that end within them (only if IS_RAGGED) keep their scores and last tags."""
    zero = tl.zeros([tile.shape[0]], tl.int32)
    paths = (zero, zero, zero, zero)
    for k in tl.static_range(WORD):
        new_scores, new_paths = best_step(scores, paths, steps, IS_SBME)
        four = scores_of_step(tile, k)
        worst = worse(worst, four, HAS_ALLOWED)
        new_scores = plus(new_scores, four)
        if IS_RAGGED:
            goes_on = step + k < length
            new_scores = chosen(goes_on, new_scores, scores)
            new_paths = chosen(goes_on, new_paths, with_own_tags(paths))
        scores = new_scores
        paths = new_paths
    return scores, worst, paths


@triton.jit(do_not_specialize=["count", "sequences"])
def lanes_viterbi(
    emissions, offsets, transitions, start, end, allowed,  # the chain
    words,  # scratch, int32, shape: (N // WORD + B, 4)
    tags, scores,  # results
    count, sequences,
    LANES: tl.constexpr, IS_SBME: tl.constexpr, HAS_ALLOWED: tl.constexpr,
):  # fmt: skip
    sequence = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    inside = sequence < sequences
    first, length = bounds(offsets, sequence, count, inside)
    longest = tl.max(length, axis=0)
    even = tl.maximum(tl.min(length, axis=0) - 1, 0) // WORD  # blocks without an end in any lane
    blocks = (tl.maximum(longest - 1, 0) + WORD - 1) // WORD
    # Where a sequence keeps its blocks of words: disjoint from all others', and known without their lengths.
    place = first // WORD + sequence
    steps = sixteen_scalars(transitions)
    four = first_four(emissions, allowed, first, length, HAS_ALLOWED)
    worst = worse(tl.zeros([LANES], tl.float32), four, HAS_ALLOWED)
    best = plus(four_scalars(start), four)
    total = tl.zeros([LANES], tl.float64)
    ahead = load_tile(emissions, first, 1, length, WORD)
    ahead_2 = load_tile(emissions, first, 1 + WORD, length, WORD)
    for block in range(0, even):
        step = block * WORD + 1
        tile = as_scores(ahead, allowed, first, step, length, HAS_ALLOWED)
        ahead = ahead_2
        ahead_2 = load_tile(emissions, first, step + 2 * WORD, length, WORD)
        best, worst, paths = best_steps(best, worst, tile, steps, step, length, IS_SBME, False, HAS_ALLOWED)
        best, total = rescaled_four(best, total)
        tl.store(words + (place + block)[:, None] * 4 + tl.arange(0, 4)[None, :], rows(*paths))
    for block in range(even, blocks):
        step = block * WORD + 1
        tile = as_scores(ahead, allowed, first, step, length, HAS_ALLOWED)
        ahead = ahead_2
        ahead_2 = load_tile(emissions, first, step + 2 * WORD, length, WORD)
        best, worst, paths = best_steps(best, worst, tile, steps, step, length, IS_SBME, True, HAS_ALLOWED)
        best, total = rescaled_four(best, total)
        cells = words + (place + block)[:, None] * 4 + tl.arange(0, 4)[None, :]
        tl.store(cells, rows(*paths), mask=(step < length)[:, None])
    highest, tag = best_of_four(plus(best, four_scalars(end)))
    result = tl.where(worst < TOO_LARGE, total + highest.to(tl.float64), float("nan"))
    tl.store(scores + sequence, result, mask=length > 0)
    tl.store(tags + first + length - 1, tag.to(tl.uint8), mask=length > 0)
    tl.debug_barrier()  # the words are read by other threads than wrote them
    trace_back(words, place, tags, first, 0 * length, length, tag, blocks)


@triton.jit
def load_words(words, place, block, length):
    """Words of a block of each lane that has it; shape: (LANES, 4)."""
    block = tl.maximum(block, 0)  # ahead of the first there is none
    has_block = block * WORD + 1 < length
    cells = words + (place + block)[:, None] * 4 + tl.arange(0, 4)[None, :]
    return tl.load(cells, mask=has_block[:, None], other=0)


@triton.jit
def trace_back(words, place, tags, first, lowest, length, tag, blocks):
    """Write the tags of characters `lowest` to length - 2 of each lane; words are loaded two blocks ahead."""
    ahead = load_words(words, place, blocks - 1, length)
    ahead_2 = load_words(words, place, blocks - 2, length)
    for back in range(0, blocks):
        block = blocks - 1 - back
        word = word_of(columns(ahead), tag)
        ahead = ahead_2
        ahead_2 = load_words(words, place, block - 2, length)
        tag = tl.where(block * WORD + 1 < length, oldest(word), tag)
        # Threads side by side write the characters side by side; shape: (LANES, WORD)
        k = tl.arange(0, WORD)[None, :]
        character = block * WORD + k
        found = ((word[:, None] >> (30 - 2 * k)) & 3).to(tl.uint8)
        is_wanted = (character >= lowest[:, None]) & (character < length[:, None] - 1)
        tl.store(tags + first[:, None] + character, found, mask=is_wanted)
