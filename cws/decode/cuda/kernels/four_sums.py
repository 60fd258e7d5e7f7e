"""A step of forward-backward over four tags; see `general_marginals` for the backward pass."""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import finite_or_zero
from cws.decode.cuda.kernels.four import highest_of


@triton.jit
def exp_scores_into(scores, steps, TO: tl.constexpr, IS_SBME: tl.constexpr):
    """exp(score - highest) of each transition into a tag, their sum, and the highest; all 0 where there is none."""
    if IS_SBME:  # S and B come after S or E, M and E after B or M
        if TO < 2:
            a, b = scores[0] + steps[TO], scores[3] + steps[12 + TO]
        else:
            a, b = scores[1] + steps[4 + TO], scores[2] + steps[8 + TO]
        highest = tl.maximum(a, b)
        base = finite_or_zero(highest)
        a, b = tl.exp(a - base), tl.exp(b - base)
        return (a, b), a + b, highest
    else:
        a, b = scores[0] + steps[TO], scores[1] + steps[4 + TO]
        c, d = scores[2] + steps[8 + TO], scores[3] + steps[12 + TO]
        highest = highest_of((a, b, c, d))
        base = finite_or_zero(highest)
        a, b, c, d = tl.exp(a - base), tl.exp(b - base), tl.exp(c - base), tl.exp(d - base)
        return (a, b, c, d), a + b + c + d, highest


@triton.jit
def sum_into(scores, steps, TO: tl.constexpr, IS_SBME: tl.constexpr):
    """The log of the summed exp(score) of the transitions into a tag."""
    _, total, highest = exp_scores_into(scores, steps, TO, IS_SBME)
    return highest + tl.log(tl.where(total > 0, total, 1.0))


@triton.jit
def sum_step(scores, steps, IS_SBME: tl.constexpr):
    """Forward scores before the emissions of the next character."""
    s = sum_into(scores, steps, 0, IS_SBME)
    b = sum_into(scores, steps, 1, IS_SBME)
    m = sum_into(scores, steps, 2, IS_SBME)
    e = sum_into(scores, steps, 3, IS_SBME)
    return s, b, m, e


@triton.jit
def log_sum_of_four(scores):
    """The log of the summed exp(score), and exp(score) as shares of that sum, 0 where there is none."""
    highest = highest_of(scores)
    base = finite_or_zero(highest)
    s, b, m, e = tl.exp(scores[0] - base), tl.exp(scores[1] - base), tl.exp(scores[2] - base), tl.exp(scores[3] - base)
    total = s + b + m + e
    total = tl.where(total > 0, total, 1.0)
    return highest + tl.log(total), (s / total, b / total, m / total, e / total)


@triton.jit
def pairs_into(scores, steps, share, TO: tl.constexpr, IS_SBME: tl.constexpr):
    """The share of a tag, shared out among the transitions into it."""
    weights, total, _ = exp_scores_into(scores, steps, TO, IS_SBME)
    share = share[TO] / tl.where(total > 0, total, 1.0)
    if IS_SBME:
        return weights[0] * share, weights[1] * share
    else:
        return weights[0] * share, weights[1] * share, weights[2] * share, weights[3] * share


@triton.jit
def pairs_of_step(forward, steps, share, IS_SBME: tl.constexpr):
    """For each tag the shares of the transitions into it; and the shares of the tags before, which are their sums."""
    s = pairs_into(forward, steps, share, 0, IS_SBME)
    b = pairs_into(forward, steps, share, 1, IS_SBME)
    m = pairs_into(forward, steps, share, 2, IS_SBME)
    e = pairs_into(forward, steps, share, 3, IS_SBME)
    if IS_SBME:
        before = (s[0] + b[0], m[0] + e[0], m[1] + e[1], s[1] + b[1])
    else:
        before = (
            s[0] + b[0] + m[0] + e[0],
            s[1] + b[1] + m[1] + e[1],
            s[2] + b[2] + m[2] + e[2],
            s[3] + b[3] + m[3] + e[3],
        )
    total = before[0] + before[1] + before[2] + before[3]
    total = tl.where(total > 0, total, 1.0)  # is 1 but for rounding, which must not grow with the length
    before = (before[0] / total, before[1] / total, before[2] / total, before[3] / total)
    return (s, b, m, e), before


@triton.jit
def predecessor(index, TO: tl.constexpr, IS_SBME: tl.constexpr):
    """The tag that a transition comes from."""
    if IS_SBME:
        if TO < 2:
            return 3 * index
        else:
            return 1 + index
    else:
        return index


@triton.jit
def add_pairs_into(
    sums, pairs, gold_before, gold, scale,
    TO: tl.constexpr, IS_SBME: tl.constexpr, HAS_GOLD: tl.constexpr
):  # fmt: skip
    """Add the shares of the transitions into a tag, or with gold tags their gradient; shape: (LANES, PREDECESSORS)."""
    PREDECESSORS: tl.constexpr = 2 if IS_SBME else 4
    if IS_SBME:
        found = tl.join(pairs[TO][0], pairs[TO][1])
    else:
        found = tl.reshape(
            tl.join(tl.join(pairs[TO][0], pairs[TO][2]), tl.join(pairs[TO][1], pairs[TO][3])), [sums.shape[0], 4]
        )
    if HAS_GOLD:
        before = predecessor(tl.arange(0, PREDECESSORS), TO, IS_SBME)[None, :]
        is_gold = (gold_before[:, None] == before) & (gold == TO)[:, None]
        found = tl.where(is_gold, 1.0, 0.0) - found
    return sums + tl.where(scale[:, None] == 0, 0.0, scale[:, None] * found)
