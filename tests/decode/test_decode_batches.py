"""Batches of any number of tags and sequences: empty ones, and sequences beside each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chains import SIZES, close, constrained, legal_tags, make, on, single

from cws.tags import SBME


@pytest.mark.parametrize("size", SIZES)
@constrained
def test_decode_backends_agree_on_every_number_of_tags(backend, size, allowed):
    lengths = (0, 1, 2, 7, 8, 9, 0, 17, 1) if size < 64 else (0, 1, 3, 0, 9)
    chain = make(size, lengths, size, integers=True, allowed=allowed)
    found, expected = (on(chain, which).viterbi() for which in (backend, "reference"))
    assert found.tags.tolist() == expected.tags.tolist()
    assert found.scores.tolist() == expected.scores.tolist()
    if backend != "cuda" or size <= 64:  # its limit
        found, expected = (on(chain, which).nbest(4) for which in (backend, "reference"))
        assert found.tags.tolist() == expected.tags.tolist()
        assert found.scores.tolist() == expected.scores.tolist()
    found, expected = (on(chain, which).marginals() for which in (backend, "reference"))
    close(found, expected, 1e-5)
    gold, weights = legal_tags(chain), np.linspace(-1, 2, len(lengths), dtype=np.float32)
    found, expected = (on(chain, which).log_likelihood(gold, weights=weights) for which in (backend, "reference"))
    close(found, expected, 1e-4)


@pytest.mark.parametrize("lengths", [(), (0,), (0, 0, 0)], ids=len)
@pytest.mark.parametrize("size", [1, 4, 9])
def test_decode_batches_without_characters(backend, lengths, size):
    chain, count = make(0, lengths, size), len(lengths)
    assert (*map(np.shape, on(chain, backend).viterbi()),) == ((0,), (count,))
    found = on(chain, backend).nbest(3)
    assert (found.tags.shape, found.scores.shape) == ((3, 0), (3, count))
    assert found.scores.tolist() == [[0] * count, [-np.inf] * count, [-np.inf] * count]
    for pairwise in (False, True):
        sums = on(chain, backend).marginals(pairwise=pairwise)
        assert sums.log_partition.tolist() == [0] * count
        assert sums.tags.shape == (0, size)
        assert sums.transitions.shape == ((0, size, size) if pairwise else (size, size))
        assert not sums.transitions.any()
    likelihood = on(chain, backend).log_likelihood(np.zeros(0, np.uint8))
    assert likelihood.values.tolist() == [0] * count
    assert [part.shape for part in likelihood[1:]] == [(0, size), (size, size), (size,), (size,)]
    assert not any(part.any() for part in likelihood[1:])


def test_decode_empty_sequences_anywhere_change_nothing(backend):
    chain = make(11, (4, 7, 1), legality=SBME)
    padded = replace(chain, offsets=np.int64([0, 0, 4, 4, 4, 11, 12, 12]))
    one, other = on(chain, backend).viterbi(), on(padded, backend).viterbi()
    assert one.tags.tolist() == other.tags.tolist()
    assert other.scores[[0, 2, 3, 6]].tolist() == [0] * 4
    assert other.scores[[1, 4, 5]].tolist() == one.scores.tolist()
    one, other = on(chain, backend).marginals(), on(padded, backend).marginals()
    assert one.tags.tobytes() == other.tags.tobytes()


def test_decode_sequences_do_not_depend_on_their_neighbours(backend):
    chain = make(12, (5, 1, 0, 64, 65, 9, 33), legality=SBME, integers=True, allowed=True)
    together = on(chain, backend).viterbi()
    alone = [on(single(chain, one), backend).viterbi() for one in range(len(chain))]
    assert together.tags.tolist() == [tag for one in alone for tag in one.tags.tolist()]
    assert together.scores.tolist() == [one.scores[0] for one in alone]


@pytest.mark.parametrize("size", [4, 5])
def test_decode_native_bytes_do_not_depend_on_the_neighbours(size):
    chain = make(12, (150, 3, 150, 20, 150, 65), size)
    together = on(chain, "native").viterbi().scores
    alone = [on(single(chain, one), "native").viterbi().scores[0] for one in range(len(chain))]
    assert together.tolist() == alone


def test_decode_native_tags_do_not_depend_on_the_neighbours():
    chain = make(0, (3000, 37), 4)
    chain = replace(chain, emissions=chain.emissions + np.float32(20_000))
    together, alone = on(chain, "native").viterbi(), on(single(chain, 0), "native").viterbi()
    assert together.tags[:3000].tolist() == alone.tags.tolist()
