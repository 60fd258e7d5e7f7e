"""What a backend decodes: a `Chain` of checked arrays, and the checks that host and device share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import index
from typing import Any, NamedTuple, Protocol

import numpy as np

from cws.errors import InputError
from cws.tags import MAX_TAGS, SBME, TagScheme

Array = Any  # a numpy array or a torch tensor

# Of a single emission or transition: sums of two stay far from the end of float32. The float32 next to 1e30.
MAX_SCORE = float(np.float32(1e30))


class Legality(Protocol):
    """Which tags may begin, follow each other and end; every `TagScheme` says so, and any object with these may."""

    @property
    def transitions_allowed(self) -> Sequence[Sequence[bool]]: ...
    @property
    def start_allowed(self) -> Sequence[bool]: ...
    @property
    def end_allowed(self) -> Sequence[bool]: ...


@dataclass(frozen=True, slots=True)
class Chain:
    """Checked arrays of one kind and device, contiguous, illegal scores -inf.

    Attributes:
        emissions: Shape (N, K).
        offsets: Shape (B + 1,), int64, from 0 to N, never falling.
        transitions: Shape (K, K), [from, to]; of the emissions' type, float32 where that is a half.
        start, end: Shape (K,), of the type of the transitions.
        allowed: Shape (N, (K + 7) // 8), uint8, or None: bit k % 8 of byte k // 8 allows tag k at the character.
        is_sbme: Whether the legality is that of `cws.tags.SBME`, for which backends have code of their own.
    """

    emissions: Array
    offsets: Array
    transitions: Array
    start: Array
    end: Array
    allowed: Array | None
    is_sbme: bool

    @property
    def size(self) -> int:
        """K."""
        return int(self.emissions.shape[1])

    @property
    def characters(self) -> int:
        """N."""
        return int(self.emissions.shape[0])

    @property
    def sequences(self) -> int:
        """B."""
        return int(self.offsets.shape[0]) - 1


def is_tensor(array: object) -> bool:
    """Whether this is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def whole_number(value: object, name: str, limit: int) -> int:
    """Return a number from 1 to the limit, or raise InputError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not 1 <= (number := index(value)) <= limit:
        raise InputError(f"{name}: expected 1 to {limit}, got {value!r}")
    return number


def as_array(array: Array, name: str) -> np.ndarray[Any, Any]:
    """Return the array, or a tensor's memory as one."""
    if is_tensor(array):
        if array.device.type != "cpu":
            wanted = "a tensor on the cpu or on CUDA" if name == "emissions" else "it on the cpu like the emissions"
            raise InputError(f"{name}: expected {wanted}, got one on {array.device}")
        try:
            return np.asarray((array.detach() if array.requires_grad else array).numpy())
        except (TypeError, RuntimeError):  # numpy has no bfloat16, and nothing sparse
            kind = f"{array.layout} {array.dtype}".replace("torch.", "")
            raise InputError(f"{name}: expected a dense tensor of a type numpy has too, got {kind}") from None
    if isinstance(array, np.ndarray):
        return array
    raise InputError(f"{name}: expected a numpy array or a torch tensor, got {type(array).__name__}")


def check_size(size: int) -> None:
    """Raise InputError if there are too few tags or too many."""
    if not 1 <= size <= MAX_TAGS:
        raise InputError(f"emissions: expected 1 to {MAX_TAGS} tags, got {size}")


def check_offsets(offsets: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Return the offsets, contiguous. Raises InputError if they do not rise from 0 to count."""
    if offsets.dtype != np.int64 or offsets.ndim != 1 or not len(offsets):
        raise InputError(f"offsets: expected int64 of shape (sequences + 1,), got {offsets.dtype} {offsets.shape}")
    if offsets[0] != 0 or offsets[-1] != count:
        raise InputError(f"offsets: expected to go from 0 to {count}, got {offsets[0]} to {offsets[-1]}")
    if (falls := np.flatnonzero(offsets[1:] < offsets[:-1])).size:
        at = int(falls[0])
        raise InputError(f"offsets: expected to rise, got {offsets[at]} and then {offsets[at + 1]} at {at + 1}")
    return np.ascontiguousarray(offsets)


class Masks(NamedTuple):
    """What is illegal, shape (K + 2, K): transitions, first tags, last tags; and whether it is as in SBME."""

    illegal: np.ndarray[Any, Any]
    is_sbme: bool


def legality_masks(legality: Legality, size: int) -> Masks:
    """Return the legality as an array of bools.

    Raises:
        InputError: It is of another number of tags.
    """
    # A scheme is immutable, and a look-up is quicker than three arrays.
    return _cached_masks(legality, size) if isinstance(legality, TagScheme) else _make_masks(legality, size)


def _make_masks(legality: Legality, size: int) -> Masks:
    names = ("transitions_allowed", "start_allowed", "end_allowed")
    if not all(hasattr(legality, name) for name in names):
        raise InputError(f"legality: expected a TagScheme, or {', '.join(names)} of an object, got {legality!r}")
    transitions, start, end = (np.asarray(getattr(legality, name), bool) for name in names)
    if transitions.shape != (size, size) or start.shape != (size,) or end.shape != (size,):
        raise InputError(f"legality: expected a scheme of {size} tags like the emissions, got one of {len(start)}")
    is_sbme = (transitions.tolist(), start.tolist(), end.tolist()) == _SBME
    return Masks(~np.vstack([transitions, start, end]), is_sbme)


_cached_masks = lru_cache(maxsize=64)(_make_masks)


_SBME = ([list(row) for row in SBME.transitions_allowed], list(SBME.start_allowed), list(SBME.end_allowed))


def check_scores(scores: np.ndarray[Any, Any]) -> None:
    """Raise InputError if one of transitions, start and end, one after the other, (K + 2, K), is no score."""
    fine = np.abs(scores) <= MAX_SCORE
    if fine.all() or (fine := fine | (scores == -np.inf)).all():
        return
    size = scores.shape[1]
    row, to = np.argwhere(~fine)[0]
    name = "transitions" if row < size else "start_transitions" if row == size else "end_transitions"
    place = f"from {row} to {to}" if row < size else f"of tag {to}"
    raise InputError(f"{name}: expected -inf or scores from -1e30 to 1e30, got {scores[row, to]} {place}")


def check_results(
    results: np.ndarray[Any, Any], emissions: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any], what: str
) -> None:
    """Raise InputError if the result of a sequence, shape (B,), is NaN or infinite; `what` says why it may be."""
    if not np.isfinite(results).all():
        sequence = int(np.flatnonzero(~np.isfinite(results))[0])
        first, last = offsets[sequence : sequence + 2]
        raise explain(sequence, emissions[first:last], what)


def explain(sequence: int, emissions: np.ndarray[Any, Any], what: str) -> InputError:
    """Return the error of a sequence that has no result, from its emissions, shape (T, K)."""
    bad = np.argwhere(~(np.abs(emissions) <= MAX_SCORE))
    if len(bad):
        character, tag = bad[0]
        return InputError(
            f"emissions: expected scores from -1e30 to 1e30, sequence {sequence} has {emissions[character, tag]} for "
            f"tag {tag} of character {character}: to forbid a tag, use `allowed`"
        )
    return InputError(
        f"sequence {sequence}, of {len(emissions)} characters: {what}: see `allowed`, the legality and the length"
    )
