"""The backend of CUDA tensors: chooses the kernels and gives them memory. Nothing here waits for the device.

What a kernel may be chosen by are shapes, because nothing else is known on the host.
"""

from __future__ import annotations

import torch
import triton

from cws.decode.chain import Chain
from cws.decode.kernels.general_viterbi import general_viterbi

TILED = 64  # tags from which on the transitions are too many for the registers


def viterbi(chain: Chain) -> tuple[torch.Tensor, torch.Tensor]:
    """See `cws.decode.reference.viterbi`; tags uint8, scores float64."""
    tags = _empty(chain, (chain.characters,), torch.uint8)
    scores = _zeros(chain, (chain.sequences,), torch.float64)  # an empty sequence keeps its 0
    if chain.characters and chain.sequences:
        _general_viterbi(chain, tags, scores)
    return tags, scores


def _general_viterbi(chain: Chain, tags: torch.Tensor, scores: torch.Tensor) -> None:
    padded = _padded(chain)
    general_viterbi[(chain.sequences,)](
        *_arguments(chain),
        _empty(chain, (chain.characters, chain.size), torch.uint8),
        _empty(chain, (chain.sequences, 2, padded), torch.float32),
        tags, scores, chain.characters,
        **_general_options(chain),
    )  # fmt: skip


def _arguments(chain: Chain) -> tuple[torch.Tensor, ...]:
    allowed = chain.offsets if chain.allowed is None else chain.allowed  # in its place something that is never read
    return chain.emissions, chain.offsets, chain.transitions, chain.start, chain.end, allowed


def _padded(chain: Chain) -> int:
    return max(2, triton.next_power_of_2(chain.size))


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
