"""The `Chain` of CUDA tensors. Nothing here looks at a value, because the host would have to wait for the device."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from cws.decode.chain import Array, Chain, Legality, check_offsets, check_scores, check_size, is_tensor, legality_masks
from cws.errors import InputError
from cws.tags import TagScheme

if TYPE_CHECKING:
    from collections.abc import Sequence

FLOATS = ("float32", "float16", "bfloat16")


def tensor_chain(
    emissions: Array,
    offsets: Array,
    transitions: Array,
    start: Array | None,
    end: Array | None,
    legality: Legality | None,
    allowed: Array | None,
) -> Chain:
    """Return the chain of tensors that are all on one device.

    Raises:
        InputError: A wrong type, shape or device.
    """
    if not is_tensor(emissions):
        raise InputError(f"emissions: the cuda backend expects a torch tensor, got {type(emissions).__name__}")
    if emissions.device.type != "cuda" and not _interpreted():
        raise InputError(f"emissions: the cuda backend expects a CUDA tensor, got one on the {emissions.device}")
    if emissions.ndim != 2 or _name(emissions) not in FLOATS:
        raise InputError(
            f"emissions: expected {', '.join(FLOATS)} of shape (characters, tags), got {_name(emissions)} "
            f"{tuple(emissions.shape)}"
        )
    count, size = emissions.shape
    check_size(size)
    probe = Chain(emissions, offsets, transitions, start, end, None, False)
    if is_tensor(offsets) and (offsets.ndim != 1 or not len(offsets)):
        raise InputError(f"offsets: expected int64 of shape (sequences + 1,), got {tuple(offsets.shape)}")
    offsets = tensor_like(probe, offsets, "offsets", None, ("int64",))
    scores = []
    for name, values, shape in (
        ("transitions", transitions, (size, size)),
        ("start_transitions", start, (size,)),
        ("end_transitions", end, (size,)),
    ):
        if values is None:
            scores.append(torch.zeros(shape, dtype=torch.float32, device=emissions.device))
        else:
            scores.append(tensor_like(probe, values, name, shape, FLOATS).float())
    is_sbme = False
    if legality is not None:
        illegal, is_sbme = _illegal(legality, size, emissions.device)
        scores = [values.masked_fill(mask, -torch.inf) for mask, values in zip(illegal, scores, strict=True)]
    allowed = _allowed(probe, allowed, count, size)
    return Chain(emissions.detach().contiguous(), offsets, scores[0], scores[1], scores[2], allowed, is_sbme)


def tensor_like(
    chain: Chain, tensor: Array, name: str, shape: tuple[int, ...] | None, dtypes: Sequence[str]
) -> torch.Tensor:
    """Return the tensor, detached and contiguous, if it is on the device of the emissions and as expected."""
    if not is_tensor(tensor):
        raise InputError(f"{name}: expected a torch tensor like the emissions, got {type(tensor).__name__}")
    if tensor.device != chain.emissions.device:
        raise InputError(f"{name}: expected it on {chain.emissions.device} like the emissions, got {tensor.device}")
    if _name(tensor) not in dtypes or (shape is not None and tuple(tensor.shape) != shape):
        raise InputError(
            f"{name}: expected {' or '.join(dtypes)}{'' if shape is None else f' of shape {shape}'}, "
            f"got {_name(tensor)} {tuple(tensor.shape)}"
        )
    result: torch.Tensor = tensor.detach().contiguous()
    return result


def ones(chain: Chain) -> torch.Tensor:
    """Return a weight of one for each sequence."""
    return torch.ones(chain.sequences, dtype=torch.float32, device=chain.emissions.device)


def check_values(chain: Chain) -> None:
    """Raise InputError for offsets that fall and transitions that are no scores. Waits for the device."""
    check_offsets(chain.offsets.cpu().numpy(), chain.characters)
    check_scores(torch.cat([chain.transitions, chain.start[None], chain.end[None]]).cpu().numpy())


def on_host(chain: Chain, results: torch.Tensor) -> tuple[Chain, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Return what an error message needs, as numpy arrays: waits for the device."""
    results = results.cpu()
    if bool(torch.isfinite(results).all()):
        return chain, results.numpy()
    host = Chain(
        chain.emissions.float().cpu().numpy(), chain.offsets.cpu().numpy(),
        chain.transitions, chain.start, chain.end, chain.allowed, chain.is_sbme,
    )  # fmt: skip
    return host, results.numpy()


def _allowed(chain: Chain, allowed: Array | None, count: int, size: int) -> torch.Tensor | None:
    if allowed is None:
        return None
    if is_tensor(allowed) and allowed.dtype == torch.bool:
        mask = tensor_like(chain, allowed, "allowed", (count, size), ("bool",))
        bits = torch.nn.functional.pad(mask, (0, -size % 8)).view(count, (size + 7) // 8, 8)
        places = torch.arange(8, device=mask.device, dtype=torch.uint8)
        return (bits.to(torch.uint8) << places).sum(-1, dtype=torch.uint8)
    return tensor_like(chain, allowed, "allowed", (count, (size + 7) // 8), ("uint8",))


def _illegal(legality: Legality, size: int, device: torch.device) -> tuple[tuple[torch.Tensor, ...], bool]:
    # A scheme is immutable: copied to the device once, it costs nothing.
    if isinstance(legality, TagScheme):
        return _cached_illegal(legality, size, device)
    return _make_illegal(legality, size, device)


def _make_illegal(legality: Legality, size: int, device: torch.device) -> tuple[tuple[torch.Tensor, ...], bool]:
    masks = legality_masks(legality, size)
    illegal = torch.from_numpy(masks.illegal).to(device)
    return (illegal[:size], illegal[size], illegal[size + 1]), masks.is_sbme


_cached_illegal = lru_cache(maxsize=64)(_make_illegal)


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _interpreted() -> bool:
    """Whether Triton's interpreter stands in for a GPU: kernels are tested through it."""
    import triton

    return bool(triton.knobs.runtime.interpret)
