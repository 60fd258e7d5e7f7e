"""The log-likelihood of tags and its gradient: against enumeration and finite differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest
from chains import LENGTHS, arguments, constrained, enumerated, every_legality, legal_tags, make, on, on_cpu
from oracles import Tables

from cws.decode import LinearChain, log_likelihood
from cws.errors import InputError
from cws.tags import BI, SBME


@every_legality
@constrained
def test_decode_log_likelihood_equals_enumeration(backend, legality, allowed):
    chain = make(6, LENGTHS, legality=legality, allowed=allowed)
    gold = legal_tags(chain)
    found = on(chain, backend).log_likelihood(gold)
    for one in range(len(chain)):
        path = tuple(gold[slice(*chain.offsets[one : one + 2])].tolist())
        scores = {path: score for score, path in enumerated(oracles.n_best, chain, one)}
        expected = scores[path] - enumerated(oracles.log_partition, chain, one)
        assert found.values[one] == pytest.approx(expected, abs=1e-5)


def gradient_chain(legality) -> LinearChain:
    """Scores that are quarters, so that what is added to them below is exact."""
    chain = make(7, (0, 1, 2, 5, 0, 9), legality=legality)
    quarters = [np.rint(4 * part) / np.float32(4) for part in (chain.emissions, chain.transitions)]
    start, end = np.rint(chain.start), np.rint(chain.end)
    return replace(chain, emissions=quarters[0], transitions=quarters[1], start=start, end=end)


@pytest.mark.parametrize("legality", [SBME, BI, Tables.free(4), Tables.free(5)], ids=["SBME", "BI", "free4", "free5"])
@pytest.mark.parametrize("part", ["emissions", "transitions", "start", "end"])
def test_decode_gradient_equals_finite_differences(backend, legality, part):
    chain = gradient_chain(legality)
    gold, weights = legal_tags(chain), np.float32([3, -1, 0.5, 2, 7, 0.25])
    found = getattr(on(chain, backend).log_likelihood(gold, weights=weights), part)
    scores = getattr(chain, part)
    step = np.float32(1 / 32)
    some = [*np.ndindex(scores.shape)][:: 5 if backend == "cuda" else 1]
    for place in some:
        values = []
        for sign in (step, -step):
            moved = scores.copy()
            moved[place] += sign
            values.append(on(replace(chain, **{part: moved}), backend).log_likelihood(gold).values @ weights)
        assert found[place] == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-3), place


def test_decode_gradient_is_gold_minus_marginals(backend):
    chain = make(8, (3, 0, 6, 1), legality=SBME)
    gold = legal_tags(chain)
    found = on(chain, backend).log_likelihood(gold)
    sums = on(chain, backend).marginals()
    counts = np.zeros((4, 4))
    inside = np.setdiff1d(np.arange(1, 10), chain.offsets)
    np.add.at(counts, (gold[inside - 1], gold[inside]), 1)
    assert found.emissions == pytest.approx(np.eye(4)[gold] - sums.tags, abs=1e-5)
    assert found.transitions == pytest.approx(counts - sums.transitions, abs=1e-5)
    firsts, lasts = [0, 3, 9], [2, 8, 9]
    assert found.start == pytest.approx(found.emissions[firsts].sum(0), abs=1e-5)
    assert found.end == pytest.approx(found.emissions[lasts].sum(0), abs=1e-5)


def test_decode_gradient_of_weight_zero_is_zero(backend):
    chain = make(8, (3, 6), legality=SBME)
    found = on(chain, backend).log_likelihood(legal_tags(chain), weights=np.float32([0, 0]))
    assert (found.values < 0).all()
    assert not any(part.any() for part in found[1:])


def test_decode_tags_of_both_types_give_the_same(backend):
    chain = make(8, (3, 0, 6), legality=SBME)
    gold = legal_tags(chain)
    one, other = (on(chain, backend).log_likelihood(gold.astype(kind)) for kind in (np.uint8, np.int64))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


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
