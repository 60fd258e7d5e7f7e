"""The contract of `cws.decode`, which every backend keeps: enumeration first, then one backend against another."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import Tables
from strategies import any_text

import cws
from cws import decode, model_io
from cws.decode import forward_backward, log_likelihood, nbest, viterbi
from cws.errors import InputError
from cws.labelers.linear import TENSORS
from cws.tags import BI, SBBME6, SBME

ON_CPU = ("reference", "native")
SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 17, 64, 256)


# Triton's interpreter takes minutes for what a device does in seconds.
ON_CUDA = pytest.param("cuda", marks=[] if Path("/dev/nvidia0").exists() else pytest.mark.slow)


@pytest.fixture(params=[*ON_CPU, ON_CUDA])
def backend(request):
    """Every backend that can run here: cuda on a device, or through Triton's interpreter."""
    if request.param == "cuda":
        torch, triton = pytest.importorskip("torch"), pytest.importorskip("triton")
        if find_spec("cws.decode.cuda.backend") is None:
            pytest.skip("cws.decode.cuda.backend does not exist yet")
        if not torch.cuda.is_available():
            triton.knobs.runtime.interpret = True  # looked at when the kernels are first imported
    return request.param


@pytest.fixture(params=ON_CPU)
def cpu_backend(request):
    return request.param


on_cpu = pytest.mark.parametrize("backend", ON_CPU)


# Problems, and the two ways to solve them: by a backend and by enumeration


@dataclass(frozen=True)
class Problem:
    """The arguments of cws.decode."""

    emissions: np.ndarray
    offsets: np.ndarray
    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray
    legality: object = None
    allowed: np.ndarray | None = None

    @property
    def size(self) -> int:
        return self.emissions.shape[1]

    def single(self, sequence: int) -> Problem:
        """One sequence alone."""
        here = slice(*self.offsets[sequence : sequence + 2])
        allowed = None if self.allowed is None else self.allowed[here]
        emissions = self.emissions[here]
        return replace(self, emissions=emissions, offsets=np.int64([0, len(emissions)]), allowed=allowed)

    def enumerate(self, oracle, sequence: int):
        """Call an oracle with a sequence, in double precision."""
        one = self.single(sequence)
        scores = [part.astype(float).tolist() for part in (one.emissions, one.transitions, one.start, one.end)]
        allowed = None if one.allowed is None else one.allowed.tolist()
        return oracle(self.legality or Tables.free(self.size), *scores, allowed)

    def __len__(self) -> int:
        return len(self.offsets) - 1


def solve(function, problem: Problem, backend: str | None = None, **options):
    """Call a function of cws.decode and return numpy arrays, on whatever device it computes."""
    arrays = [problem.emissions, problem.offsets, problem.transitions, problem.start, problem.end]
    options |= {"legality": problem.legality, "allowed": problem.allowed, "backend": backend}
    if backend != "cuda":
        return function(*arrays, **options)
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"

    def send(value):
        return torch.tensor(value, device=device) if isinstance(value, np.ndarray) else value

    result = function(*map(send, arrays), **{name: send(value) for name, value in options.items()})
    return type(result)(*(part.cpu().numpy() for part in result))


def make(
    seed: int, lengths, size: int | None = None, legality=None, *, integers: bool = False, allowed: bool = False
) -> Problem:
    """Return a random problem; in integers, so few of them that ties are everywhere."""
    random = np.random.default_rng(seed)
    size = size or legality.size

    def draw(*shape):
        values = random.integers(-2, 3, shape) if integers else random.normal(size=shape) * 2
        return values.astype(np.float32)

    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    problem = Problem(draw(offsets[-1], size), offsets, draw(size, size), draw(size), draw(size), legality)
    if not allowed:
        return problem
    mask = random.random((offsets[-1], size)) < 0.6
    path = solve(viterbi, replace(problem, emissions=draw(offsets[-1], size)), "reference").tags
    mask[np.arange(len(path)), path] = True  # so that there is a legal path
    return replace(problem, allowed=mask)


def random_legality(seed: int, size: int = 3) -> Tables:
    """Return a legality of anything, but tag 1 all the way is legal."""
    random = np.random.default_rng(seed)
    steps, start, end = random.random((size, size)) < 0.5, random.random(size) < 0.5, random.random(size) < 0.5
    steps[1, 1] = start[1] = end[1] = True
    return Tables(tuple(map(tuple, steps.tolist())), tuple(start.tolist()), tuple(end.tolist()))


LEGALITIES = {
    "SBME": SBME,
    "BI": BI,
    "SBBME6": SBBME6,
    "free3": Tables.free(3),
    "free4": Tables.free(4),
    **{f"random{seed}": random_legality(seed) for seed in range(3)},
}
every_legality = pytest.mark.parametrize("legality", LEGALITIES.values(), ids=LEGALITIES.keys())
constrained = pytest.mark.parametrize("allowed", [False, True], ids=["all", "constrained"])
LENGTHS = (0, 1, 2, 3, 4, 5, 0, 6, 3, 1)


def concatenated(sequences: list) -> np.ndarray:
    """Join what an oracle gave for each sequence; empty ones give no rows."""
    parts = [np.array(one, float) for one in sequences if len(one)]
    return np.concatenate(parts)


def gold_of(problem: Problem, seed: int = 9) -> np.ndarray:
    """Return legal tags that are not the best."""
    random = np.random.default_rng(seed)
    other = random.normal(size=problem.emissions.shape).astype(np.float32)
    return solve(viterbi, replace(problem, emissions=other), "reference").tags


def close(found, expected, tolerance: float) -> None:
    """Compare arrays of which some are too large for pytest.approx."""
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


# Enumeration


@every_legality
@constrained
def test_decode_viterbi_equals_enumeration(backend, legality, allowed):
    problem = make(1, LENGTHS, legality=legality, integers=True, allowed=allowed)
    found = solve(viterbi, problem, backend)
    best = [problem.enumerate(oracles.best_path, one) for one in range(len(problem))]
    assert found.scores.tolist() == [score for _, score in best]
    assert found.tags.tolist() == [tag for path, _ in best for tag in path]


@every_legality
@constrained
def test_decode_viterbi_reaches_the_best_score(backend, legality, allowed):
    problem = make(2, LENGTHS, legality=legality, allowed=allowed)
    found = solve(viterbi, problem, backend)
    tables = legality
    for one in range(len(problem)):
        _, best = problem.enumerate(oracles.best_path, one)
        path = tuple(found.tags[slice(*problem.offsets[one : one + 2])].tolist())
        alone = problem.single(one)
        scores = [part.astype(float).tolist() for part in (alone.emissions, alone.transitions)]
        reached = oracles.path_score(*scores, path, alone.start.tolist(), alone.end.tolist())
        assert oracles.is_legal(tables, path)
        assert [reached, found.scores[one]] == pytest.approx([best, best], abs=1e-5)


@every_legality
@constrained
@pytest.mark.parametrize("n", [1, 3, 40])
def test_decode_nbest_equals_enumeration(backend, legality, allowed, n):
    problem = make(3, (0, 1, 2, 3, 4, 5), legality=legality, integers=True, allowed=allowed)
    found = solve(nbest, problem, backend, n=n)
    assert found.tags.shape == (n, len(problem.emissions))
    for one in range(len(problem)):
        expected = problem.enumerate(oracles.n_best, one)[:n]
        tags = found.tags[:, slice(*problem.offsets[one : one + 2])]
        ranks = len(expected)
        assert found.scores[:ranks, one].tolist() == [score for score, _ in expected]
        assert [*map(tuple, tags[:ranks].tolist())] == [path for _, path in expected]
        assert (found.scores[ranks:, one] == -np.inf).all()
        assert not tags[ranks:].any()


