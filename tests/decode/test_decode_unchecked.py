"""Without checks: a sequence that has no result harms no other one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chains import legal_tags, make, on

from cws.decode import LinearChain
from cws.tags import SBME


def broken(size: int, legality=None) -> LinearChain:
    """Five sequences: good, with a NaN, good, without a legal path, good."""
    chain = make(29, (4, 3, 9, 2, 5), size, legality)
    emissions = chain.emissions.copy()
    emissions[5, 0] = np.nan
    allowed = np.ones(emissions.shape, bool)
    allowed[17] = False
    return replace(chain, emissions=emissions, allowed=allowed)


def good_part(chain: LinearChain) -> LinearChain:
    """The good sequences of a broken chain."""
    rows = np.r_[0:4, 7:16, 18:23]
    emissions, allowed = chain.emissions[rows], chain.allowed[rows]
    return replace(chain, emissions=emissions, allowed=allowed, offsets=np.int64([0, 4, 13, 18]))


ROWS, OTHERS = np.r_[0:4, 7:16, 18:23], np.r_[4:7, 16:18]  # of the good sequences and of those without a result
broken_kinds = pytest.mark.parametrize(
    ("size", "legality"), [(4, SBME), (4, None), (3, None), (7, None), (12, None)], ids=str
)


@broken_kinds
def test_decode_unchecked_viterbi_marks_what_has_no_result(backend, size, legality):
    chain = broken(size, legality)
    found = on(chain, backend, check=False).viterbi()
    good = on(good_part(chain), backend).viterbi()
    assert np.isnan(found.scores[1])
    assert found.scores[3] == -np.inf
    assert found.scores[[0, 2, 4]] == pytest.approx(good.scores, abs=1e-5)
    assert found.tags[ROWS].tolist() == good.tags.tolist()
    assert (found.tags < size).all()
    if backend != "cuda":
        assert not found.tags[OTHERS].any()


@broken_kinds
def test_decode_unchecked_nbest_marks_what_has_no_result(backend, size, legality):
    chain = broken(size, legality)
    found = on(chain, backend, check=False).nbest(3)
    good = on(good_part(chain), backend).nbest(3)
    assert np.isnan(found.scores[:, 1]).all()
    assert (found.scores[:, 3] == -np.inf).all()
    assert found.scores[:, [0, 2, 4]].tolist() == good.scores.tolist()
    assert found.tags[:, ROWS].tolist() == good.tags.tolist()


@broken_kinds
@pytest.mark.parametrize("pairwise", [False, True])
def test_decode_unchecked_marginals_are_zero_where_there_is_no_result(backend, size, legality, pairwise):
    chain = broken(size, legality)
    found = on(chain, backend, check=False).marginals(pairwise=pairwise)
    good = on(good_part(chain), backend).marginals(pairwise=pairwise)
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
    chain = broken(size, legality)
    part = good_part(chain)
    gold = np.zeros(len(chain.emissions), np.uint8)
    gold[ROWS] = legal_tags(part)
    weights = np.float32([1, 5, 2, 5, 3])
    found = on(chain, backend, check=False).log_likelihood(gold, weights=weights)
    good = on(part, backend).log_likelihood(gold[ROWS], weights=weights[[0, 2, 4]])
    assert np.isnan(found.values[1])
    assert found.values[3] == -np.inf
    assert found.values[[0, 2, 4]] == pytest.approx(good.values, abs=1e-5)
    assert not found.emissions[OTHERS].any()
    assert found.emissions[ROWS] == pytest.approx(good.emissions, abs=1e-5)
    for name in ("transitions", "start", "end"):
        assert getattr(found, name) == pytest.approx(getattr(good, name), abs=1e-5)


def test_decode_unchecked_illegal_tags_have_no_likelihood(backend):
    chain = make(30, (3, 2), legality=SBME)
    found = on(chain, backend, check=False).log_likelihood(np.uint8([1, 2, 3, 0, 3]))
    assert np.isfinite(found.values[0])
    assert found.values[1] == -np.inf
    assert not found.emissions[3:].any()
