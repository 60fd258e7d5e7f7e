"""Gradients of the CRF layer against finite differences, and its operators as PyTorch wants them."""

from __future__ import annotations

import warnings

import pytest
from crf_batches import batch, every_reduction, pair, quietly, torch
from oracles import Tables

from cws.crf import CRF
from cws.decode import autograd
from cws.tags import BI, SBME


def double_layer(scheme=None, size: int = 4) -> CRF:
    torch.manual_seed(5)
    return CRF(size, batch_first=True, scheme=scheme).double()


@every_reduction
@pytest.mark.parametrize("scheme", [None, SBME, BI, Tables.free(3)], ids=["none", "SBME", "BI", "free"])
def test_crf_gradients_equal_finite_differences(reduction, scheme):
    crf = double_layer(scheme, scheme.size if scheme else 4)
    emissions, _, mask = batch(crf.num_tags, True, (3, 1, 2), dtype=torch.float64)
    tags = torch.zeros(mask.shape, dtype=torch.int64)

    def compute(emissions, *parameters):
        named = dict(zip(dict(crf.named_parameters()), parameters, strict=True))
        return torch.func.functional_call(crf, named, (emissions, tags, mask, reduction))

    assert torch.autograd.gradcheck(compute, (emissions.requires_grad_(), *crf.parameters()))


@every_reduction
@pytest.mark.parametrize("scheme", [None, SBME], ids=["none", "SBME"])
def test_crf_gradients_of_partial_labels_equal_finite_differences(reduction, scheme):
    crf = double_layer(scheme)
    emissions, _, mask = batch(4, True, (4, 1, 2), dtype=torch.float64)
    known = torch.tensor([[-1, 1, -1, -1], [0, -1, -1, -1], [-1, -1, 0, 0]])

    def compute(emissions):
        return crf.partial_log_likelihood(emissions, known, mask, reduction)

    assert torch.autograd.gradcheck(compute, emissions.requires_grad_())


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_crf_second_derivatives_are_right_or_an_error(reduction):
    crf, theirs = (one.double() for one in pair())
    emissions, tags, mask = batch(lengths=(2, 1), dtype=torch.float64)
    expected = torch.autograd.functional.hessian(lambda one: quietly(theirs, one, tags, mask, "none").sum(), emissions)
    try:
        found = torch.autograd.functional.hessian(lambda one: crf(one, tags, mask, reduction).sum(), emissions)
    except RuntimeError:
        return
    torch.testing.assert_close(found, expected)


def test_crf_no_parameter_is_frozen():
    crf = CRF(4, scheme=SBME)
    emissions, _, mask = batch()
    crf(emissions, torch.zeros(mask.shape, dtype=torch.int64), mask).backward()
    assert len([*crf.parameters()]) == 3
    for parameter in crf.parameters():
        assert parameter.requires_grad
        assert parameter.grad is not None and parameter.grad.any()


def test_crf_illegal_steps_have_no_gradient():
    crf = CRF(4, scheme=SBME)
    emissions, _, mask = batch()
    crf(emissions, torch.zeros(mask.shape, dtype=torch.int64), mask).backward()
    assert not crf.transitions.grad[~torch.tensor(SBME.transitions_allowed)].any()
    assert not crf.start_transitions.grad[2:].any()


def operator_arguments(reduction_weights: bool, dtype=None, allowed=None, is_sbme=False):
    torch.manual_seed(6)
    dtype = dtype or torch.float32
    emissions = torch.randn(9, 4, dtype=dtype, requires_grad=True)
    scores = [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in ((4, 4), 4, 4)]
    tags = torch.tensor([0, 1, 3, 0, 0, 1, 2, 2, 3])
    arguments = (emissions, torch.tensor([0, 3, 3, 9]), tags, *scores, allowed, is_sbme)
    return (*arguments, torch.tensor([1.0, 2, 0.5], dtype=dtype)) if reduction_weights else arguments


@pytest.mark.parametrize("name", ["weighted_log_likelihood", "log_likelihood_of_each"])
@pytest.mark.parametrize("kind", ["plain", "doubles", "constrained", "SBME"])
def test_crf_operators_are_as_torch_wants_them(name, kind):
    arguments = operator_arguments(
        name.startswith("weighted"),
        torch.float64 if kind == "doubles" else None,
        torch.ones(9, 4, dtype=torch.bool) if kind == "constrained" else None,
        kind == "SBME",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own tools
        results = torch.library.opcheck(getattr(autograd, name), arguments)
    assert set(results.values()) == {"SUCCESS"}


def test_crf_operators_give_the_true_strides():
    arguments = list(operator_arguments(True))
    arguments[0] = torch.randn(4, 9).T.requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.library.opcheck(autograd.weighted_log_likelihood, tuple(arguments), test_utils="test_faketensor")


@pytest.mark.parametrize("reduction", ["sum", "none", "token_mean"])
def test_crf_compiles_to_one_graph(reduction):
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions, _, mask = batch(batch_first=True)
    tags = torch.zeros(mask.shape, dtype=torch.int64)

    def loss(emissions, mask):
        return -crf(emissions * 2, tags, mask, reduction).sum()

    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the compiler's own modules
        torch._dynamo.reset()
        for function in (loss, torch.compile(loss, fullgraph=True, backend="aot_eager")):
            crf.zero_grad()
            inputs = emissions.clone().requires_grad_()
            value = function(inputs, mask)
            value.backward()
            results.append([value, inputs.grad, *(parameter.grad.clone() for parameter in crf.parameters())])
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(eager, compiled)