@every_legality
@constrained
@pytest.mark.parametrize("integers", [False, True], ids=["floats", "integers"])
def test_decode_forward_backward_equals_enumeration(backend, legality, allowed, integers):
    problem = make(4, LENGTHS, legality=legality, integers=integers, allowed=allowed)
    found = solve(forward_backward, problem, backend)
    logs = [problem.enumerate(oracles.log_partition, one) for one in range(len(problem))]
    tags = concatenated([problem.enumerate(oracles.marginals, one) for one in range(len(problem))])
    pairs = concatenated([problem.enumerate(oracles.pair_marginals, one) for one in range(len(problem))])
    assert found.log_partition == pytest.approx(np.array(logs), abs=1e-5)
    assert found.tags == pytest.approx(tags, abs=1e-5)
    assert found.transitions == pytest.approx(pairs.sum(0), abs=1e-5)


@every_legality
@constrained
def test_decode_pairwise_marginals_equal_enumeration(backend, legality, allowed):
    problem = make(5, LENGTHS, legality=legality, allowed=allowed)
    found = solve(forward_backward, problem, backend, pairwise=True)
    pairs = concatenated([problem.enumerate(oracles.pair_marginals, one) for one in range(len(problem))])
    assert found.transitions == pytest.approx(pairs, abs=1e-5)


@every_legality
@constrained
def test_decode_log_likelihood_equals_enumeration(backend, legality, allowed):
    problem = make(6, LENGTHS, legality=legality, allowed=allowed)
    gold = gold_of(problem)
    found = solve(log_likelihood, problem, backend, tags=gold)
    for one in range(len(problem)):
        path = tuple(gold[slice(*problem.offsets[one : one + 2])].tolist())
        scores = {path: score for score, path in problem.enumerate(oracles.n_best, one)}
        expected = scores[path] - problem.enumerate(oracles.log_partition, one)
        assert found.values[one] == pytest.approx(expected, abs=1e-5)


# Gradients and sums


def gradient_problem(legality) -> Problem:
    """Scores that are quarters, so that what is added to them below is exact."""
    problem = make(7, (0, 1, 2, 5, 0, 9), legality=legality)
    quarters = [np.rint(4 * part) / np.float32(4) for part in (problem.emissions, problem.transitions)]
    start, end = np.rint(problem.start), np.rint(problem.end)
    return replace(problem, emissions=quarters[0], transitions=quarters[1], start=start, end=end)


@pytest.mark.parametrize("legality", [SBME, BI, Tables.free(4), Tables.free(5)], ids=["SBME", "BI", "free4", "free5"])
@pytest.mark.parametrize("part", ["emissions", "transitions", "start", "end"])
def test_decode_gradient_equals_finite_differences(backend, legality, part):
    problem = gradient_problem(legality)
    gold, weights = gold_of(problem), np.float32([3, -1, 0.5, 2, 7, 0.25])
    found = getattr(solve(log_likelihood, problem, backend, tags=gold, weights=weights), part)
    scores = getattr(problem, part)
    step = np.float32(1 / 32)
    some = [*np.ndindex(scores.shape)][:: 5 if backend == "cuda" else 1]
    for place in some:
        values = []
        for sign in (step, -step):
            moved = scores.copy()
            moved[place] += sign
            values.append(solve(log_likelihood, replace(problem, **{part: moved}), backend, tags=gold).values @ weights)
        assert found[place] == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-3), place


def test_decode_gradient_is_gold_minus_marginals(backend):
    problem = make(8, (3, 0, 6, 1), legality=SBME)
    gold = gold_of(problem)
    found = solve(log_likelihood, problem, backend, tags=gold)
    sums = solve(forward_backward, problem, backend)
    counts = np.zeros((4, 4))
    inside = np.setdiff1d(np.arange(1, 10), problem.offsets)
    np.add.at(counts, (gold[inside - 1], gold[inside]), 1)
    assert found.emissions == pytest.approx(np.eye(4)[gold] - sums.tags, abs=1e-5)
    assert found.transitions == pytest.approx(counts - sums.transitions, abs=1e-5)
    firsts, lasts = [0, 3, 9], [2, 8, 9]
    assert found.start == pytest.approx(found.emissions[firsts].sum(0), abs=1e-5)
    assert found.end == pytest.approx(found.emissions[lasts].sum(0), abs=1e-5)


def test_decode_gradient_of_weight_zero_is_zero(backend):
    problem = make(8, (3, 6), legality=SBME)
    found = solve(log_likelihood, problem, backend, tags=gold_of(problem), weights=np.float32([0, 0]))
    assert (found.values < 0).all()
    assert not any(part.any() for part in found[1:])


def test_decode_tags_of_both_types_give_the_same(backend):
    problem = make(8, (3, 0, 6), legality=SBME)
    gold = gold_of(problem)
    one, other = (solve(log_likelihood, problem, backend, tags=gold.astype(kind)) for kind in (np.uint8, np.int64))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("size", SIZES)
def test_decode_marginals_sum_to_one(backend, size):
    problem = make(9, (5, 0, 1, 9), size)
    found = solve(forward_backward, problem, backend, pairwise=True)
    assert found.tags.sum(1) == pytest.approx(np.ones(15), abs=1e-5)
    begins = [0, 5, 6]
    assert not found.transitions[begins].any()
    others = np.setdiff1d(np.arange(15), begins)
    assert found.transitions[others].sum(1) == pytest.approx(found.tags[others], abs=1e-5)
    assert found.transitions[others].sum(2) == pytest.approx(found.tags[others - 1], abs=1e-5)


@constrained
def test_decode_transition_marginals_are_the_sum_of_pairwise_ones(backend, allowed):
    problem = make(10, (5, 0, 1, 20), legality=SBBME6, allowed=allowed)
    summed = solve(forward_backward, problem, backend)
    pairwise = solve(forward_backward, problem, backend, pairwise=True)
    assert summed.transitions == pytest.approx(pairwise.transitions.sum(0), abs=1e-5)
    assert summed.tags.tobytes() == pairwise.tags.tobytes()


# Shapes and kinds of arrays


@pytest.mark.parametrize("size", SIZES)
@constrained
def test_decode_backends_agree_on_every_number_of_tags(backend, size, allowed):
    lengths = (0, 1, 2, 7, 8, 9, 0, 17, 1) if size < 64 else (0, 1, 3, 0, 9)
    problem = make(size, lengths, size, integers=True, allowed=allowed)
    found, expected = (solve(viterbi, problem, which) for which in (backend, "reference"))
    assert found.tags.tolist() == expected.tags.tolist()
    assert found.scores.tolist() == expected.scores.tolist()
    if backend != "cuda" or size <= 64:  # its limit
        found, expected = (solve(nbest, problem, which, n=4) for which in (backend, "reference"))
        assert found.tags.tolist() == expected.tags.tolist()
        assert found.scores.tolist() == expected.scores.tolist()
    found, expected = (solve(forward_backward, problem, which) for which in (backend, "reference"))
    close(found, expected, 1e-5)
    gold, weights = gold_of(problem), np.linspace(-1, 2, len(lengths), dtype=np.float32)
    found, expected = (
        solve(log_likelihood, problem, which, tags=gold, weights=weights) for which in (backend, "reference")
    )
    close(found, expected, 1e-4)


