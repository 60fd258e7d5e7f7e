"""Arrays on the host: numpy arrays, and torch tensors on the CPU, which share their memory with numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cws.decode.chain import (
    MAX_SCORE,
    Array,
    Chain,
    Legality,
    as_array,
    check_offsets,
    check_results,
    check_scores,
    check_size,
    legality_masks,
)
from cws.errors import InputError


@dataclass(frozen=True)
class HostArrays:
    """Takes a caller's arrays on the host, and gives results back as the caller's type of array.

    Attributes:
        returns_tensors: Whether the caller uses torch.
        checks: Whether a sequence without a result is an error.
    """

    returns_tensors: bool
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
        """Return the checked chain.

        Raises:
            InputError: A wrong type, shape or device, falling offsets, transitions that are no numbers.
        """
        emissions = as_array(emissions, "emissions")
        if emissions.ndim != 2:
            raise InputError(f"emissions: expected the shape (characters, tags), got {emissions.shape}")
        count, size = emissions.shape
        emissions = np.ascontiguousarray(_floats(emissions, "emissions", (count, size)))
        check_size(size)
        scores = _scores(transitions, start, end, size, emissions.dtype)
        check_scores(scores)
        is_sbme = False
        if legality is not None:
            masks = legality_masks(legality, size)
            scores[masks.illegal] = -np.inf
            is_sbme = masks.is_sbme
        bits = _allowed_bits(allowed, count, size)
        offsets = check_offsets(as_array(offsets, "offsets"), count)
        return Chain(emissions, offsets, scores[:size], scores[size], scores[size + 1], bits, is_sbme)

    def tags(self, chain: Chain, tags: Array) -> Array:
        """Return the tags of a sequence each, shape (N,).

        Raises:
            InputError: A wrong type or shape, tags out of range.
        """
        tags = as_array(tags, "tags")
        if tags.dtype not in (np.uint8, np.int64) or tags.shape != (chain.characters,):
            raise InputError(
                f"tags: expected uint8 or int64 of shape ({chain.characters},), got {tags.dtype} {tags.shape}"
            )
        if tags.size and not 0 <= tags.min() <= tags.max() < chain.size:
            raise InputError(f"tags: expected 0 to {chain.size - 1}, got {tags.min()} to {tags.max()}")
        return np.ascontiguousarray(tags)

    def weights(self, chain: Chain, weights: Array | None) -> Array:
        """Return the weights of the sequences, shape (B,), of the type of the transitions; None is ones.

        Raises:
            InputError: A wrong type or shape, and where values are checked, weights that are no numbers.
        """
        if weights is None:
            return np.ones(chain.sequences, chain.transitions.dtype)
        weights = as_array(weights, "weights")
        if weights.dtype.kind != "f" or weights.shape != (chain.sequences,):
            raise InputError(
                f"weights: expected float32 of shape ({chain.sequences},), got {weights.dtype} {weights.shape}"
            )
        if self.checks and not (np.abs(weights) <= MAX_SCORE).all():
            raise InputError("weights: expected numbers from -1e30 to 1e30, got NaN or beyond")
        return np.ascontiguousarray(weights, chain.transitions.dtype)

    def check(self, chain: Chain, results: Array, what: str) -> None:
        """Raise InputError of the first sequence without a result; `what` says why it may have none."""
        if self.checks:
            check_results(results, chain.emissions, chain.offsets, what)

    def returned(self, array: Array) -> Array:
        """Return a result as the caller's type of array."""
        if not self.returns_tensors:
            return array
        import torch

        return torch.from_numpy(array)


def _scores(
    transitions: Array, start: Array | None, end: Array | None, size: int, dtype: np.dtype[Any]
) -> np.ndarray[Any, Any]:
    """Return one array of transitions, start and end, (K + 2, K): checked and masked at once."""
    scores = np.zeros((size + 2, size), dtype)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which check_scores refuses
        scores[:size] = _floats(as_array(transitions, "transitions"), "transitions", (size, size))
        if start is not None:
            scores[size] = _floats(as_array(start, "start_transitions"), "start_transitions", (size,))
        if end is not None:
            scores[size + 1] = _floats(as_array(end, "end_transitions"), "end_transitions", (size,))
    return scores


def _floats(array: np.ndarray[Any, Any], name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return the array if it is of floats and of this shape."""
    if array.dtype != np.float32 and array.dtype != np.float64:
        raise InputError(f"{name}: expected float32 (or float64), got {array.dtype}")
    if array.shape != shape:
        raise InputError(f"{name}: expected the shape {shape}, got {array.shape}")
    return array


def _allowed_bits(allowed: Array | None, count: int, size: int) -> np.ndarray[Any, Any] | None:
    if allowed is None:
        return None
    allowed = as_array(allowed, "allowed")
    if allowed.dtype == np.bool_ and allowed.shape == (count, size):
        return np.packbits(allowed, axis=1, bitorder="little")
    if allowed.dtype == np.uint8 and allowed.shape == (count, (size + 7) // 8):
        return np.ascontiguousarray(allowed)
    raise InputError(
        f"allowed: expected bool of shape ({count}, {size}) or its bits in uint8 of shape ({count}, {(size + 7) // 8}),"
        f" got {allowed.dtype} {allowed.shape}"
    )
