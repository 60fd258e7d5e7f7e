"""Marginals, n best paths and partial labels of the CRF layer against enumeration."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
from crf_batches import batch, both_orders, every_reduction, lists, number, oracle_arguments, pair, torch
from oracles import Tables
from torch import nn

from cws.crf import CRF
from cws.errors import InputError
from cws.tags import BI, SBBME6, SBME


@both_orders
@pytest.mark.parametrize("scheme", [None, SBME, SBBME6], ids=["none", "SBME", "SBBME6"])
def test_crf_marginals_equal_enumeration(batch_first, scheme):
    size = scheme.size if scheme else 4
    crf = CRF(size, batch_first, scheme=scheme)
    lengths = (4, 1, 3)
    emissions, _, mask = batch(size, batch_first, lengths)
    found = crf.marginals(emissions, mask)
    assert found.shape == emissions.shape
    assert torch.equal(found[~mask], torch.zeros_like(found[~mask]))
    assert found[mask].sum(-1) == pytest.approx(torch.ones(sum(lengths)), abs=1e-5)
    rows, scores = (one if batch_first else one.transpose(0, 1) for one in (found, emissions))
    for at, length in enumerate(lengths):
        expected = oracles.marginals(scheme or Tables.free(size), *oracle_arguments(crf, scores[at, :length]))
        assert rows[at, :length].numpy() == pytest.approx(np.array(expected), abs=1e-5)


@both_orders
@pytest.mark.parametrize("scheme", [None, SBME, SBBME6], ids=["none", "SBME", "SBBME6"])
def test_crf_nbest_equals_enumeration(batch_first, scheme):
    size = scheme.size if scheme else 4
    crf = CRF(size, batch_first, scheme=scheme)
    lengths = (4, 1, 3)
    emissions, _, mask = batch(size, batch_first, lengths)
    found = crf.nbest(emissions, mask, n=5)
    rows = emissions if batch_first else emissions.transpose(0, 1)
    for at, length in enumerate(lengths):
        arguments = oracle_arguments(crf, rows[at, :length])
        expected = oracles.n_best(scheme or Tables.free(size), *arguments)[:5]
        assert [tuple(path) for _, path in found[at]] == [path for _, path in expected]
        assert [score for score, _ in found[at]] == pytest.approx([score for score, _ in expected], abs=1e-5)
    assert [one[0][1] for one in found] == crf.decode(emissions, mask)


@pytest.mark.parametrize("n", [0, 1025])
def test_crf_nbest_refuses_n_out_of_range(n):
    with pytest.raises(InputError, match=f"n: expected 1 to 1024, got {n}"):
        CRF(4).nbest(batch()[0], n=n)


@pytest.mark.parametrize("scheme", [SBME, BI, SBBME6], ids=lambda scheme: scheme.name)
def test_crf_decodes_only_what_is_legal(scheme):
    torch.manual_seed(9)
    crf = CRF(scheme.size, batch_first=True, scheme=scheme)
    crf.transitions.data = 9 * torch.randn(scheme.size, scheme.size)
    paths = crf.decode(5 * torch.randn(40, 9, scheme.size))
    assert all(scheme.is_legal(path) for path in paths)


def test_crf_probabilities_of_all_legal_tags_sum_to_one():
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions = batch(4, True, (4,))[0]
    paths = oracles.all_paths(SBME, 4)
    values = crf(emissions.expand(len(paths), -1, -1), torch.tensor(paths), reduction="none")
    assert number(values.detach().double().exp().sum()) == pytest.approx(1, abs=1e-5)


@every_reduction
@pytest.mark.parametrize("scheme", [None, SBME], ids=["none", "SBME"])
@both_orders
def test_crf_partial_likelihood_equals_enumeration(reduction, scheme, batch_first):
    crf = CRF(4, batch_first, scheme=scheme)
    lengths = (4, 1, 3)
    emissions, _, mask = batch(4, batch_first, lengths)
    known = torch.full(mask.shape, -1)
    known[(0, 2) if batch_first else (2, 0)] = 0
    known[(2, 0) if batch_first else (0, 2)] = 1
    found = crf.partial_log_likelihood(emissions, known, mask, reduction)
    rows, tags = (one if batch_first else one.transpose(0, 1) for one in (emissions, known))
    tables, expected = scheme or Tables.free(4), []
    for at, length in enumerate(lengths):
        arguments = oracle_arguments(crf, rows[at, :length])
        allowed = [[known in (-1, tag) for tag in range(4)] for known in tags[at, :length].tolist()]
        whole = oracles.log_partition(tables, *arguments)
        expected.append(oracles.log_partition(tables, *arguments, allowed) - whole)
    total = {"none": expected, "sum": sum(expected), "mean": sum(expected) / 3, "token_mean": sum(expected) / 8}
    assert lists(found) == pytest.approx(total[reduction], abs=1e-5)


def test_crf_partial_likelihood_of_sets_of_tags_equals_enumeration():
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions = batch(4, True, (4,))[0]
    allowed = torch.tensor([[[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]]], dtype=torch.bool)
    arguments = oracle_arguments(crf, emissions[0])
    expected = oracles.log_partition(SBME, *arguments, allowed[0].tolist()) - oracles.log_partition(SBME, *arguments)
    assert number(crf.partial_log_likelihood(emissions, allowed)) == pytest.approx(expected, abs=1e-5)


@every_reduction
def test_crf_partial_likelihood_of_known_tags_is_the_likelihood(reduction):
    crf, _ = pair()
    emissions, tags, mask = batch()
    expected = lists(crf(emissions, tags, mask, reduction))
    found = crf.partial_log_likelihood(emissions, tags.masked_fill(~mask, -100), mask, reduction)
    assert lists(found) == pytest.approx(expected, abs=1e-5)
    exact = nn.functional.one_hot(tags, 4).bool()
    assert lists(crf.partial_log_likelihood(emissions, exact, mask, reduction)) == pytest.approx(expected, abs=1e-5)


@every_reduction
def test_crf_partial_likelihood_of_nothing_known_is_zero(reduction):
    crf = CRF(4, scheme=SBME)
    emissions, tags, mask = batch()
    emissions.requires_grad_()
    found = crf.partial_log_likelihood(emissions, torch.full_like(tags, -1), mask, reduction)
    assert found.detach().numpy() == pytest.approx(0, abs=1e-5)
    found.sum().backward()
    assert emissions.grad.numpy() == pytest.approx(np.zeros(emissions.shape), abs=1e-5)
