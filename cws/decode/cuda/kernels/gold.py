"""Scores of given tags: one program a sequence, and no recursion, so a block of characters at a time."""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import INFINITY, TOO_LARGE, bounds


@triton.jit(do_not_specialize=["count"])
def gold_scores(
    emissions, offsets, transitions, start, end, allowed,  # the chain
    gold,  # the tags, shape: (N,)
    scores,  # result, float64, shape: (B,): -inf for an illegal step, NaN for a tag out of range
    count,
    SIZE: tl.constexpr, HAS_ALLOWED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    sequence = tl.program_id(0).to(tl.int64)
    first, length = bounds(offsets, sequence, count, True)
    total = tl.zeros([BLOCK], tl.float64)
    for low in range(0, length, BLOCK):
        i = low + tl.arange(0, BLOCK)
        inside = i < length
        row = first + i
        tag = tl.load(gold + row, mask=inside, other=0).to(tl.int64)
        before = tl.load(gold + row - 1, mask=inside & (i > 0), other=0).to(tl.int64)
        known = (tag >= 0) & (tag < SIZE) & (before >= 0) & (before < SIZE)
        wrong = inside & ~known
        inside = inside & known
        score = tl.load(emissions + row * SIZE + tag, mask=inside, other=0.0).to(tl.float32)
        wrong = wrong | (inside & ~(tl.abs(score) < TOO_LARGE))
        if HAS_ALLOWED:
            byte = tl.load(allowed + row * ((SIZE + 7) // 8) + tag // 8, mask=inside, other=255).to(tl.int32)
            score = tl.where(((byte >> (tag % 8).to(tl.int32)) & 1) != 0, score, -INFINITY)
        # The first character comes after the start, all others after a tag.
        step = tl.load(transitions + before * SIZE + tag, mask=inside & (i > 0), other=0.0)
        step += tl.load(start + tag, mask=inside & (i == 0), other=0.0)
        stop = tl.load(end + tag, mask=inside & (i == length - 1), other=0.0)
        score = tl.where(wrong, float("nan"), score)
        total += score.to(tl.float64) + step.to(tl.float64) + stop.to(tl.float64)
    tl.store(scores + sequence, tl.sum(total, axis=0))
