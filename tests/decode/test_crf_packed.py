"""Padding has no influence on the CRF layer, and packed batches give what padded ones do."""

from __future__ import annotations

import math
from itertools import chain

import numpy as np
import pytest
from crf_batches import LENGTHS, batch, both_orders, every_reduction, number, pair, torch
from oracles import Tables
from torch import nn

from cws.crf import CRF, REDUCTIONS
from cws.tags import SBME


@every_reduction
@both_orders
@pytest.mark.parametrize("scheme", [None, SBME, Tables.free(4)], ids=["none", "SBME", "free"])
@pytest.mark.parametrize("filling", [math.nan, math.inf, -1e38])
def test_crf_padding_has_no_influence(reduction, batch_first, scheme, filling):
    crf = CRF(4, batch_first, scheme=scheme)
    emissions, _, mask = batch(batch_first=batch_first)
    tags = torch.zeros(mask.shape, dtype=torch.int64)
    results = []
    for fill, tag in ((0.0, 0), (filling, -100), (filling, 7)):
        crf.zero_grad()
        inputs = emissions.masked_fill(~mask.unsqueeze(-1), fill).requires_grad_()
        value = crf(inputs, tags.masked_fill(~mask, tag), mask, reduction)
        value.sum().backward()
        partial = crf.partial_log_likelihood(inputs, torch.full_like(tags, -1).masked_fill(~mask, tag), mask, reduction)
        marginals, paths, some = crf.marginals(inputs, mask), crf.decode(inputs, mask), crf.nbest(inputs, mask, n=2)
        gradients = [inputs.grad, *(parameter.grad.clone() for parameter in crf.parameters())]
        assert not inputs.grad[~mask].any()
        results.append([value, partial, marginals, torch.tensor(paths[0]), *gradients, paths, some])
    for one in results[1:]:
        assert one[-2:] == results[0][-2:]
        assert all(torch.equal(a, b) for a, b in zip(one[:-2], results[0][:-2], strict=True))


def test_crf_extra_padding_has_no_influence():
    crf, _ = pair(batch_first=True)
    emissions, tags, mask = batch(batch_first=True)
    wide = nn.functional.pad(emissions, (0, 0, 0, 5)), nn.functional.pad(tags, (0, 5)), nn.functional.pad(mask, (0, 5))
    for reduction in REDUCTIONS:
        torch.testing.assert_close(crf(*wide, reduction), crf(emissions, tags, mask, reduction))
    assert crf.decode(wide[0], wide[2]) == crf.decode(emissions, mask)


def packed(crf: CRF, lengths=LENGTHS):
    """Return emissions, offsets and tags, and the same padded."""
    emissions, tags, mask = batch(crf.num_tags, True, lengths)
    offsets = torch.tensor([0, *np.cumsum(lengths)])
    return (emissions[mask], offsets, tags[mask]), (emissions, tags, mask)


@every_reduction
def test_crf_packed_likelihood_equals_padded(reduction):
    crf, _ = pair(batch_first=True)
    short, padded = packed(crf)
    gradients = []
    for function, arguments in ((crf.log_likelihood_packed, short), (crf, padded)):
        crf.zero_grad()
        inputs = arguments[0].clone().requires_grad_()
        value = function(inputs, *arguments[1:], reduction)
        value.sum().backward()
        gradient = inputs.grad if inputs.ndim == 2 else inputs.grad[padded[2]]
        gradients.append([value, gradient, *(parameter.grad.clone() for parameter in crf.parameters())])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_crf_packed_decode_equals_padded():
    crf, _ = pair(batch_first=True)
    (emissions, offsets, _), (padded, _, mask) = packed(crf)
    found = crf.decode_packed(emissions, offsets)
    assert found.tags.tolist() == [*chain.from_iterable(crf.decode(padded, mask))]
    assert found.scores.tolist() == pytest.approx([one[0][0] for one in crf.nbest(padded, mask, n=1)], abs=1e-5)


def test_crf_packed_sequences_may_be_empty():
    crf = CRF(4, scheme=SBME)
    emissions, tags = torch.randn(3, 4), torch.tensor([0, 1, 3])
    offsets = torch.tensor([0, 0, 1, 1, 3])
    values = crf.log_likelihood_packed(emissions, offsets, tags, "none")
    assert values[[0, 2]].tolist() == [0, 0]
    assert values[1] == 0  # only S is legal
    assert values[3] < 0
    paths = crf.decode_packed(emissions, offsets)
    assert paths.scores[[0, 2]].tolist() == [0, 0]
    nothing = crf.log_likelihood_packed(torch.zeros(0, 4), torch.tensor([0]), torch.zeros(0, dtype=torch.int64))
    assert number(nothing) == 0


def test_crf_packed_may_be_constrained():
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions, offsets = torch.randn(4, 4), torch.tensor([0, 4])
    allowed = torch.ones(4, 4, dtype=torch.bool)
    allowed[1] = torch.tensor([False, False, True, False])
    assert crf.decode_packed(emissions, offsets, allowed=allowed).tags[1] == 2
    tags = torch.tensor([1, 2, 2, 3])
    values = [number(crf.log_likelihood_packed(emissions, offsets, tags, allowed=mask)) for mask in (None, allowed)]
    part = number(crf.partial_log_likelihood(emissions[None], allowed[None]))
    assert values[0] - values[1] == pytest.approx(part, abs=1e-5)
