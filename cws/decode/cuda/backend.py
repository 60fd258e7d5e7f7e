"""The backend of CUDA tensors: chooses the kernels and gives them memory. Nothing here waits for the device.

What a kernel may be chosen by are shapes, because nothing else is known on the host.
"""

from __future__ import annotations

import torch
import triton

from cws.decode.chain import Chain
from cws.decode.cuda.chunks import Gold, marginals_by_chunks, viterbi_by_chunks
from cws.decode.cuda.kernels.general_marginals import general_marginals
from cws.decode.cuda.kernels.general_nbest import general_nbest
from cws.decode.cuda.kernels.general_viterbi import general_viterbi
from cws.decode.cuda.kernels.gold import gold_scores
from cws.decode.cuda.kernels.lanes_marginals import lanes_marginals
from cws.decode.cuda.kernels.lanes_viterbi import lanes_viterbi
from cws.errors import InputError

TILED = 64  # tags from which on the transitions are too many for the registers
PROGRAMS = 528  # that share the sequences where each sums up its own: four for each multiprocessor of the largest cards

LONG, MANY = 1024, 8192  # characters of a sequence from which on it is cut in chunks, unless there are many sequences


def viterbi(chain: Chain) -> tuple[torch.Tensor, torch.Tensor]:
    """See `cws.decode.reference.viterbi`; tags uint8, scores float64."""
    tags = _empty(chain, (chain.characters,), torch.uint8)
    scores = _zeros(chain, (chain.sequences,), torch.float64)  # an empty sequence keeps its 0
    if chain.characters and chain.sequences:
        {"general": _general_viterbi, "lanes": _lanes_viterbi, "chunks": viterbi_by_chunks}[_kernel_family(chain)](
            chain, tags, scores
        )
    return tags, scores


