"""What all kernels share: bounds of sequences, loading of scores, sums that stay exact."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl

from cws.decode.chain import MAX_SCORE

# Emissions from here on are no scores: the lowest float32 beyond MAX_SCORE, which float32 may not have.
_NEAREST = np.float32(MAX_SCORE)
TOO_LARGE = tl.constexpr(float(_NEAREST if float(_NEAREST) > MAX_SCORE else np.nextafter(_NEAREST, np.float32("inf"))))
INFINITY = tl.constexpr(float("inf"))


@triton.jit
def bounds(offsets, sequence, count, mask):
    """First character and length of sequences, within the `count` characters whatever the offsets hold."""
    first = tl.load(offsets + sequence, mask=mask, other=0)
    last = tl.load(offsets + sequence + 1, mask=mask, other=0)
    first = tl.minimum(tl.maximum(first, 0), count)
    last = tl.minimum(tl.maximum(last, 0), count)
    return first, tl.maximum(last - first, 0)


@triton.jit
def emission_row(emissions, allowed, row, tag, mask, SIZE: tl.constexpr, HAS_ALLOWED: tl.constexpr):
    """Scores of tags at a character, -inf where not allowed, and whether they are scores at all."""
    inside = (tag < SIZE) & mask
    score = tl.load(emissions + row * SIZE + tag, mask=inside, other=0.0).to(tl.float32)
    good = tl.abs(score) < TOO_LARGE  # not so for a NaN
    score = tl.where(good, score, 0.0)
    if HAS_ALLOWED:
        byte = tl.load(allowed + row * ((SIZE + 7) // 8) + tag // 8, mask=inside, other=0).to(tl.int32)
        inside = inside & (((byte >> (tag % 8)) & 1) != 0)
    return tl.where(inside, score, -INFINITY), good


@triton.jit
def transition_tile(transitions, low, SIZE: tl.constexpr, PADDED: tl.constexpr, FROM: tl.constexpr):
    """Rows low to low + FROM of the transitions, -inf beyond them; shape: (FROM, PADDED)."""
    before = low + tl.arange(0, FROM)[:, None]
    after = tl.arange(0, PADDED)[None, :]
    return tl.load(transitions + before * SIZE + after, mask=(before < SIZE) & (after < SIZE), other=-INFINITY)


@triton.jit
def finite_or_zero(score):
    """What may be subtracted from scores that are all -inf: (-inf) - (-inf) is a NaN."""
    return tl.where(score == -INFINITY, 0.0, score)


@triton.jit
def rescaled(scores, total):
    """The scores less their maximum, and the float64 sum of what was subtracted: long sequences lose no precision."""
    highest = finite_or_zero(tl.max(scores, axis=0))
    return scores - highest, total + highest.to(tl.float64)


@triton.jit
def add_exactly(total, lost, value):
    """One step of Kahan's sum: the new total and what is lost of it. A float32 alone stops counting at 2 ** 24."""
    value = value - lost
    new = total + value
    return new, (new - total) - value


@triton.jit
def first_of_highest(scores):
    """Maximum along axis 0 and its index, of equals the lowest."""
    return tl.max(scores, axis=0, return_indices=True, return_indices_tie_break_left=True)
