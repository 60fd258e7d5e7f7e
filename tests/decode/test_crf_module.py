"""The CRF layer as part of a PyTorch model: types, copies, devices, parallel training."""

from __future__ import annotations

import copy
import io
import os
import pickle
import warnings

import pytest
from crf_batches import LENGTHS, batch, number, pair, quietly, torch
from oracles import Tables
from torch import nn

from cws.crf import CRF
from cws.tags import BI, SBME


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.crf = nn.Linear(6, 4), CRF(4, batch_first=True, scheme=SBME)

    def forward(self, inputs, tags, mask):
        return -self.crf(self.encoder(inputs), tags, mask, "mean")


def tagger_and_inputs():
    torch.manual_seed(7)
    inputs, _, mask = batch(6, True)
    return Tagger(), inputs, torch.zeros(mask.shape, dtype=torch.int64), mask


def test_crf_gradients_are_the_same_under_distributed_data_parallel(tmp_path):
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    model, *inputs = tagger_and_inputs()
    model(*inputs).backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
        try:
            DistributedDataParallel(model)(*inputs).backward()
        finally:
            distributed.destroy_process_group()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_crf_works_under_autocast():
    model, *inputs = tagger_and_inputs()
    exact = model(*inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = model(*inputs)
    value.backward()
    assert number(value) == pytest.approx(number(exact), rel=0.05)
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    assert model.crf.transitions.grad.dtype == torch.float32


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_crf_takes_half_emissions(kind):
    crf, _ = pair()
    emissions, tags, mask = batch()
    half = emissions.to(getattr(torch, kind)).requires_grad_()
    value = crf(half, tags, mask)
    value.backward()
    assert (value.dtype, half.grad.dtype) == (torch.float32, half.dtype)
    assert number(value) == pytest.approx(number(crf(half.detach().float(), tags, mask)), rel=1e-2)
    assert crf.decode(half, mask) == crf.decode(half.detach().float(), mask)
    assert crf.marginals(half, mask).dtype == half.dtype
    assert len(crf.nbest(half, mask, n=2)) == len(LENGTHS)


def test_crf_likelihood_of_many_half_emissions_is_finite():
    crf = CRF(4)
    emissions = torch.zeros(1000, 64, 4, dtype=torch.float16)
    assert torch.isfinite(crf(emissions, torch.zeros(1000, 64, dtype=torch.int64)))


def test_crf_takes_doubles():
    crf, theirs = pair()
    emissions, tags, mask = batch(dtype=torch.float64)
    value = crf.double()(emissions, tags, mask)
    assert value.dtype == torch.float64
    assert number(value) == pytest.approx(number(quietly(theirs.double(), emissions, tags, mask)), rel=1e-12)


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_crf_parameters_may_be_of_any_type(kind):
    crf, _ = pair()
    emissions, tags, mask = batch()
    expected = number(crf(emissions, tags, mask))
    crf = crf.to(getattr(torch, kind))
    value = crf(emissions, tags, mask)
    value.backward()
    assert number(value) == pytest.approx(expected, rel=1e-2)
    assert all(parameter.grad.dtype == getattr(torch, kind) for parameter in crf.parameters())


@pytest.mark.parametrize("scheme", [None, SBME, Tables.free(4)], ids=["none", "SBME", "free"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda crf: pickle.loads(pickle.dumps(crf))], ids=["copy", "pickle"])
def test_crf_copies_decode_the_same(scheme, copied):
    crf = CRF(4, scheme=scheme)
    emissions, _, mask = batch()
    other = copied(crf)
    assert other.decode(emissions, mask) == crf.decode(emissions, mask)
    other.transitions.data += 1
    assert not torch.equal(other.transitions, crf.transitions)


def test_crf_state_is_saved_without_code():
    file = io.BytesIO()
    crf = CRF(4, scheme=SBME)
    torch.save(crf.state_dict(), file)
    file.seek(0)
    other = CRF(4, scheme=SBME)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert all(torch.equal(a, b) for a, b in zip(crf.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "scheme",
    [SBME, None, BI],
    ids=["SBME", "none", "BI"],
)
def test_crf_may_be_made_on_the_meta_device(scheme):
    size = scheme.size if scheme else 4
    with torch.device("meta"):
        crf = CRF(size, scheme=scheme)
    torch.use_deterministic_algorithms(True)  # fills memory that is not initialised
    try:
        crf = crf.to_empty(device="cpu")
    finally:
        torch.use_deterministic_algorithms(False)
    crf.load_state_dict(CRF(size).state_dict())
    paths = crf.decode(torch.randn(3, 2, size))
    assert all(scheme is None or scheme.is_legal(path) for path in paths)


def test_crf_training_and_evaluation_are_the_same():
    crf, _ = pair()
    emissions, tags, mask = batch()
    trained = crf.train()(emissions, tags, mask)
    assert torch.equal(crf.eval()(emissions, tags, mask), trained)
    with torch.inference_mode():
        assert torch.equal(crf(emissions, tags, mask), trained)


def test_crf_learns_a_rule():
    torch.manual_seed(8)
    crf = CRF(2, batch_first=True)
    tags = torch.tensor([[0, 1] * 5])
    optimiser = torch.optim.SGD(crf.parameters(), 1.0)
    for _ in range(20):
        optimiser.zero_grad()
        (-crf(torch.zeros(1, 10, 2), tags, reduction="token_mean")).backward()
        optimiser.step()
    assert crf.decode(torch.zeros(1, 10, 2)) == tags.tolist()
