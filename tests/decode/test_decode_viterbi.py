"""Best paths: against enumeration, and the native backend against the reference where it is hard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest
from chains import (
    LENGTHS,
    ON_CPU,
    constrained,
    enumerated,
    every_legality,
    legal_tags,
    make,
    on,
    random_legality,
    single,
    with_a_common_offset,
)
from oracles import Tables

from cws.decode import LinearChain
from cws.tags import BI, SBBME6, SBME


@every_legality
@constrained
def test_decode_viterbi_equals_enumeration(backend, legality, allowed):
    chain = make(1, LENGTHS, legality=legality, integers=True, allowed=allowed)
    found = on(chain, backend).viterbi()
    best = [enumerated(oracles.best_path, chain, one) for one in range(len(chain))]
    assert found.scores.tolist() == [score for _, score in best]
    assert found.tags.tolist() == [tag for path, _ in best for tag in path]


@every_legality
@constrained
def test_decode_viterbi_reaches_the_best_score(backend, legality, allowed):
    chain = make(2, LENGTHS, legality=legality, allowed=allowed)
    found = on(chain, backend).viterbi()
    for one in range(len(chain)):
        _, best = enumerated(oracles.best_path, chain, one)
        path = tuple(found.tags[slice(*chain.offsets[one : one + 2])].tolist())
        alone = single(chain, one)
        scores = [part.astype(float).tolist() for part in (alone.emissions, alone.transitions)]
        reached = oracles.path_score(*scores, path, alone.start.tolist(), alone.end.tolist())
        assert oracles.is_legal(legality, path)
        assert [reached, found.scores[one]] == pytest.approx([best, best], abs=1e-5)


@pytest.mark.parametrize("seed", range(6))
@constrained
def test_decode_native_equals_reference_on_ties(seed, allowed):
    random = np.random.default_rng(seed)
    legality = [SBME, BI, SBBME6, Tables.free(4), Tables.free(11), random_legality(seed, 7)][seed]
    chain = make(seed, random.integers(0, 90, 12), legality=legality, integers=True, allowed=allowed)
    for function, options in ((LinearChain.viterbi, {}), (LinearChain.nbest, {"n": 7})):
        one, other = (function(on(chain, backend), **options) for backend in ON_CPU)
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
    chain = LinearChain(
        draw(300, size), np.int64([0, 1, 1, 300]), draw(size, size), draw(size), draw(size), legality=legality
    )
    for function, options in ((LinearChain.viterbi, {}), (LinearChain.nbest, {"n": 5})):
        one, other = (function(on(chain, backend), **options) for backend in ON_CPU)
        assert one.tags.tolist() == other.tags.tolist()
        assert one.scores.tolist() == other.scores.tolist()


@pytest.mark.parametrize("advantage", [20, 200, 400, 800, 1e5])
@pytest.mark.parametrize("legality", [SBME, Tables.free(5)], ids=["SBME", "free5"])
def test_decode_constraints_force_paths_however_unlikely(advantage, legality):
    chain = make(22, (1, 7, 8, 9, 30), legality=legality)
    path = legal_tags(chain)
    rows = np.arange(len(path))
    emissions = chain.emissions + np.float32(advantage)
    emissions[rows, path] -= np.float32(advantage)
    allowed = np.random.default_rng(1).random(emissions.shape) < 0.5
    allowed[rows, path] = True
    allowed[::2] = np.eye(legality.size, dtype=bool)[path[::2]]
    forced = replace(chain, emissions=emissions, allowed=allowed)
    one, other = (on(forced, backend).viterbi() for backend in ON_CPU)
    assert one.tags.tolist() == other.tags.tolist()
    assert one.tags[::2].tolist() == path[::2].tolist()
    one, other = (on(forced, backend).marginals(pairwise=True) for backend in ON_CPU)
    assert all(a == pytest.approx(b, rel=1e-12, abs=1e-5) for a, b in zip(one, other, strict=True))
    assert one.tags[::2] == pytest.approx(np.eye(legality.size)[path[::2]], abs=1e-6)


def test_decode_a_path_far_below_the_best_may_win_in_the_end():
    # Tag 0 leads by 100 nats a character, but only tag 1, a chain of its own, may end.
    apart = Tables(((True, False), (False, True)), (True, True), (False, True))
    emissions = np.tile(np.float32([100, 0]), (40, 1))
    transitions = np.zeros((2, 2), np.float32)
    chain = LinearChain(emissions, np.int64([0, 40]), transitions, legality=apart)
    for backend in ON_CPU:
        assert on(chain, backend).viterbi().tags.tolist() == [1] * 40
        sums = on(chain, backend).marginals()
        assert sums.log_partition.tolist() == [0]
        assert sums.tags[:, 1] == pytest.approx(np.ones(40))


def test_decode_native_keeps_the_tags_of_doubles_in_long_sequences():
    chain = make(23, (200_000,), legality=SBME)
    one, other = (on(chain, backend).viterbi() for backend in ON_CPU)
    assert one.tags.tobytes() == other.tags.tobytes()
    assert one.scores == pytest.approx(other.scores, rel=1e-6)


@pytest.mark.parametrize("offset", [64, 8192])
def test_decode_a_common_offset_does_not_change_the_tags(offset):
    plain, moved = with_a_common_offset(offset)
    one, other = on(plain, "native").viterbi(), on(moved, "native").viterbi()
    assert one.tags.tobytes() == other.tags.tobytes()


@pytest.mark.parametrize("size", [4, 6])
def test_decode_a_character_that_likes_all_tags_changes_nothing(size):
    chain = make(23, (60,), size)
    emissions = chain.emissions.copy()
    emissions[5] = 1e8
    chain = replace(chain, emissions=emissions)
    one, other = (on(chain, backend).viterbi() for backend in ON_CPU)
    assert one.tags.tolist() == other.tags.tolist()
