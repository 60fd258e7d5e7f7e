"""Four tags: their scores are four register vectors, a lane for each sequence or chunk.

IS_SBME: the tags are those of `cws.tags.SBME`, so each has two predecessors; `Chain.is_sbme` says when. Tests compare
with the reference, which takes legality from `cws.tags`.

Characters are read by tiles of STEPS for each lane, (LANES, STEPS * 4): threads side by side read 16 bytes side by
side, so every 128-byte line is asked for once, and a tile is turned to one lane a row through shared memory. (One row
of 16 bytes a lane and step would ask for 32 lines with each instruction, and for each line eight times.)
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import INFINITY, TOO_LARGE, finite_or_zero

WORD = tl.constexpr(16)  # so many two-bit tags are one int32


@triton.jit
def load_tile(emissions, first, step, length, STEPS: tl.constexpr):
    """Emissions of characters `step` to step + STEPS of each lane, 0 beyond its length; shape: (LANES, STEPS * 4)."""
    cell = tl.arange(0, STEPS * 4)[None, :]
    inside = step + cell // 4 < length[:, None]
    return tl.load(emissions + (first[:, None] + step) * 4 + cell, mask=inside, other=0.0)


@triton.jit
def as_scores(tile, allowed, first, step, length, HAS_ALLOWED: tl.constexpr):
    """The tile as float32, -inf where not allowed; what is no score anyway is then a NaN, see `worse`."""
    score = tile.to(tl.float32)
    if HAS_ALLOWED:
        cell = tl.arange(0, tile.shape[1])[None, :]
        inside = step + cell // 4 < length[:, None]
        bits = tl.load(allowed + first[:, None] + step + cell // 4, mask=inside, other=15).to(tl.int32)
        good = tl.abs(score) < TOO_LARGE
        score = tl.where(((bits >> (cell % 4)) & 1) != 0, score, -INFINITY)
        score = tl.where(good, score, float("nan"))  # allowed or not
    return score


@triton.jit
def worse(worst, four, HAS_ALLOWED: tl.constexpr):
    """The worst so far of the emissions of a lane: they are all scores where it is less than TOO_LARGE.

    A lane never sees another one's emissions, so they need no mending, only this one maximum each.
    """
    for tag in tl.static_range(4):
        score = four[tag]
        if not HAS_ALLOWED:
            score = tl.abs(score)
        worst = tl.maximum(worst, score, propagate_nan=tl.PropagateNan.ALL)
    return worst


@triton.jit
def first_four(emissions, allowed, first, length, HAS_ALLOWED: tl.constexpr):
    """Scores of the four tags at the first character of each lane."""
    tag = tl.arange(0, 4)[None, :]
    tile = tl.load(emissions + first[:, None] * 4 + tag, mask=(length > 0)[:, None], other=0.0)
    return columns(as_scores(tile, allowed, first, 0, length, HAS_ALLOWED))


@triton.jit
def columns(tile):
    """The four columns of a tile, shape: (LANES, 4)."""
    even, odd = tl.split(tl.reshape(tile, [tile.shape[0], 2, 2]))
    s, m = tl.split(even)
    b, e = tl.split(odd)
    return s, b, m, e


@triton.jit
def rows(s, b, m, e):
    """The opposite of `columns`."""
    return tl.reshape(tl.join(tl.join(s, m), tl.join(b, e)), [s.shape[0], 4])


@triton.jit
def half_of(tile, which: tl.constexpr):
    """The left (0) or right (1) half of the columns, which costs nothing where a lane holds its row."""
    lanes: tl.constexpr = tile.shape[0]
    half: tl.constexpr = tile.shape[1] // 2
    left, right = tl.split(tl.permute(tl.reshape(tile, [lanes, 2, half]), (0, 2, 1)))
    if which == 0:
        return left
    else:
        return right


@triton.jit
def scores_of_step(tile, step: tl.constexpr):
    """The scores of the four tags at one of the steps of a tile of 16 or 4."""
    if tile.shape[1] == 64:
        tile = half_of(half_of(tile, step // 8), step // 4 % 2)
    return columns(half_of(half_of(tile, step // 2 % 2), step % 2))


@triton.jit
def four_scalars(scores):
    return tl.load(scores), tl.load(scores + 1), tl.load(scores + 2), tl.load(scores + 3)


@triton.jit
def sixteen_scalars(scores):
    a, b, c, d = four_scalars(scores), four_scalars(scores + 4), four_scalars(scores + 8), four_scalars(scores + 12)
    return a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], c[0], c[1], c[2], c[3], d[0], d[1], d[2], d[3]


@triton.jit
def plus(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


@triton.jit
def chosen(mask, a, b):
    return (
        tl.where(mask, a[0], b[0]),
        tl.where(mask, a[1], b[1]),
        tl.where(mask, a[2], b[2]),
        tl.where(mask, a[3], b[3]),
    )


@triton.jit
def highest_of(a):
    return tl.maximum(tl.maximum(a[0], a[1]), tl.maximum(a[2], a[3]))


@triton.jit
def rescaled_four(scores, total):
    """The scores less their maximum, and the float64 sum of what was subtracted."""
    highest = finite_or_zero(highest_of(scores))
    scores = (scores[0] - highest, scores[1] - highest, scores[2] - highest, scores[3] - highest)
    return scores, total + highest.to(tl.float64)
