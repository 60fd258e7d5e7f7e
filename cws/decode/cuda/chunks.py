"""The passes over chunks of the stream, see `cws.decode.cuda.kernels.chunks`: memory and launches, up and down."""

from __future__ import annotations

from typing import NamedTuple

import torch
import triton

from cws.decode.chain import Chain
from cws.decode.cuda.kernels.chunks import chunk_matrices, group_matrices, group_scores, mark_sequences
from cws.decode.cuda.kernels.chunks_marginals import chunks_backward, chunks_forward, group_rows, group_shares
from cws.decode.cuda.kernels.chunks_viterbi import chunks_viterbi, group_maps, group_tags, trace_chunks

Gold = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # tags (N,), their scores (B,), weights (B,)

CHUNK = 64  # characters, a multiple of the 16 whose tags are one word
RADIX = 32  # chunks or groups that one lane puts together
LANES = 32


class Stream(NamedTuple):
    """The packed stream cut in chunks, the last of which holds the place after the last character.

    Attributes:
        marks: Where a sequence begins, or one has ended; uint8, shape (chunks * CHUNK,).
        owners: At the last character of each sequence which it is, nothing elsewhere; int32, shape (N,).
        chunks: How many.
    """

    marks: torch.Tensor
    owners: torch.Tensor
    chunks: int


