"""The n best paths of any number of tags: one program a sequence.

The n best scores that end with a tag are merged from the sorted lists of all tags before it: of each list only its head
is compared, so a step takes n times K * K comparisons and not n * n times. Of equal heads the lowest tag's goes first,
and within a list the order stays, which are the ties of the reference.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cws.decode.cuda.kernels.common import (
    INFINITY,
    bounds,
    emission_row,
    finite_or_zero,
    first_of_highest,
    transition_tile,
)


@triton.jit(do_not_specialize=["count", "sequences", "n"])
def general_nbest(
    emissions, offsets, transitions, start, end, allowed,  # the chain
    origins,  # scratch, int32, shape: (N, SIZE, n): the tag before * n + its rank
    memory,  # scratch, float32, shape: (B, 2, PADDED, n): scores that end with each tag, best first
    picked,  # scratch, int32, shape: (B, n): the last tag * n + its rank
    tags,  # result, uint8, shape: (n, N)
    scores,  # result, float64, shape: (n, B)
    count, sequences, n,
    SIZE: tl.constexpr, PADDED: tl.constexpr, FROM: tl.constexpr, RANKS: tl.constexpr, HAS_ALLOWED: tl.constexpr,
):  # fmt: skip
    sequence = tl.program_id(0).to(tl.int64)
    first, length = bounds(offsets, sequence, count, True)
    if length == 0:
        return
    tag = tl.arange(0, PADDED)
    inside = tag < SIZE
    before = tag[:, None]
    memory += sequence * 2 * PADDED * n
    picked += sequence * n
    tile = transition_tile(transitions, 0, SIZE, PADDED, FROM)  # shape: (PADDED, PADDED)
    score, good = emission_row(emissions, allowed, first, tag, True, SIZE, HAS_ALLOWED)
    best = tl.load(start + tag, mask=inside, other=-INFINITY) + score
    total = tl.zeros([], tl.float64)
    for rank in range(0, n):
        tl.store(memory + tag * n + rank, best)
        best = tl.full([PADDED], -INFINITY, tl.float32)
    tl.debug_barrier()  # scores are read by other threads than write them
    for i in range(1, length):
        score, good_here = emission_row(emissions, allowed, first + i, tag, True, SIZE, HAS_ALLOWED)
        good = good & good_here
        here = memory + (i % 2) * PADDED * n
        there = memory + (1 - i % 2) * PADDED * n
        heads = tl.zeros([PADDED, PADDED], tl.int32)  # of the list of each tag before, for each tag
        base = tl.zeros([], tl.float32)
        for rank in range(0, n):
            found = tl.load(there + before * n + heads, mask=heads < n, other=-INFINITY) + tile
            best, chosen = first_of_highest(found)
            is_chosen = before == chosen[None, :]
            head = tl.sum(tl.where(is_chosen, heads, 0), axis=0)
            heads += is_chosen.to(tl.int32)
            best += score
            if rank == 0:  # all are less by the maximum, so long sequences lose no precision
                base = finite_or_zero(tl.max(best, axis=0))
            # Where no path is left, the head may be beyond the list: any will do for a score of -inf.
            origin = tl.minimum(chosen, SIZE - 1) * n + tl.minimum(head, n - 1)
            tl.store(origins + ((first + i) * SIZE + tag) * n + rank, origin, mask=inside)
            tl.store(here + tag * n + rank, best - base)
        total += base.to(tl.float64)
        tl.debug_barrier()
    last = memory + ((length - 1) % 2) * PADDED * n
    ends = tl.load(end + tag, mask=inside, other=-INFINITY)
    is_good = tl.min(good.to(tl.int32), axis=0) != 0
    last_heads = tl.zeros([PADDED], tl.int32)
    place = scores + sequence
    for rank in range(0, n):
        found = tl.load(last + tag * n + last_heads, mask=last_heads < n, other=-INFINITY) + ends
        highest, last_tag = first_of_highest(found)
        last_head = tl.sum(tl.where(tag == last_tag, last_heads, 0), axis=0)
        last_heads += (tag == last_tag).to(tl.int32)
        tl.store(picked + rank, tl.minimum(last_tag, SIZE - 1) * n + tl.minimum(last_head, n - 1))
        tl.store(place, tl.where(is_good, total + highest.to(tl.float64), float("nan")))
        place += sequences
    tl.debug_barrier()
    ranks = tl.arange(0, RANKS).to(tl.int64)
    is_rank = ranks < n
    origin = tl.load(picked + ranks, mask=is_rank, other=0)
    has_path = tl.load(scores + ranks * sequences + sequence, mask=is_rank, other=0.0) > -INFINITY
    for back in range(1, length):
        row = first + length - back
        tl.store(tags + ranks * count + row, tl.where(has_path, origin // n, 0).to(tl.uint8), mask=is_rank)
        origin = tl.load(origins + (row * SIZE + origin // n) * n + origin % n, mask=is_rank, other=0)
    tl.store(tags + ranks * count + first, tl.where(has_path, origin // n, 0).to(tl.uint8), mask=is_rank)