@pytest.mark.parametrize("lengths", [(), (0,), (0, 0, 0)], ids=len)
@pytest.mark.parametrize("size", [1, 4, 9])
def test_decode_batches_without_characters(backend, lengths, size):
    problem, count = make(0, lengths, size), len(lengths)
    assert (*map(np.shape, solve(viterbi, problem, backend)),) == ((0,), (count,))
    found = solve(nbest, problem, backend, n=3)
    assert (found.tags.shape, found.scores.shape) == ((3, 0), (3, count))
    assert found.scores.tolist() == [[0] * count, [-np.inf] * count, [-np.inf] * count]
    for pairwise in (False, True):
        sums = solve(forward_backward, problem, backend, pairwise=pairwise)
        assert sums.log_partition.tolist() == [0] * count
        assert sums.tags.shape == (0, size)
        assert sums.transitions.shape == ((0, size, size) if pairwise else (size, size))
        assert not sums.transitions.any()
    likelihood = solve(log_likelihood, problem, backend, tags=np.zeros(0, np.uint8))
    assert likelihood.values.tolist() == [0] * count
    assert [part.shape for part in likelihood[1:]] == [(0, size), (size, size), (size,), (size,)]
    assert not any(part.any() for part in likelihood[1:])


def test_decode_empty_sequences_anywhere_change_nothing(backend):
    problem = make(11, (4, 7, 1), legality=SBME)
    padded = replace(problem, offsets=np.int64([0, 0, 4, 4, 4, 11, 12, 12]))
    one, other = solve(viterbi, problem, backend), solve(viterbi, padded, backend)
    assert one.tags.tolist() == other.tags.tolist()
    assert other.scores[[0, 2, 3, 6]].tolist() == [0] * 4
    assert other.scores[[1, 4, 5]].tolist() == one.scores.tolist()
    one, other = solve(forward_backward, problem, backend), solve(forward_backward, padded, backend)
    assert one.tags.tobytes() == other.tags.tobytes()


def test_decode_sequences_do_not_depend_on_their_neighbours(backend):
    problem = make(12, (5, 1, 0, 64, 65, 9, 33), legality=SBME, integers=True, allowed=True)
    together = solve(viterbi, problem, backend)
    alone = [solve(viterbi, problem.single(one), backend) for one in range(len(problem))]
    assert together.tags.tolist() == [tag for one in alone for tag in one.tags.tolist()]
    assert together.scores.tolist() == [one.scores[0] for one in alone]


@pytest.mark.parametrize(
    "size",
    [
        4,
        5,
    ],
)
def test_decode_native_bytes_do_not_depend_on_the_neighbours(size):
    problem = make(12, (150, 3, 150, 20, 150, 65), size)
    together = solve(viterbi, problem, "native").scores
    alone = [solve(viterbi, problem.single(one), "native").scores[0] for one in range(len(problem))]
    assert together.tolist() == alone


def test_decode_native_tags_do_not_depend_on_the_neighbours():
    problem = make(0, (3000, 37), 4)
    problem = replace(problem, emissions=problem.emissions + np.float32(20_000))
    together, alone = solve(viterbi, problem, "native"), solve(viterbi, problem.single(0), "native")
    assert together.tags[:3000].tolist() == alone.tags.tolist()


def test_decode_start_and_end_are_zeros_where_there_are_none(backend):
    problem = make(13, (3, 4), 5)
    zeros = replace(problem, start=np.zeros(5, np.float32), end=np.zeros(5, np.float32))
    none = replace(problem, start=None, end=None)
    assert solve(viterbi, zeros, backend).scores.tolist() == solve(viterbi, none, backend).scores.tolist()