def nbest(chain: Chain, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """See `cws.decode.reference.nbest`; tags uint8, scores float64.

    Raises:
        InputError: More tags than the registers hold transitions of.
    """
    if n == 1:
        tags, scores = viterbi(chain)
        return tags[None], scores[None]
    if _padded(chain) > TILED:
        raise InputError(f"nbest: the cuda backend expects at most {TILED} tags, got {chain.size}: decode on the CPU")
    tags = _empty(chain, (n, chain.characters), torch.uint8)
    scores = _zeros(chain, (n, chain.sequences), torch.float64)
    scores[1:].fill_(-torch.inf)  # an empty sequence has one path
    if chain.characters and chain.sequences:
        general_nbest[(chain.sequences,)](
            *_arguments(chain),
            _empty(chain, (chain.characters, chain.size, n), torch.int32),
            _empty(chain, (chain.sequences, 2, _padded(chain), n), torch.float32),
            _empty(chain, (chain.sequences, n), torch.int32),
            tags, scores, chain.characters, chain.sequences, n,
            RANKS=triton.next_power_of_2(n),
            **_general_options(chain),
        )  # fmt: skip
    return tags, scores


def forward_backward(chain: Chain, pairwise: bool = False) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """See `cws.decode.reference.forward_backward`; log-partition float64, marginals float32."""
    return _marginals(chain, None, pairwise)


def log_likelihood(
    chain: Chain, tags: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """See `cws.decode.reference.log_likelihood`; values float64, gradients float32."""
    scores = _zeros(chain, (chain.sequences,), torch.float64)
    if chain.characters and chain.sequences:
        gold_scores[(chain.sequences,)](
            *_arguments(chain), tags, scores, chain.characters,
            SIZE=chain.size, HAS_ALLOWED=chain.allowed is not None, BLOCK=256, num_warps=2,
        )  # fmt: skip
    log_partition, gradient, transitions = _marginals(chain, (tags, scores, weights), False)
    values = torch.where(scores > -torch.inf, scores - log_partition, scores)
    values = torch.where(log_partition.isnan(), log_partition, values)
    first, last = (chain.offsets.clamp(0, chain.characters)[ends] for ends in (slice(None, -1), slice(1, None)))
    start, end = (_sum_of_rows(gradient, rows, last > first) for rows in (first, last - 1))
    return values, (gradient, transitions, start, end)


def _sum_of_rows(gradient: torch.Tensor, rows: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    if not len(gradient):
        return gradient.sum(0)
    chosen = gradient.index_select(0, rows.clamp(0, len(gradient) - 1))
    return chosen.masked_fill(~mask[:, None], 0).sum(0, dtype=torch.float64).float()


def _marginals(chain: Chain, gold: Gold | None, pairwise: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the log-partition, marginals and transition marginals; with gold tags, the gradients in their places."""
    log_partition = _zeros(chain, (chain.sequences,), torch.float64)
    marginals = _empty(chain, (chain.characters, chain.size), torch.float32)
    shape = (chain.size, chain.size)
    if not (chain.characters and chain.sequences):
        return log_partition, marginals, _zeros(chain, (chain.characters, *shape) if pairwise else shape, torch.float32)
    family = _kernel_family(chain)
    if pairwise or family == "general":
        transitions = _general_marginals(chain, gold, pairwise, log_partition, marginals)
    elif family == "lanes":
        transitions = _lanes_marginals(chain, gold, log_partition, marginals)
    else:
        transitions = marginals_by_chunks(chain, gold, log_partition, marginals)
    return log_partition, marginals, transitions


def _general_marginals(
    chain: Chain, gold: Gold | None, pairwise: bool, log_partition: torch.Tensor, marginals: torch.Tensor
) -> torch.Tensor:
    padded, size = _padded(chain), chain.size
    # Tags too many for the registers sum up in the memory, so fewer programs.
    programs = min(chain.sequences, PROGRAMS if padded <= TILED else PROGRAMS // 4)
    shape = (chain.characters, size, size) if pairwise else (programs, 2, padded, padded)
    pairs = _zeros(chain, shape, torch.float32)
    general_marginals[(programs,)](
        *_arguments(chain),
        *(gold or (chain.offsets, log_partition, log_partition)),
        _empty(chain, (chain.characters, size), torch.float32),
        _empty(chain, (programs, 2, padded), torch.float32),
        log_partition, marginals, pairs, chain.characters, chain.sequences, programs,
        HAS_GOLD=gold is not None, PAIRWISE=pairwise,
        **_general_options(chain),
    )  # fmt: skip
    return pairs if pairwise else pairs[:, 0, :size, :size].sum(0, dtype=torch.float64).float()


def _general_viterbi(chain: Chain, tags: torch.Tensor, scores: torch.Tensor) -> None:
    padded = _padded(chain)
    general_viterbi[(chain.sequences,)](
        *_arguments(chain),
        _empty(chain, (chain.characters, chain.size), torch.uint8),
        _empty(chain, (chain.sequences, 2, padded), torch.float32),
        tags, scores, chain.characters,
        **_general_options(chain),
    )  # fmt: skip


def _lanes_viterbi(chain: Chain, tags: torch.Tensor, scores: torch.Tensor) -> None:
    lanes = _lanes(chain.sequences, 16)
    lanes_viterbi[(triton.cdiv(chain.sequences, lanes),)](
        *_arguments(chain),
        _empty(chain, (chain.characters // 16 + chain.sequences, 4), torch.int32),
        tags, scores, chain.characters, chain.sequences,
        LANES=lanes, IS_SBME=chain.is_sbme, HAS_ALLOWED=chain.allowed is not None, num_warps=1,
    )  # fmt: skip


def _lanes_marginals(
    chain: Chain, gold: Gold | None, log_partition: torch.Tensor, marginals: torch.Tensor
) -> torch.Tensor:
    lanes = _lanes(chain.sequences, 32)
    programs = triton.cdiv(chain.sequences, lanes)
    pairs = _zeros(chain, (programs, 4, 4), torch.float32)
    lanes_marginals[(programs,)](
        *_arguments(chain),
        *(gold or (chain.offsets, log_partition, log_partition)),
        _empty(chain, (chain.characters, 4), torch.float32),
        log_partition, marginals, pairs, chain.characters, chain.sequences,
        LANES=lanes, IS_SBME=chain.is_sbme, HAS_ALLOWED=chain.allowed is not None, HAS_GOLD=gold is not None,
        num_warps=1,
    )  # fmt: skip
    return pairs.sum(0, dtype=torch.float64).float()


def _kernel_family(chain: Chain) -> str:
    """Which kernels: of any number of tags, or of four with a lane for each sequence or chunk."""
    if chain.size != 4:
        return "general"
    # A lane takes its characters one by one, so it is the length that takes time; by chunks everything is done about
    # three times, with a dozen launches. Lengths are not known here, but their mean is.
    is_long = chain.characters > LONG * chain.sequences and chain.sequences < MANY
    return "chunks" if is_long else "lanes"


def _lanes(count: int, most: int) -> int:
    """Of a program, one warp. Threads do the same in groups: better than idle multiprocessors or spilled registers."""
    return 8 if count <= 8192 else most


def _arguments(chain: Chain) -> tuple[torch.Tensor, ...]:
    allowed = chain.offsets if chain.allowed is None else chain.allowed  # in its place something that is never read
    return chain.emissions, chain.offsets, chain.transitions, chain.start, chain.end, allowed


def _padded(chain: Chain) -> int:
    return max(2, int(triton.next_power_of_2(chain.size)))


def _general_options(chain: Chain) -> dict[str, int | bool]:
    padded = _padded(chain)
    rows = padded if padded <= TILED else 4096 // padded
    return {
        "SIZE": chain.size,
        "PADDED": padded,
        "FROM": rows,
        "HAS_ALLOWED": chain.allowed is not None,
        "num_warps": 1 if padded <= 16 else 4 if padded <= 32 else 8,
    }


def _empty(chain: Chain, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device=chain.emissions.device)


def _zeros(chain: Chain, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    return torch.zeros(shape, dtype=dtype, device=chain.emissions.device)