def viterbi_by_chunks(chain: Chain, tags: torch.Tensor, scores: torch.Tensor) -> None:
    """Write the best tags and their scores."""
    device, count = chain.emissions.device, chain.characters
    stream = _stream(chain)
    chunks = stream.chunks
    entering, totals = _entering(chain, stream, is_sum=False)
    words = torch.empty((chunks * CHUNK // 16, 4), dtype=torch.int32, device=device)
    maps = torch.empty(chunks, dtype=torch.int32, device=device)
    lanes = _lanes(chunks)
    grid = (triton.cdiv(chunks, lanes),)
    chunks_viterbi[grid](
        chain.emissions, chain.transitions, chain.start, chain.end, _allowed(chain), stream.marks, stream.owners,
        entering, totals, words, maps, scores, count, chunks, chain.sequences,
        LANES=lanes, CHUNK=CHUNK, IS_SBME=chain.is_sbme, HAS_ALLOWED=chain.allowed is not None, num_warps=1,
    )  # fmt: skip
    levels = [maps]
    while len(levels[-1]) > RADIX:
        parts = levels[-1]
        levels.append(torch.empty(triton.cdiv(len(parts), RADIX), dtype=torch.int32, device=device))
        group_maps[_grid(levels[-1])](
            parts, levels[-1], len(parts), len(levels[-1]), LANES=LANES, RADIX=RADIX, num_warps=1
        )
    last_tags = torch.zeros(1, dtype=torch.int32, device=device)  # after the end of the stream any will do
    for parts in reversed(levels):
        above, last_tags = last_tags, torch.empty_like(parts)
        group_tags[_grid(above)](above, parts, last_tags, len(parts), len(above), LANES=LANES, RADIX=RADIX, num_warps=1)
    trace_chunks[grid](words, last_tags, tags, count, chunks, LANES=lanes, CHUNK=CHUNK, num_warps=1)


def marginals_by_chunks(
    chain: Chain, gold: Gold | None, log_partition: torch.Tensor, marginals: torch.Tensor
) -> torch.Tensor:
    """Write the log-partition and marginals, or gradients of gold tags; return those of the transitions."""
    device, count = chain.emissions.device, chain.characters
    stream = _stream(chain)
    chunks = stream.chunks
    entering, totals = _entering(chain, stream, is_sum=True)
    forward = torch.empty((count + 1, 4), dtype=torch.float32, device=device)
    matrices = torch.empty((16, chunks), dtype=torch.float32, device=device)
    lanes = _lanes(chunks)
    grid = (triton.cdiv(chunks, lanes),)
    chunks_forward[grid](
        chain.emissions, chain.transitions, chain.start, chain.end, _allowed(chain), stream.marks, stream.owners,
        entering, totals, forward, matrices, log_partition, count, chunks, chain.sequences,
        LANES=lanes, CHUNK=CHUNK, IS_SBME=chain.is_sbme, HAS_ALLOWED=chain.allowed is not None, num_warps=1,
    )  # fmt: skip
    is_valid = log_partition > -torch.inf  # not so for a NaN
    scales = is_valid.float() if gold is None else gold[2].masked_fill(~(is_valid & (gold[1] > -torch.inf)), 0)
    edges = torch.arange(1, chunks + 1, device=device) * CHUNK - 1
    last_owners = torch.searchsorted(chain.offsets, edges, right=True) - 1
    pairs = torch.zeros((grid[0], 4, 4), dtype=torch.float32, device=device)
    chunks_backward[grid](
        chain.transitions, chain.end, stream.marks, stream.owners, stream.owners if gold is None else gold[0],
        scales, last_owners, forward, _last_shares(matrices), marginals, pairs, count, chunks, chain.sequences,
        LANES=lanes, CHUNK=CHUNK, IS_SBME=chain.is_sbme, HAS_GOLD=gold is not None, num_warps=1,
    )  # fmt: skip
    return pairs.sum(0, dtype=torch.float64).float()


def _last_shares(matrices: torch.Tensor) -> torch.Tensor:
    """Return the distribution of the tag at the end of each chunk, shape (4, chunks)."""
    levels = [matrices]
    while levels[-1].shape[1] > RADIX:
        parts = levels[-1]
        levels.append(parts.new_empty((16, triton.cdiv(parts.shape[1], RADIX))))
        groups = levels[-1].shape[1]
        group_rows[_grid(levels[-1][0])](
            parts, levels[-1], parts.shape[1], groups, LANES=LANES, RADIX=RADIX, num_warps=1
        )
    shares = matrices.new_full((4, 1), 0.25)  # after the end of the stream any will do
    for parts in reversed(levels):
        above, shares = shares, parts.new_empty((4, parts.shape[1]))
        group_shares[_grid(above[0])](
            above, parts, shares, parts.shape[1], above.shape[1], LANES=LANES, RADIX=RADIX, num_warps=1
        )
    return shares


def _stream(chain: Chain) -> Stream:
    chunks = chain.characters // CHUNK + 1
    marks = torch.zeros(chunks * CHUNK, dtype=torch.uint8, device=chain.emissions.device)
    marks[0].fill_(1)  # what offsets leave out belongs to nobody, but is no part of a sequence either
    marks[chain.characters].fill_(1)
    owners = torch.empty(chain.characters, dtype=torch.int32, device=chain.emissions.device)
    mark_sequences[(triton.cdiv(chain.sequences, 128),)](
        chain.offsets, marks, owners, chain.characters, chain.sequences, BLOCK=128, num_warps=4
    )
    return Stream(marks, owners, chunks)


def _entering(chain: Chain, stream: Stream, *, is_sum: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scores that enter each chunk, shape (4, chunks), and what was subtracted of them, shape (chunks,)."""
    level = _matrices(chain, stream.chunks)
    lanes = _lanes(stream.chunks)
    chunk_matrices[(triton.cdiv(stream.chunks, lanes),)](
        chain.emissions, chain.transitions, chain.start, _allowed(chain), stream.marks, *level,
        chain.characters, stream.chunks,
        LANES=lanes, CHUNK=CHUNK, IS_SBME=chain.is_sbme, IS_SUM=is_sum, HAS_ALLOWED=chain.allowed is not None,
        num_warps=1,
    )  # fmt: skip
    levels = [level]
    while (count := len(levels[-1][1])) > RADIX:
        level = _matrices(chain, triton.cdiv(count, RADIX))
        group_matrices[_grid(level[1])](
            *levels[-1], *level, count, len(level[1]), LANES=LANES, RADIX=RADIX, IS_SUM=is_sum, num_warps=1
        )
        levels.append(level)
    device = chain.emissions.device
    scores = torch.full((4, 1), -torch.inf, dtype=torch.float32, device=device)  # the first character resets them
    totals = torch.zeros(1, dtype=torch.float64, device=device)
    for level in reversed(levels):
        count = len(level[1])
        above, above_totals = scores, totals
        scores = torch.empty((4, count), dtype=torch.float32, device=device)
        totals = torch.empty(count, dtype=torch.float64, device=device)
        group_scores[_grid(above_totals)](
            above, above_totals, *level, scores, totals, count, len(above_totals),
            LANES=LANES, RADIX=RADIX, IS_SUM=is_sum, num_warps=1,
        )  # fmt: skip
    return scores, totals


def _matrices(chain: Chain, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    device = chain.emissions.device
    return (
        torch.empty((16, count), dtype=torch.float32, device=device),
        torch.empty(count, dtype=torch.float64, device=device),
        torch.empty(count, dtype=torch.uint8, device=device),
    )


def _lanes(chunks: int) -> int:
    return 8 if chunks <= 8192 else 16


def _grid(groups: torch.Tensor) -> tuple[int]:
    return (triton.cdiv(len(groups), LANES),)


def _allowed(chain: Chain) -> torch.Tensor:
    tensor: torch.Tensor = chain.emissions if chain.allowed is None else chain.allowed
    return tensor
