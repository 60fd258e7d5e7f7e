"""Random linear chains, and how tests solve them: on any backend, and by enumeration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from oracles import Tables

from cws.decode import Legality, LinearChain
from cws.tags import BI, SBBME6, SBME

ON_CPU = ("reference", "native")
SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 17, 64, 256)
LENGTHS = (0, 1, 2, 3, 4, 5, 0, 6, 3, 1)


def make(
    seed: int,
    lengths: Sequence[int],
    size: int | None = None,
    legality: Any = None,
    *,
    integers: bool = False,
    allowed: bool = False,
) -> LinearChain:
    """Return a random chain; in integers, so few of them that ties are everywhere."""
    random = np.random.default_rng(seed)
    size = size or legality.size

    def draw(*shape):
        values = random.integers(-2, 3, shape) if integers else random.normal(size=shape) * 2
        return values.astype(np.float32)

    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    scores = draw(offsets[-1], size), offsets, draw(size, size), draw(size), draw(size)
    chain = LinearChain(*scores, legality=legality)
    if not allowed:
        return chain
    mask = random.random((offsets[-1], size)) < 0.6
    path = replace(chain, emissions=draw(offsets[-1], size), backend="reference").viterbi().tags
    mask[np.arange(len(path)), path] = True  # so that there is a legal path
    return replace(chain, allowed=mask)


def random_legality(seed: int, size: int = 3) -> Tables:
    """Return a random legality in which tag 1 may always follow itself, begin and end."""
    random = np.random.default_rng(seed)
    steps, start, end = random.random((size, size)) < 0.5, random.random(size) < 0.5, random.random(size) < 0.5
    steps[1, 1] = start[1] = end[1] = True
    return Tables(tuple(map(tuple, steps.tolist())), tuple(start.tolist()), tuple(end.tolist()))


LEGALITIES: dict[str, Legality] = {
    "SBME": SBME,
    "BI": BI,
    "SBBME6": SBBME6,
    "free3": Tables.free(3),
    "free4": Tables.free(4),
    **{f"random{seed}": random_legality(seed) for seed in range(3)},
}
every_legality = pytest.mark.parametrize("legality", LEGALITIES.values(), ids=LEGALITIES.keys())
constrained = pytest.mark.parametrize("allowed", [False, True], ids=["all", "constrained"])
on_cpu = pytest.mark.parametrize("backend", ON_CPU)


class OnDevice:
    """A chain of tensors on the device, or on the CPU for Triton's interpreter, with numpy arrays in and out."""

    def __init__(self, chain: LinearChain, **options: Any) -> None:
        scores = map(self._send, (chain.emissions, chain.offsets, chain.transitions, chain.start, chain.end))
        self.chain = LinearChain(
            *scores, legality=chain.legality, allowed=self._send(chain.allowed), backend="cuda", **options
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments, **options):
            sent = {name: self._send(value) for name, value in options.items()}
            result = getattr(self.chain, name)(*map(self._send, arguments), **sent)
            return type(result)(*(part.cpu().numpy() for part in result))

        return call

    @staticmethod
    def _send(value: Any) -> Any:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.tensor(value, device=device) if isinstance(value, np.ndarray) else value


def on(chain: LinearChain, backend: str, **options: Any) -> Any:
    """Return the same chain on a backend, with other threads or checks if given."""
    if backend == "cuda":
        return OnDevice(chain, **options)
    return replace(chain, backend=backend, **options)


def single(chain: LinearChain, sequence: int) -> LinearChain:
    """Return one sequence of a chain alone."""
    here = slice(*chain.offsets[sequence : sequence + 2])
    allowed = None if chain.allowed is None else chain.allowed[here]
    emissions = chain.emissions[here]
    return replace(chain, emissions=emissions, offsets=np.int64([0, len(emissions)]), allowed=allowed)


def enumerated(oracle: Callable[..., Any], chain: LinearChain, sequence: int) -> Any:
    """Call an oracle with one sequence of a chain, in double precision."""
    one = single(chain, sequence)
    scores = [part.astype(float).tolist() for part in (one.emissions, one.transitions, one.start, one.end)]
    allowed = None if one.allowed is None else one.allowed.tolist()
    return oracle(one.legality or Tables.free(one.num_tags), *scores, allowed)


def concatenated(sequences: list[Any]) -> np.ndarray:
    """Join what an oracle gave for each sequence; empty ones give no rows."""
    return np.concatenate([np.array(one, float) for one in sequences if len(one)])


def legal_tags(chain: LinearChain, seed: int = 9) -> np.ndarray:
    """Return legal tags that are not the best."""
    random = np.random.default_rng(seed)
    other = random.normal(size=chain.emissions.shape).astype(np.float32)
    return on(replace(chain, emissions=other), "reference").viterbi().tags


def close(found: Any, expected: Any, tolerance: float) -> None:
    """Compare arrays of which some are too large for pytest.approx."""
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def with_a_common_offset(offset: float) -> tuple[LinearChain, LinearChain]:
    """Return two chains of 200,000 characters of which one has an offset added to all emissions.

    They have the same best paths, exactly: all scores are multiples of 1/256.
    """
    chain = make(23, (200_000,), legality=SBME)
    emissions = np.rint(chain.emissions * 256) / np.float32(256)
    transitions = np.rint(chain.transitions * 256) / np.float32(256)
    chain = replace(chain, emissions=emissions, transitions=transitions)
    return chain, replace(chain, emissions=emissions + np.float32(offset))


def arguments(**changes: Any) -> dict[str, Any]:
    """Return good arguments of all functions of `cws.decode`, with changes."""
    chain = make(26, (3, 0, 4), 4)
    good = {
        "emissions": chain.emissions,
        "offsets": chain.offsets,
        "transitions": chain.transitions,
        "start_transitions": chain.start,
        "end_transitions": chain.end,
    }
    return good | changes
