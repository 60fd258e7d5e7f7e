"""Tensors on a CUDA device. Nothing here looks at a value unless asked to check: the host would wait for the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from cws.decode.chain import (
    Array,
    Chain,
    Legality,
    check_offsets,
    check_results,
    check_scores,
    check_size,
    is_tensor,
    legality_masks,
)
from cws.errors import InputError
from cws.tags import TagScheme

FLOATS = ("float32", "float16", "bfloat16")


@dataclass(frozen=True)
class DeviceTensors:
    """Takes a caller's tensors on a CUDA device, where results stay.

    Attributes:
        checks: Whether values are checked, and a sequence without a result is an error: both wait for the device.
    """

    checks: bool

    def chain(
        self,
        emissions: Array,
        offsets: Array,
        transitions: Array,
        start: Array | None,
        end: Array | None,
        legality: Legality | None,
        allowed: Array | None,
    ) -> Chain:
        """Return the checked chain of tensors that are all on one device.

        Raises:
            InputError: A wrong type, shape or device; where values are checked, falling offsets and transitions that
                are no numbers.
        """
        _check_emissions(emissions)
        count, size = emissions.shape
        if is_tensor(offsets) and (offsets.ndim != 1 or not len(offsets)):
            raise InputError(f"offsets: expected int64 of shape (sequences + 1,), got {tuple(offsets.shape)}")
        offsets = _tensor_like(emissions, offsets, "offsets", None, ("int64",))
        scores = _scores(emissions, transitions, start, end)
        is_sbme = False
        if legality is not None:
            illegal, is_sbme = _illegal(legality, size, emissions.device)
            scores = [values.masked_fill(mask, -torch.inf) for mask, values in zip(illegal, scores, strict=True)]
        bits = _allowed_bits(emissions, allowed)
        chain = Chain(emissions.detach().contiguous(), offsets, scores[0], scores[1], scores[2], bits, is_sbme)
        if self.checks:
            check_offsets(chain.offsets.cpu().numpy(), count)  # waits for the device
            check_scores(torch.cat([chain.transitions, chain.start[None], chain.end[None]]).cpu().numpy())
        return chain

    def tags(self, chain: Chain, tags: Array) -> torch.Tensor:
        """Return the tags, shape (N,); those out of range give NaN.

        Raises:
            InputError: A wrong type, shape or device.
        """
        return _tensor_like(chain.emissions, tags, "tags", (chain.characters,), ("uint8", "int64"))

    def weights(self, chain: Chain, weights: Array | None) -> torch.Tensor:
        """Return the weights of the sequences, shape (B,), float32; None is ones.

        Raises:
            InputError: A wrong type, shape or device.
        """
        if weights is None:
            return torch.ones(chain.sequences, dtype=torch.float32, device=chain.emissions.device)
        return _tensor_like(chain.emissions, weights, "weights", (chain.sequences,), ("float32",))

    def check(self, chain: Chain, results: torch.Tensor, what: str) -> None:
        """Raise InputError of the first sequence without a result; `what` says why it may have none."""
        if self.checks and not bool(torch.isfinite(results).all()):  # waits for the device
            emissions = chain.emissions.float().cpu().numpy()
            check_results(results.cpu().numpy(), emissions, chain.offsets.cpu().numpy(), what)

    def returned(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a result as the caller's type of array."""
        return tensor


def _check_emissions(emissions: Array) -> None:
    if not is_tensor(emissions):
        raise InputError(f"emissions: the cuda backend expects a torch tensor, got {type(emissions).__name__}")
    if emissions.device.type != "cuda" and not _is_interpreted():
        raise InputError(f"emissions: the cuda backend expects a CUDA tensor, got one on the {emissions.device}")
    if emissions.ndim != 2 or _dtype_name(emissions) not in FLOATS:
        raise InputError(
            f"emissions: expected {', '.join(FLOATS)} of shape (characters, tags), got {_dtype_name(emissions)} "
            f"{tuple(emissions.shape)}"
        )
    check_size(emissions.shape[1])


def _scores(emissions: torch.Tensor, transitions: Array, start: Array | None, end: Array | None) -> list[torch.Tensor]:
    """Return transitions, start and end in float32; zeros where there are none."""
    size = emissions.shape[1]
    scores = []
    for name, values, shape in (
        ("transitions", transitions, (size, size)),
        ("start_transitions", start, (size,)),
        ("end_transitions", end, (size,)),
    ):
        if values is None:
            scores.append(torch.zeros(shape, dtype=torch.float32, device=emissions.device))
        else:
            scores.append(_tensor_like(emissions, values, name, shape, FLOATS).float())
    return scores


def _tensor_like(
    emissions: torch.Tensor, tensor: Array, name: str, shape: tuple[int, ...] | None, dtypes: Sequence[str]
) -> torch.Tensor:
    """Return the tensor, detached and contiguous, if it is on the device of the emissions and as expected."""
    if not is_tensor(tensor):
        raise InputError(f"{name}: expected a torch tensor like the emissions, got {type(tensor).__name__}")
    if tensor.device != emissions.device:
        raise InputError(f"{name}: expected it on {emissions.device} like the emissions, got {tensor.device}")
    if _dtype_name(tensor) not in dtypes or (shape is not None and tuple(tensor.shape) != shape):
        raise InputError(
            f"{name}: expected {' or '.join(dtypes)}{'' if shape is None else f' of shape {shape}'}, "
            f"got {_dtype_name(tensor)} {tuple(tensor.shape)}"
        )
    result: torch.Tensor = tensor.detach().contiguous()
    return result


def _allowed_bits(emissions: torch.Tensor, allowed: Array | None) -> torch.Tensor | None:
    if allowed is None:
        return None
    count, size = emissions.shape
    if is_tensor(allowed) and allowed.dtype == torch.bool:
        mask = _tensor_like(emissions, allowed, "allowed", (count, size), ("bool",))
        bits = torch.nn.functional.pad(mask, (0, -size % 8)).view(count, (size + 7) // 8, 8)
        places = torch.arange(8, device=mask.device, dtype=torch.uint8)
        return (bits.to(torch.uint8) << places).sum(-1, dtype=torch.uint8)
    return _tensor_like(emissions, allowed, "allowed", (count, (size + 7) // 8), ("uint8",))


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


def _dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _is_interpreted() -> bool:
    """Whether Triton's interpreter stands in for a GPU: kernels are tested through it."""
    import triton

    return bool(triton.knobs.runtime.interpret)
