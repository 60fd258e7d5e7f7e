"""Log-partition and marginals: against enumeration, and where scores are far apart, long or huge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest
from chains import (
    LENGTHS,
    ON_CPU,
    SIZES,
    close,
    concatenated,
    constrained,
    enumerated,
    every_legality,
    make,
    on,
    on_cpu,
    with_a_common_offset,
)

from cws.decode import LinearChain
from cws.tags import SBBME6


@every_legality
@constrained
@pytest.mark.parametrize("integers", [False, True], ids=["floats", "integers"])
def test_decode_forward_backward_equals_enumeration(backend, legality, allowed, integers):
    chain = make(4, LENGTHS, legality=legality, integers=integers, allowed=allowed)
    found = on(chain, backend).marginals()
    logs = [enumerated(oracles.log_partition, chain, one) for one in range(len(chain))]
    tags = concatenated([enumerated(oracles.marginals, chain, one) for one in range(len(chain))])
    pairs = concatenated([enumerated(oracles.pair_marginals, chain, one) for one in range(len(chain))])
    assert found.log_partition == pytest.approx(np.array(logs), abs=1e-5)
    assert found.tags == pytest.approx(tags, abs=1e-5)
    assert found.transitions == pytest.approx(pairs.sum(0), abs=1e-5)


@every_legality
@constrained
def test_decode_pairwise_marginals_equal_enumeration(backend, legality, allowed):
    chain = make(5, LENGTHS, legality=legality, allowed=allowed)
    found = on(chain, backend).marginals(pairwise=True)
    pairs = concatenated([enumerated(oracles.pair_marginals, chain, one) for one in range(len(chain))])
    assert found.transitions == pytest.approx(pairs, abs=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_decode_marginals_sum_to_one(backend, size):
    chain = make(9, (5, 0, 1, 9), size)
    found = on(chain, backend).marginals(pairwise=True)
    assert found.tags.sum(1) == pytest.approx(np.ones(15), abs=1e-5)
    begins = [0, 5, 6]
    assert not found.transitions[begins].any()
    others = np.setdiff1d(np.arange(15), begins)
    assert found.transitions[others].sum(1) == pytest.approx(found.tags[others], abs=1e-5)
    assert found.transitions[others].sum(2) == pytest.approx(found.tags[others - 1], abs=1e-5)


@constrained
def test_decode_transition_marginals_are_the_sum_of_pairwise_ones(backend, allowed):
    chain = make(10, (5, 0, 1, 20), legality=SBBME6, allowed=allowed)
    summed = on(chain, backend).marginals()
    pairwise = on(chain, backend).marginals(pairwise=True)
    assert summed.transitions == pytest.approx(pairwise.transitions.sum(0), abs=1e-5)
    assert summed.tags.tobytes() == pairwise.tags.tobytes()


@pytest.mark.parametrize("spread", [30, 300, 1e3, 1e4, 1e6])
@pytest.mark.parametrize("what", ["emissions", "transitions", "start", "end"])
@pytest.mark.parametrize("size", [3, 4, 7, 12])
def test_decode_sums_of_far_apart_scores_equal_the_reference(spread, what, size):
    chain = make(21, (1, 2, 9, 40), size)
    chain = replace(chain, **{what: getattr(chain, what) * np.float32(spread / 2)})
    one, other = (on(chain, backend).marginals(pairwise=True) for backend in ON_CPU)
    assert one.log_partition == pytest.approx(other.log_partition, rel=1e-12, abs=1e-6)
    assert one.tags == pytest.approx(other.tags, abs=1e-5)
    assert one.transitions == pytest.approx(other.transitions, abs=1e-5)


@pytest.mark.parametrize("size", [8, 64])
@pytest.mark.parametrize("pairwise", [False, True])
def test_decode_transition_marginals_after_dead_ends_are_numbers(size, pairwise):
    # Tag 0 is a chain of its own, unlikely at both ends; the last tag cannot be reached; the rest die at character 7.
    emissions = np.zeros((9, size), np.float32)
    emissions[[0, 8], 0] = -345
    transitions = np.zeros((size, size), np.float32)
    transitions[0, 1:] = transitions[1:, 0] = transitions[-1, :-1] = transitions[:-1, -1] = -np.inf
    start = np.zeros(size, np.float32)
    start[-1] = -np.inf
    allowed = np.ones((9, size), bool)
    allowed[7, 1:] = False
    chain = LinearChain(emissions, np.int64([0, 9]), transitions, start, allowed=allowed)
    found = on(chain, "native").marginals(pairwise=pairwise)
    assert found.log_partition == pytest.approx([-690])
    assert np.isfinite(found.transitions).all()
    assert found.transitions[..., 0, 0].sum() == pytest.approx(8)


def test_decode_a_common_offset_does_not_change_the_marginals():
    plain, moved = with_a_common_offset(8192)
    one, other = on(plain, "native").marginals(), on(moved, "native").marginals()
    close([other.tags], [one.tags], 1e-5)
    assert other.log_partition - 200_000 * 8192 == pytest.approx(one.log_partition, rel=1e-9)


@pytest.mark.parametrize("offset", [1e9, 1e12])
def test_decode_marginals_of_scores_with_a_huge_offset_sum_to_one(offset):
    chain = make(24, (30,), 4)
    chain = replace(chain, emissions=chain.emissions + np.float32(offset))
    assert on(chain, "native").marginals().tags.sum(1) == pytest.approx(np.ones(30), abs=1e-5)


@on_cpu
@pytest.mark.parametrize("offset", [1e15, 1e30 / 4])
def test_decode_probabilities_of_the_largest_scores_are_probabilities(backend, offset):
    chain = make(24, (30,), 4)
    # Transitions far apart, so that the native backend too computes in logs.
    transitions = chain.transitions * np.float32(1000)
    chain = replace(chain, emissions=chain.emissions + np.float32(offset), transitions=transitions)
    found = on(chain, backend).marginals()
    assert found.tags.sum(1) == pytest.approx(np.ones(30), abs=1e-3)
    assert found.transitions.sum() == pytest.approx(29, abs=1e-2)