def test_decode_forbidden_transitions_are_as_a_legality(backend):
    problem = make(14, (3, 9, 1), legality=SBME, integers=True)
    forbidden = replace(
        problem,
        legality=None,
        transitions=np.where(SBME.transitions_allowed, problem.transitions, np.float32(-np.inf)),
        start=np.where(SBME.start_allowed, problem.start, np.float32(-np.inf)),
        end=np.where(SBME.end_allowed, problem.end, np.float32(-np.inf)),
    )
    one, other = solve(viterbi, problem, backend), solve(viterbi, forbidden, backend)
    assert [part.tolist() for part in one] == [part.tolist() for part in other]
    one, other = solve(forward_backward, problem, backend), solve(forward_backward, forbidden, backend)
    assert all(a == pytest.approx(b, abs=1e-5) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("size", [3, 4, 8, 9, 17])
def test_decode_allowed_may_come_as_bits(backend, size):
    problem = make(15, (3, 9, 1), size, integers=True, allowed=True)
    bits = np.packbits(problem.allowed, axis=1, bitorder="little")
    if size % 8:
        bits[:, -1] |= 0xFF << size % 8 & 0xFF  # of tags that there are not
    other = replace(problem, allowed=bits)
    assert solve(viterbi, problem, backend).tags.tolist() == solve(viterbi, other, backend).tags.tolist()
    one, two = solve(forward_backward, problem, backend), solve(forward_backward, other, backend)
    assert one.tags.tobytes() == two.tags.tobytes()


def strided(array: np.ndarray) -> np.ndarray:
    """The same values in every third place of a larger, read-only array."""
    room = np.zeros([3 * length for length in array.shape], array.dtype)
    places = tuple(slice(1, None, 3) for _ in array.shape)
    room[places] = array
    room.flags.writeable = False
    return room[places]


@pytest.mark.parametrize("layout", [strided, np.asfortranarray, lambda array: array[::-1].copy()[::-1]], ids=str)
@pytest.mark.parametrize("size", [4, 9])
def test_decode_takes_arrays_of_any_layout(cpu_backend, layout, size):
    problem = make(16, (3, 0, 9), size, allowed=True)
    gold, weights = gold_of(problem), np.float32([1, 2, 3])
    names = ("emissions", "offsets", "transitions", "start", "end", "allowed")
    other = replace(problem, **{name: layout(getattr(problem, name)) for name in names})
    one = solve(log_likelihood, problem, cpu_backend, tags=gold, weights=weights)
    two = solve(log_likelihood, other, cpu_backend, tags=layout(gold), weights=layout(weights))
    assert [part.tobytes() for part in one] == [part.tobytes() for part in two]
    one, two = (solve(viterbi, which, cpu_backend) for which in (problem, other))
    assert [part.tobytes() for part in one] == [part.tobytes() for part in two]


def test_decode_leaves_its_arguments_as_they_were(cpu_backend):
    problem = make(17, (3, 0, 9), legality=SBME, allowed=True)
    before = [getattr(problem, name).tobytes() for name in ("emissions", "transitions", "start", "end", "allowed")]
    for function, options in ((viterbi, {}), (nbest, {"n": 2}), (forward_backward, {})):
        solve(function, problem, cpu_backend, **options)
    after = [getattr(problem, name).tobytes() for name in ("emissions", "transitions", "start", "end", "allowed")]
    assert before == after


@pytest.mark.parametrize(("kind", "chosen"), [(np.float32, "native"), (np.float64, "reference")])
def test_decode_chooses_the_backend_by_the_type(kind, chosen):
    problem = make(18, (30,), 4)
    problem = replace(problem, emissions=problem.emissions.astype(kind))
    one, other = solve(forward_backward, problem), solve(forward_backward, problem, chosen)
    assert [part.tobytes() for part in one] == [part.tobytes() for part in other]


@pytest.mark.parametrize("with_gradients", [False, True])
def test_decode_takes_torch_tensors_and_returns_them(cpu_backend, with_gradients):
    torch = pytest.importorskip("torch")
    problem = make(19, (3, 0, 9), 5, allowed=True)
    gold = gold_of(problem)

    def send(array):
        wants = with_gradients and array.dtype == np.float32
        return torch.tensor(array).requires_grad_() if wants else torch.tensor(array)

    names = ("emissions", "offsets", "transitions", "start", "end", "allowed")
    sent = replace(problem, **{name: send(getattr(problem, name)) for name in names})
    calls = [(viterbi, {}), (nbest, {"n": 3}), (forward_backward, {}), (forward_backward, {"pairwise": True})]
    for function, options in calls:
        found, expected = (
            solve(function, sent, cpu_backend, **options),
            solve(function, problem, cpu_backend, **options),
        )
        assert all(isinstance(part, torch.Tensor) and part.device.type == "cpu" for part in found)
        assert not any(part.requires_grad for part in found)
        assert [part.numpy().tobytes() for part in found] == [part.tobytes() for part in expected]
    found = solve(log_likelihood, sent, cpu_backend, tags=torch.tensor(gold), weights=torch.ones(3))
    expected = solve(log_likelihood, problem, cpu_backend, tags=gold)
    assert [part.numpy().tobytes() for part in found] == [part.tobytes() for part in expected]


def test_decode_takes_torch_tensors_that_are_not_contiguous(cpu_backend):
    torch = pytest.importorskip("torch")
    problem = make(20, (3, 0, 9), 5)
    sent = replace(problem, emissions=torch.tensor(problem.emissions.T.copy()).T)
    assert not sent.emissions.is_contiguous()
    assert solve(viterbi, sent, cpu_backend).scores.tolist() == solve(viterbi, problem, cpu_backend).scores.tolist()


# The native backend against the reference, where it is hard


@pytest.mark.parametrize("seed", range(6))
@constrained
def test_decode_native_equals_reference_on_ties(seed, allowed):
    random = np.random.default_rng(seed)
    legality = [SBME, BI, SBBME6, Tables.free(4), Tables.free(11), random_legality(seed, 7)][seed]
    problem = make(seed, random.integers(0, 90, 12), legality=legality, integers=True, allowed=allowed)
    for function, options in ((viterbi, {}), (nbest, {"n": 7})):
        one, other = (solve(function, problem, backend, **options) for backend in ON_CPU)
        assert one.tags.tolist() == other.tags.tolist()
        assert one.scores.tolist() == other.scores.tolist()


@pytest.mark.parametrize("size", [4, 5])
@pytest.mark.parametrize("legal", [False, True])
def test_decode_paths_of_extreme_scores_are_exact(size, legal):
    random = np.random.default_rng(size)
    top = np.float32(2.0**99)  # times small integers it is exact, and just below the limit of 1e30

    def draw(*shape):
        return random.integers(-1, 2, shape).astype(np.float32) * top

    legality = SBME if legal and size == 4 else None
    problem = Problem(draw(300, size), np.int64([0, 1, 1, 300]), draw(size, size), draw(size), draw(size), legality)
    for function, options in ((viterbi, {}), (nbest, {"n": 5})):
        one, other = (solve(function, problem, backend, **options) for backend in ON_CPU)
        assert one.tags.tolist() == other.tags.tolist()
        assert one.scores.tolist() == other.scores.tolist()


@pytest.mark.parametrize("spread", [30, 300, 1e3, 1e4, 1e6])
@pytest.mark.parametrize("what", ["emissions", "transitions", "start", "end"])
@pytest.mark.parametrize("size", [3, 4, 7, 12])
def test_decode_sums_of_far_apart_scores_equal_the_reference(spread, what, size):
    problem = make(21, (1, 2, 9, 40), size)
    problem = replace(problem, **{what: getattr(problem, what) * np.float32(spread / 2)})
    one, other = (solve(forward_backward, problem, backend, pairwise=True) for backend in ON_CPU)
    assert one.log_partition == pytest.approx(other.log_partition, rel=1e-12, abs=1e-6)
    assert one.tags == pytest.approx(other.tags, abs=1e-5)
    assert one.transitions == pytest.approx(other.transitions, abs=1e-5)


@pytest.mark.parametrize("advantage", [20, 200, 400, 800, 1e5])
@pytest.mark.parametrize("legality", [SBME, Tables.free(5)], ids=["SBME", "free5"])
def test_decode_constraints_force_paths_however_unlikely(advantage, legality):
    problem = make(22, (1, 7, 8, 9, 30), legality=legality)
    path = gold_of(problem)
    rows = np.arange(len(path))
    emissions = problem.emissions + np.float32(advantage)
    emissions[rows, path] -= np.float32(advantage)
    allowed = np.random.default_rng(1).random(emissions.shape) < 0.5
    allowed[rows, path] = True
    allowed[::2] = np.eye(legality.size, dtype=bool)[path[::2]]
    forced = replace(problem, emissions=emissions, allowed=allowed)
    one, other = (solve(viterbi, forced, backend) for backend in ON_CPU)
    assert one.tags.tolist() == other.tags.tolist()
    assert one.tags[::2].tolist() == path[::2].tolist()
    one, other = (solve(forward_backward, forced, backend, pairwise=True) for backend in ON_CPU)
    assert all(a == pytest.approx(b, rel=1e-12, abs=1e-5) for a, b in zip(one, other, strict=True))
    assert one.tags[::2] == pytest.approx(np.eye(legality.size)[path[::2]], abs=1e-6)


def test_decode_a_path_behind_by_hundreds_of_nats_may_win_in_the_end():
    # Tag 0 leads by 100 nats a character, but only tag 1, a chain of its own, may end.
    apart = Tables(((True, False), (False, True)), (True, True), (False, True))
    emissions = np.tile(np.float32([100, 0]), (40, 1))
    problem = Problem(emissions, np.int64([0, 40]), *(np.zeros(shape, np.float32) for shape in ((2, 2), 2, 2)), apart)
    for backend in ON_CPU:
        assert solve(viterbi, problem, backend).tags.tolist() == [1] * 40
        sums = solve(forward_backward, problem, backend)
        assert sums.log_partition.tolist() == [0]
        assert sums.tags[:, 1] == pytest.approx(np.ones(40))


@pytest.mark.parametrize(
    "size",
    [
        8,
        64,
    ],
)
@pytest.mark.parametrize("pairwise", [False, True])
def test_decode_transition_marginals_behind_dead_ends_are_numbers(size, pairwise):
    # Tag 0 is a chain of its own, unlikely at both ends; the last tag cannot be reached; the rest die at character 7.
    emissions = np.zeros((9, size), np.float32)
    emissions[[0, 8], 0] = -345
    transitions = np.zeros((size, size), np.float32)
    transitions[0, 1:] = transitions[1:, 0] = transitions[-1, :-1] = transitions[:-1, -1] = -np.inf
    start = np.zeros(size, np.float32)
    start[-1] = -np.inf
    allowed = np.ones((9, size), bool)
    allowed[7, 1:] = False
    problem = Problem(emissions, np.int64([0, 9]), transitions, start, np.zeros(size, np.float32), None, allowed)
    found = solve(forward_backward, problem, "native", pairwise=pairwise)
    assert found.log_partition == pytest.approx([-690])
    assert np.isfinite(found.transitions).all()
    assert found.transitions[..., 0, 0].sum() == pytest.approx(8)


def shifted(offset: float) -> tuple[Problem, Problem]:
    """Two problems of 200,000 characters that have the same best paths, exactly: all scores are multiples of 1/256."""
    problem = make(23, (200_000,), legality=SBME)
    emissions = np.rint(problem.emissions * 256) / np.float32(256)
    transitions = np.rint(problem.transitions * 256) / np.float32(256)
    problem = replace(problem, emissions=emissions, transitions=transitions)
    return problem, replace(problem, emissions=emissions + np.float32(offset))


def test_decode_native_keeps_the_tags_of_doubles_in_long_sequences():
    problem = make(23, (200_000,), legality=SBME)
    one, other = (solve(viterbi, problem, backend) for backend in ON_CPU)
    assert one.tags.tobytes() == other.tags.tobytes()
    assert one.scores == pytest.approx(other.scores, rel=1e-6)


@pytest.mark.parametrize(
    "offset",
    [
        64,
        8192,
    ],
)
def test_decode_a_common_offset_does_not_change_the_tags(offset):
    plain, moved = shifted(offset)
    one, other = solve(viterbi, plain, "native"), solve(viterbi, moved, "native")
    assert one.tags.tobytes() == other.tags.tobytes()


@pytest.mark.parametrize("size", [4, 6])
def test_decode_a_character_that_likes_all_tags_changes_nothing(size):
    problem = make(23, (60,), size)
    emissions = problem.emissions.copy()
    emissions[5] = 1e8
    problem = replace(problem, emissions=emissions)
    one, other = (solve(viterbi, problem, backend) for backend in ON_CPU)
    assert one.tags.tolist() == other.tags.tolist()


def test_decode_a_common_offset_does_not_change_the_marginals():
    plain, moved = shifted(8192)
    one, other = solve(forward_backward, plain, "native"), solve(forward_backward, moved, "native")
    close([other.tags], [one.tags], 1e-5)
    assert other.log_partition - 200_000 * 8192 == pytest.approx(one.log_partition, rel=1e-9)


@pytest.mark.parametrize("offset", [1e9, 1e12])
def test_decode_marginals_of_scores_with_a_huge_offset_sum_to_one(offset):
    problem = make(24, (30,), 4)
    problem = replace(problem, emissions=problem.emissions + np.float32(offset))
    assert solve(forward_backward, problem, "native").tags.sum(1) == pytest.approx(np.ones(30), abs=1e-5)


@on_cpu
@pytest.mark.parametrize("offset", [1e15, 1e30 / 4])
def test_decode_probabilities_of_the_largest_scores_are_probabilities(backend, offset):
    problem = make(24, (30,), 4)
    # Transitions far apart, so that the native backend too computes in logs.
    transitions = problem.transitions * np.float32(1000)
    problem = replace(problem, emissions=problem.emissions + np.float32(offset), transitions=transitions)
    found = solve(forward_backward, problem, backend)
    assert found.tags.sum(1) == pytest.approx(np.ones(30), abs=1e-3)
    assert found.transitions.sum() == pytest.approx(29, abs=1e-2)


# Determinism


CALLS = [
    (viterbi, {}),
    (nbest, {"n": 3}),
    (forward_backward, {}),
    (forward_backward, {"pairwise": True}),
    (log_likelihood, {"tags": None}),
]


def bytes_of(problem: Problem, function, options, threads: int | None = None) -> list[bytes]:
    if "tags" in options:
        options = {"tags": np.zeros(len(problem.emissions), np.uint8)}
    return [part.tobytes() for part in solve(function, problem, "native", threads=threads, **options)]


@pytest.mark.parametrize(("function", "options"), CALLS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("size", [4, 9])
def test_decode_bytes_do_not_depend_on_threads(function, options, size):
    random = np.random.default_rng(25)
    problem = make(25, random.integers(0, 120, 1200 if size == 4 else 500), size)
    assert len({tuple(bytes_of(problem, function, options, threads)) for threads in (1, 2, 3, 7, None)}) == 1


def test_decode_bytes_do_not_depend_on_earlier_calls():
    problems = [make(seed, (70, 0, 3, 9), size) for seed, size in enumerate((4, 9, 1, 4, 5, 17))]
    jobs = [(problem, *call) for problem in problems for call in CALLS]
    first = [bytes_of(*job) for job in jobs]
    assert [bytes_of(*job) for job in reversed(jobs)] == first[::-1]


def test_decode_many_threads_may_call_at_once():
    problems = [make(seed, [40] * 200, size) for seed, size in enumerate((4, 5, 4))]
    jobs = [(problem, *call, 2) for problem in problems for call in CALLS if call[1] != {"pairwise": True}]
    expected = [bytes_of(*job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda job: bytes_of(*job), jobs * 3)
    assert [*found] == expected * 3


FORK = """
import os, numpy as np
from cws.decode import forward_backward
random = np.random.default_rng(0)
emissions = random.normal(size=(60000, 4)).astype(np.float32)
offsets = np.arange(0, 60001, 100)
def compute():
    return forward_backward(emissions, offsets, np.eye(4, dtype=np.float32), threads=3).tags.tobytes()
expected = compute()
child = os.fork()
if not child:
    os._exit(0 if compute() == expected else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_decode_works_after_a_fork():
    done = subprocess.run([sys.executable, "-c", FORK], timeout=60, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# What is wrong


def arguments(**changes):
    """Good arguments of all functions, with changes."""
    problem = make(26, (3, 0, 4), 4)
    good = {
        "emissions": problem.emissions,
        "offsets": problem.offsets,
        "transitions": problem.transitions,
        "start_transitions": problem.start,
        "end_transitions": problem.end,
    }
    return good | changes


def floats(*shape, kind=np.float32):
    return np.zeros(shape, kind)


def with_bad_emission(value):
    emissions = arguments()["emissions"].copy()
    emissions[5, 2] = value
    return emissions


BAD = {
    "emissions list": ({"emissions": [[0.0]]}, "emissions: expected a numpy array or a torch tensor, got list"),
    "emissions none": ({"emissions": None}, "emissions: expected a numpy array or a torch tensor, got NoneType"),
    "emissions flat": ({"emissions": floats(7)}, r"emissions: expected the shape (characters, tags), got (7,)"),
    "emissions cube": ({"emissions": floats(7, 4, 1)}, r"expected the shape (characters, tags), got (7, 4, 1)"),
    "emissions half": ({"emissions": floats(7, 4, kind=np.float16)}, "expected float32 (or float64), got float16"),
    "emissions int": ({"emissions": floats(7, 4, kind=int)}, "emissions: expected float32 (or float64), got int64"),
    "emissions complex": ({"emissions": floats(7, 4, kind=complex)}, "float32 (or float64), got complex128"),
    "emissions of 0 tags": ({"emissions": floats(7, 0)}, "emissions: expected 1 to 256 tags, got 0"),
    "emissions of 257 tags": ({"emissions": floats(7, 257)}, "emissions: expected 1 to 256 tags, got 257"),
    "offsets list": ({"offsets": [0, 7]}, "offsets: expected a numpy array or a torch tensor, got list"),
    "offsets int32": ({"offsets": np.int32([0, 7])}, "offsets: expected int64 of shape (sequences + 1,), got int32"),
    "offsets float": ({"offsets": np.float64([0, 7])}, "got float64 (2,)"),
    "offsets table": ({"offsets": np.int64([[0, 7]])}, "expected int64 of shape (sequences + 1,), got int64 (1, 2)"),
    "offsets scalar": ({"offsets": np.array(7)}, "expected int64 of shape (sequences + 1,), got int64 ()"),
    "offsets none": ({"offsets": np.int64([])}, "expected int64 of shape (sequences + 1,), got int64 (0,)"),
    "offsets from 1": ({"offsets": np.int64([1, 7])}, "offsets: expected to go from 0 to 7, got 1 to 7"),
    "offsets to 6": ({"offsets": np.int64([0, 6])}, "offsets: expected to go from 0 to 7, got 0 to 6"),
    "offsets to 8": ({"offsets": np.int64([0, 8])}, "offsets: expected to go from 0 to 7, got 0 to 8"),
    "offsets only 0": ({"offsets": np.int64([0])}, "offsets: expected to go from 0 to 7, got 0 to 0"),
    "offsets fall": ({"offsets": np.int64([0, 5, 4, 7])}, "offsets: expected to rise, got 5 and then 4 at 2"),
    "offsets far": ({"offsets": np.int64([0, 2**62, 7])}, "expected to rise, got 4611686018427387904 and then 7 at 2"),
    "offsets negative": ({"offsets": np.int64([0, -3, 7])}, "offsets: expected to rise, got 0 and then -3 at 1"),
    "transitions shape": ({"transitions": floats(4, 5)}, "transitions: expected the shape (4, 4), got (4, 5)"),
    "transitions type": (
        {"transitions": floats(4, 4, kind=int)},
        "transitions: expected float32 (or float64), got",
    ),
    "transitions list": ({"transitions": [[0.0]]}, "transitions: expected a numpy array or a torch tensor, got list"),
    "start shape": ({"start_transitions": floats(5)}, "start_transitions: expected the shape (4,), got (5,)"),
    "start type": ({"start_transitions": floats(4, kind=int)}, "start_transitions: expected float32 (or float64), got"),
    "end shape": ({"end_transitions": floats(4, 1)}, "end_transitions: expected the shape (4,), got (4, 1)"),
    "end list": ({"end_transitions": [0.0]}, "end_transitions: expected a numpy array or a torch tensor, got list"),
    "transitions nan": (
        {"transitions": np.diag(np.float32([0, np.nan, 0, 0]))},
        "transitions: expected -inf or scores from -1e30 to 1e30, got nan from 1 to 1",
    ),
    "transitions inf": ({"transitions": np.diag(np.float32([0, 0, np.inf, 0]))}, "1e30, got inf from 2 to 2"),
    "transitions large": ({"transitions": np.diag(np.float32([0, 0, 2e30, 0]))}, "1e30 to 1e30, got 2"),
    "transitions low": ({"transitions": np.diag(np.float32([0, 0, -2e30, 0]))}, "1e30 to 1e30, got -2"),
    "start nan": ({"start_transitions": np.float32([0, np.nan, 0, 0])}, "expected -inf or scores from"),
    "end inf": ({"end_transitions": np.float32([0, np.inf, 0, 0])}, "expected -inf or scores from"),
    "emissions nan": (
        {"emissions": with_bad_emission(np.nan)},
        "emissions: expected scores from -1e30 to 1e30, sequence 2 has nan for tag 2 of character 2: to forbid a tag,",
    ),
    "emissions inf": ({"emissions": with_bad_emission(np.inf)}, "sequence 2 has inf for tag 2 of character 2"),
    "emissions -inf": ({"emissions": with_bad_emission(-np.inf)}, "sequence 2 has -inf for tag 2 of character 2"),
    "emissions large": ({"emissions": with_bad_emission(1.5e30)}, "sequence 2 has 1.49"),
    "emissions low": ({"emissions": with_bad_emission(-1.5e30)}, "sequence 2 has -1.49"),
    "legality size": ({"legality": BI}, "legality: expected a scheme of 4 tags like the emissions, got one of 2"),
    "allowed list": ({"allowed": [[True]]}, "allowed: expected a numpy array or a torch tensor, got list"),
    "allowed shape": (
        {"allowed": floats(7, 5, kind=bool)},
        "allowed: expected bool of shape (7, 4) or its bits in uint8 of shape (7, 1), got bool (7, 5)",
    ),
    "allowed rows": ({"allowed": floats(6, 1, kind=np.uint8)}, "in uint8 of shape (7, 1), got uint8 (6, 1)"),
    "allowed bytes": ({"allowed": floats(7, 4, kind=np.uint8)}, "in uint8 of shape (7, 1), got uint8 (7, 4)"),
    "allowed type": ({"allowed": floats(7, 4, kind=int)}, "allowed: expected bool of shape (7, 4) or its bits"),
    "allowed nothing": ({"allowed": floats(7, 4, kind=bool)}, "sequence 0, of 3 characters: no legal path: see"),
    "start forbidden": (
        {"start_transitions": np.full(4, -np.inf, np.float32)},
        "sequence 0, of 3 characters: no legal path: see `allowed`, the legality and the length",
    ),
    "backend": ({"backend": "fpga"}, "backend: expected one of reference, native, cuda, got 'fpga'"),
    "threads 0": ({"threads": 0}, "threads must be from 1 to 256, got 0"),
    "threads 257": ({"threads": 257}, "threads must be from 1 to 256, got 257"),
    "threads float": ({"threads": 2.0}, "threads must be from 1 to 256, got 2.0"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD.keys())
@on_cpu
def test_decode_refuses_what_is_wrong(backend, changes, message):
    with pytest.raises(InputError) as caught:
        viterbi(**arguments(backend=backend) | changes)
    assert message in str(caught.value)


@pytest.mark.parametrize("function", [nbest, forward_backward, log_likelihood], ids=lambda one: one.__name__)
@on_cpu
def test_decode_every_function_checks(backend, function):
    options = {nbest: {"n": 2}, forward_backward: {}, log_likelihood: {"tags": np.zeros(7, np.uint8)}}[function]
    for name in ("emissions flat", "offsets fall", "transitions nan", "emissions nan", "legality size", "threads 0"):
        changes, message = BAD[name]
        with pytest.raises(InputError) as caught:
            function(**arguments(backend=backend) | changes, **options)
        assert message in str(caught.value)


@on_cpu
@pytest.mark.parametrize("function", [nbest, forward_backward], ids=lambda one: one.__name__)
def test_decode_no_legal_path_is_an_error_of_every_function(backend, function):
    options = {"n": 2} if function is nbest else {}
    allowed = np.ones((7, 4), bool)
    allowed[4] = False
    with pytest.raises(InputError, match="sequence 2, of 4 characters: no legal path"):
        function(**arguments(backend=backend, allowed=allowed), **options)


@on_cpu
@pytest.mark.parametrize("n", [0, -1, 1025, 1.0, None, "2"])
def test_decode_nbest_refuses_n_out_of_range(backend, n):
    with pytest.raises(InputError, match=f"n: expected 1 to 1024, got {n!r}"):
        nbest(**arguments(backend=backend), n=n)


def test_decode_native_refuses_doubles():
    emissions = floats(7, 4, kind=np.float64)
    with pytest.raises(InputError, match="the native backend expects float32, got float64: use backend='reference'"):
        viterbi(**arguments(emissions=emissions, backend="native"))


@on_cpu
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tags": np.zeros(6, np.uint8)}, "tags: expected uint8 or int64 of shape (7,), got uint8 (6,)"),
        ({"tags": np.zeros((7, 1), np.uint8)}, "tags: expected uint8 or int64 of shape (7,), got uint8 (7, 1)"),
        ({"tags": np.zeros(7, np.int32)}, "tags: expected uint8 or int64 of shape (7,), got int32 (7,)"),
        ({"tags": np.zeros(7)}, "tags: expected uint8 or int64 of shape (7,), got float64 (7,)"),
        ({"tags": None}, "tags: expected a numpy array or a torch tensor, got NoneType"),
        ({"tags": np.int64([0, 0, 0, 4, 0, 0, 0])}, "tags: expected 0 to 3, got 0 to 4"),
        ({"tags": np.int64([0, 0, 0, -1, 0, 0, 0])}, "tags: expected 0 to 3, got -1 to 0"),
        ({"tags": np.uint8([0, 0, 0, 255, 0, 0, 0])}, "tags: expected 0 to 3, got 0 to 255"),
        ({"tags": np.full(7, 2**40)}, "tags: expected 0 to 3, got 1099511627776 to 1099511627776"),
        ({"weights": np.ones(2, np.float32)}, "weights: expected float32 of shape (3,), got float32 (2,)"),
        ({"weights": np.ones((3, 1), np.float32)}, "weights: expected float32 of shape (3,), got float32 (3, 1)"),
        ({"weights": np.ones(3, int)}, "weights: expected float32 of shape (3,), got int64 (3,)"),
    ],
)
def test_decode_log_likelihood_refuses_wrong_tags_and_weights(backend, options, message):
    with pytest.raises(InputError) as caught:
        log_likelihood(**arguments(backend=backend), **{"tags": np.zeros(7, np.uint8)} | options)
    assert message in str(caught.value)


@on_cpu
@pytest.mark.parametrize(
    "tags", [[1, 2, 0, 0], [0, 3, 0, 0], [2, 3, 0, 0], [0, 0, 0, 1]], ids=["inside", "between", "first", "last"]
)
def test_decode_log_likelihood_refuses_illegal_tags(backend, tags):
    gold = np.uint8([0, 1, 3, *tags])
    with pytest.raises(InputError, match="sequence 2, of 4 characters: its tags take an illegal step"):
        log_likelihood(**arguments(backend=backend, legality=SBME), tags=gold)


@on_cpu
def test_decode_log_likelihood_refuses_tags_that_are_not_allowed(backend):
    allowed = np.ones((7, 4), bool)
    allowed[4, 0] = False
    with pytest.raises(InputError, match="sequence 2, of 4 characters: its tags take an illegal step"):
        log_likelihood(**arguments(backend=backend, allowed=allowed), tags=np.zeros(7, np.uint8))


@on_cpu
def test_decode_refuses_tensors_of_another_device(backend):
    torch = pytest.importorskip("torch")
    with pytest.raises(InputError, match="transitions: expected it on the cpu like the emissions, got one on m"):
        viterbi(**arguments(backend=backend, transitions=torch.zeros(4, 4, device="meta")))


def test_decode_cuda_refuses_numpy_arrays():
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="the cuda backend expects a torch tensor, got ndarray"):
        viterbi(**arguments(backend="cuda"))


# Errors that once were of the wrong kind, or misled


@on_cpu
@pytest.mark.parametrize("value", [1e30, -1e30])
def test_decode_takes_scores_up_to_the_limit(backend, value):
    emissions = with_bad_emission(value)
    assert np.isfinite(viterbi(**arguments(backend=backend, emissions=emissions)).scores).all()


def test_decode_refuses_doubles_of_another_byte_order():
    problem = make(27, (3,), 4)
    with pytest.raises(InputError, match="emissions: expected float32"):
        solve(viterbi, replace(problem, emissions=problem.emissions.astype(">f8")))


def test_decode_refuses_bfloat16_on_the_cpu():
    torch = pytest.importorskip("torch")
    with pytest.raises(
        InputError, match="emissions: expected a dense tensor of a type numpy has too, got strided bfloat16"
    ):
        viterbi(**arguments(emissions=torch.zeros(7, 4, dtype=torch.bfloat16)))


def test_decode_refuses_doubles_beyond_float32_without_a_warning():
    with pytest.raises(
        InputError, match=r"transitions: expected -inf or scores from -1e30 to 1e30, got inf from 0 to 0"
    ):
        viterbi(**arguments(transitions=np.full((4, 4), 1e300)))


def test_decode_refuses_a_legality_that_is_none():
    with pytest.raises(InputError, match="legality"):
        viterbi(**arguments(legality="SBME"))


@pytest.mark.parametrize("name", ["start_transitions", "end_transitions"])
def test_decode_names_the_argument_that_holds_no_numbers(name):
    with pytest.raises(InputError, match=f"^{name}: "):
        viterbi(**arguments(**{name: np.float32([0, np.nan, 0, 0])}))


def test_decode_sees_that_a_legality_has_changed():
    class Changing:
        transitions_allowed = ((True,) * 4,) * 4
        start_allowed = end_allowed = (True,) * 4

    legality, problem = Changing(), make(28, (1,), 4)
    problem = replace(problem, emissions=np.float32([[0, 0, 0, 9]]), legality=legality)
    assert solve(viterbi, problem).tags.tolist() == [3]
    legality.start_allowed = (True, True, True, False)
    assert solve(viterbi, problem).tags.tolist() != [3]


# Without checks


def broken(size: int, legality=None) -> Problem:
    """Five sequences: good, with a NaN, good, without a legal path, good."""
    problem = make(29, (4, 3, 9, 2, 5), size, legality)
    emissions = problem.emissions.copy()
    emissions[5, 0] = np.nan
    allowed = np.ones(emissions.shape, bool)
    allowed[17] = False
    return replace(problem, emissions=emissions, allowed=allowed)


def good_part(problem: Problem) -> Problem:
    """The good sequences of a broken problem."""
    rows = np.r_[0:4, 7:16, 18:23]
    emissions, allowed = problem.emissions[rows], problem.allowed[rows]
    return replace(problem, emissions=emissions, allowed=allowed, offsets=np.int64([0, 4, 13, 18]))


ROWS, OTHERS = np.r_[0:4, 7:16, 18:23], np.r_[4:7, 16:18]
RESULTS = (1, 3)  # of the sequences that are not good: NaN, -inf
broken_kinds = pytest.mark.parametrize(
    ("size", "legality"), [(4, SBME), (4, None), (3, None), (7, None), (12, None)], ids=str
)


@broken_kinds
def test_decode_unchecked_viterbi_marks_what_has_no_result(backend, size, legality):
    problem = broken(size, legality)
    found = solve(viterbi, problem, backend, check=False)
    good = solve(viterbi, good_part(problem), backend)
    assert np.isnan(found.scores[1])
    assert found.scores[3] == -np.inf
    assert found.scores[[0, 2, 4]] == pytest.approx(good.scores, abs=1e-5)
    assert found.tags[ROWS].tolist() == good.tags.tolist()
    assert (found.tags < size).all()
    if backend != "cuda":
        assert not found.tags[OTHERS].any()


@broken_kinds
def test_decode_unchecked_nbest_marks_what_has_no_result(backend, size, legality):
    problem = broken(size, legality)
    found = solve(nbest, problem, backend, n=3, check=False)
    good = solve(nbest, good_part(problem), backend, n=3)
    assert np.isnan(found.scores[:, 1]).all()
    assert (found.scores[:, 3] == -np.inf).all()
    assert found.scores[:, [0, 2, 4]].tolist() == good.scores.tolist()
    assert found.tags[:, ROWS].tolist() == good.tags.tolist()


@broken_kinds
@pytest.mark.parametrize("pairwise", [False, True])
def test_decode_unchecked_marginals_are_zero_where_there_is_no_result(backend, size, legality, pairwise):
    problem = broken(size, legality)
    found = solve(forward_backward, problem, backend, check=False, pairwise=pairwise)
    good = solve(forward_backward, good_part(problem), backend, pairwise=pairwise)
    assert np.isnan(found.log_partition[1])
    assert found.log_partition[3] == -np.inf
    assert found.log_partition[[0, 2, 4]] == pytest.approx(good.log_partition, abs=1e-5)
    assert not found.tags[OTHERS].any()
    assert found.tags[ROWS] == pytest.approx(good.tags, abs=1e-5)
    if pairwise:
        assert not found.transitions[OTHERS].any()
        assert found.transitions[ROWS] == pytest.approx(good.transitions, abs=1e-5)
    else:
        assert found.transitions == pytest.approx(good.transitions, abs=1e-5)


@broken_kinds
def test_decode_unchecked_gradients_have_no_part_of_what_has_no_result(backend, size, legality):
    problem = broken(size, legality)
    part = good_part(problem)
    gold = np.zeros(len(problem.emissions), np.uint8)
    gold[ROWS] = gold_of(part)
    weights = np.float32([1, 5, 2, 5, 3])
    found = solve(log_likelihood, problem, backend, tags=gold, weights=weights, check=False)
    good = solve(log_likelihood, part, backend, tags=gold[ROWS], weights=weights[[0, 2, 4]])
    assert np.isnan(found.values[1])
    assert found.values[3] == -np.inf
    assert found.values[[0, 2, 4]] == pytest.approx(good.values, abs=1e-5)
    assert not found.emissions[OTHERS].any()
    assert found.emissions[ROWS] == pytest.approx(good.emissions, abs=1e-5)
    for name in ("transitions", "start", "end"):
        assert getattr(found, name) == pytest.approx(getattr(good, name), abs=1e-5)


def test_decode_unchecked_illegal_tags_have_no_likelihood(backend):
    problem = make(30, (3, 2), legality=SBME)
    found = solve(log_likelihood, problem, backend, tags=np.uint8([1, 2, 3, 0, 3]), check=False)
    assert np.isfinite(found.values[0])
    assert found.values[1] == -np.inf
    assert not found.emissions[3:].any()


# The segmenter's own decoder


SENTENCES = [
    "他来到了网易杭研大厦，说今天晚上不走了。",
    "研究生命的起源比研究生的生活更有意思！",
    "南京市长江大桥昨天下午三点半重新通车",
    "这辆车的把手坏了，请把手拿开。",
    "老师说衣服上除了校徽别别别的",
    "我在2024年买了iPhone 15和ＭａｃＢｏｏｋ，花了３２０００元。",
    "好",
    "哈哈哈哈哈哈哈哈哈哈",
    "😀𠀀\ud800字\0的 é ß\r\n下一行\u3000完",
]


class LinearChain:
    """The chain of the bundled model, of whole numbers."""

    def __init__(self) -> None:
        self.segmenter = cws.load()
        tensors = model_io.map_tensors(self.segmenter.path, self.segmenter.config, TENSORS)
        self.scores = [
            np.float32(tensors[name].cast("h").tolist()).reshape(shape)
            for name, shape in (("transitions", (4, 4)), ("start", 4), ("end", 4))
        ]
        self.scale = np.float32(self.segmenter.config["scale"])

    def problem(self, text: str, scale: float = 1) -> tuple[list[int], Problem]:
        """Return where the sequences of a text begin, and their chain."""
        parts = self.segmenter.predictor.emissions(text)
        begins = [begin for begin, _ in parts]
        emissions = np.float32([score for _, flat in parts for score in flat]).reshape(-1, 4)
        offsets = np.cumsum([0, *(len(flat) // 4 for _, flat in parts)], dtype=np.int64)
        scores = (part * np.float32(scale) for part in (emissions, *self.scores))
        emissions, transitions, start, end = scores
        return begins, Problem(emissions, offsets, transitions, start, end, SBME)

    def spans(self, text: str, backend: str) -> list[tuple[int, int]]:
        """Return the words of the sequences by cws.decode."""
        begins, problem = self.problem(text)
        tags = solve(viterbi, problem, backend).tags
        return [
            (begin + start, begin + end)
            for at, begin in enumerate(begins)
            for start, end in SBME.tags_to_spans(tags[slice(*problem.offsets[at : at + 2])].tolist())
        ]


@pytest.fixture(scope="module")
def linear():
    return LinearChain()


def compare_words(linear, text, backend):
    spans = linear.spans(text, backend)
    found = [(token.start, token.end) for token in linear.segmenter.tokens(text)]
    inside = set(spans)
    covered = {at for start, end in spans for at in range(start, end)}
    assert [span for span in found if span in inside] == spans
    assert all(not covered & {*range(*span)} for span in found if span not in inside)  # white space
    assert [text[start:end] for start, end in found] == linear.segmenter.segment(text)


@pytest.mark.parametrize("text", [*SENTENCES, "".join(SENTENCES) * 20])
def test_decode_segmenter_words_equal_viterbi(linear, cpu_backend, text):
    compare_words(linear, text, cpu_backend)


@given(text=any_text())
@settings(max_examples=60)
def test_decode_segmenter_words_of_any_text_equal_viterbi(linear, text):
    compare_words(linear, text, "native")


def compare_probabilities(linear, text, backend):
    begins, problem = linear.problem(text, linear.scale)
    sums = solve(forward_backward, problem, backend, pairwise=True)
    expected = {}
    for at, begin in enumerate(begins):
        shift = problem.offsets[at] - begin  # from characters of the text to rows
        for start, end in SBME.tags_to_spans(
            solve(viterbi, problem, backend).tags[slice(*problem.offsets[at : at + 2])].tolist()
        ):
            spelled = SBME.words_to_tags(["字" * (end - start)])
            row = begin + start + shift
            probability = float(sums.tags[row, spelled[0]])
            for i in range(1, end - start):  # a chain: p(tag | the one before)
                before, here = spelled[i - 1], spelled[i]
                probability *= float(sums.transitions[row + i, before, here]) / float(sums.tags[row + i - 1, before])
            expected[begin + start, begin + end] = probability
    for token in linear.segmenter.tokens(text):
        assert token.probability == pytest.approx(expected.get((token.start, token.end), 1), abs=1e-5), token


@pytest.mark.parametrize("text", SENTENCES)
def test_decode_segmenter_probabilities_equal_marginals(linear, cpu_backend, text):
    compare_probabilities(linear, text, cpu_backend)


@given(text=any_text())
@settings(max_examples=40)
def test_decode_segmenter_probabilities_of_any_text_equal_marginals(linear, text):
    compare_probabilities(linear, text, "native")


def compare_nbest(linear, text, n, backend):
    begins, problem = linear.problem(text)
    if begins != [0] or problem.offsets[1] != len(text):
        return  # with white space, sequences are combined
    expected = solve(nbest, problem, backend, n=n)
    found = linear.segmenter.nbest(text, n)
    ranks = int(np.isfinite(expected.scores[:, 0]).sum())
    assert len(found) == ranks
    assert [score for score, _ in found] == pytest.approx((expected.scores[:ranks, 0] * linear.scale).tolist())
    spans = [SBME.tags_to_spans(row.tolist()) for row in expected.tags[:ranks]]
    assert [words for _, words in found] == [[text[start:end] for start, end in one] for one in spans]


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("n", [1, 10])
def test_decode_segmenter_nbest_equal_ours(linear, cpu_backend, text, n):
    compare_nbest(linear, text, n, cpu_backend)


@given(text=any_text(max_size=6), n=st.integers(1, 40))
@settings(max_examples=60)
def test_decode_segmenter_nbest_of_any_text_equal_ours(linear, text, n):
    compare_nbest(linear, text, n, "native")


def test_decode_exports_what_it_documents():
    assert all(hasattr(decode, name) for name in decode.__all__)
