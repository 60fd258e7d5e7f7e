"""The n best paths against enumeration."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
from chains import arguments, constrained, enumerated, every_legality, make, on, on_cpu

from cws.decode import nbest
from cws.errors import InputError


@every_legality
@constrained
@pytest.mark.parametrize("n", [1, 3, 40])
def test_decode_nbest_equals_enumeration(backend, legality, allowed, n):
    chain = make(3, (0, 1, 2, 3, 4, 5), legality=legality, integers=True, allowed=allowed)
    found = on(chain, backend).nbest(n)
    assert found.tags.shape == (n, len(chain.emissions))
    for one in range(len(chain)):
        expected = enumerated(oracles.n_best, chain, one)[:n]
        tags = found.tags[:, slice(*chain.offsets[one : one + 2])]
        ranks = len(expected)
        assert found.scores[:ranks, one].tolist() == [score for score, _ in expected]
        assert [*map(tuple, tags[:ranks].tolist())] == [path for _, path in expected]
        assert (found.scores[ranks:, one] == -np.inf).all()
        assert not tags[ranks:].any()


@on_cpu
@pytest.mark.parametrize("n", [0, -1, 1025, 1.0, None, "2"])
def test_decode_nbest_refuses_n_out_of_range(backend, n):
    with pytest.raises(InputError, match=f"n: expected 1 to 1024, got {n!r}"):
        nbest(**arguments(backend=backend), n=n)
