"""`cws.crf.CRF` against pytorch-crf: what both do, both do alike."""

from __future__ import annotations

import pytest
from crf_batches import batch, both_orders, every_reduction, lists, pair, quietly, torch, torchcrf

from cws.crf import CRF
from cws.errors import InputError
from cws.tags import SBME


def test_crf_begins_as_torchcrf_with_the_same_seed():
    torch.manual_seed(3)
    ours = CRF(5).state_dict()
    torch.manual_seed(3)
    theirs = torchcrf.CRF(5).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert max(float(values.abs().max()) for values in ours.values()) <= 0.1


def test_crf_loads_and_gives_the_state_of_torchcrf():
    ours, theirs = CRF(5, scheme=None), torchcrf.CRF(5)
    assert str(ours.load_state_dict(theirs.state_dict())) == "<All keys matched successfully>"
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert str(theirs.load_state_dict(CRF(5).state_dict())) == "<All keys matched successfully>"
    assert [*CRF(4, scheme=SBME).state_dict()] == [*torchcrf.CRF(4).state_dict()]


@every_reduction
@both_orders
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_crf_likelihood_equals_torchcrf(reduction, batch_first, masked, size):
    ours, theirs = pair(size, batch_first)
    emissions, tags, mask = batch(size, batch_first)
    mask = mask if masked else torch.ones_like(mask)
    found = ours(emissions, tags, mask if masked else None, reduction)
    expected = quietly(theirs, emissions, tags, mask, reduction)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    assert lists(found) == pytest.approx(lists(expected), rel=1e-5, abs=1e-5)


@every_reduction
@both_orders
@pytest.mark.parametrize("masked", [False, True])
def test_crf_gradients_equal_torchcrf(reduction, batch_first, masked):
    emissions, tags, mask = batch(batch_first=batch_first)
    mask = mask if masked else torch.ones_like(mask)
    gradients = []
    for crf in pair(batch_first=batch_first):
        inputs = emissions.clone().requires_grad_()
        values = quietly(crf, inputs, tags, mask, reduction)
        (values * torch.arange(1.0, 1 + values.numel()).reshape(values.shape)).sum().backward()
        gradients.append([inputs.grad, *(parameter.grad for parameter in crf.parameters())])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@both_orders
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_crf_decode_equals_torchcrf(batch_first, masked, size):
    ours, theirs = pair(size, batch_first)
    emissions, _, mask = batch(size, batch_first)
    mask = mask if masked else torch.ones_like(mask)
    found = ours.decode(emissions, mask if masked else None)
    assert found == quietly(theirs.decode, emissions, mask)
    assert all(type(tag) is int for path in found for tag in path)


def test_crf_takes_masks_of_bytes():
    crf, _ = pair()
    emissions, tags, mask = batch()
    assert torch.equal(crf(emissions, tags, mask.byte()), crf(emissions, tags, mask))
    assert crf.decode(emissions, mask.byte()) == crf.decode(emissions, mask)


def test_crf_describes_itself_as_torchcrf_does():
    assert repr(CRF(5)) == repr(torchcrf.CRF(5))


def wrong(name: str):
    """Arguments that both refuse, of a layer of 4 tags, time first."""
    emissions, tags, mask = batch()
    off = mask.clone()
    off[0, 2] = False
    return {
        "two dimensions": (emissions[0], tags, mask),
        "tags of emissions": (emissions[..., :3], tags, mask),
        "shape of tags": (emissions, tags[:-1], mask),
        "shape of mask": (emissions, tags, mask[:, :-1]),
        "first off": (emissions, tags, off),
    }[name]


WRONG = {
    "two dimensions": "emissions: expected (T, B, K) with K = 4, got (4, 4)",
    "tags of emissions": "emissions: expected (T, B, K) with K = 4, got (7, 4, 3)",
    "shape of tags": "tags: expected the shape (7, 4), got (6, 4)",
    "shape of mask": "mask: expected the shape (7, 4), got (7, 3)",
    "first off": "mask: expected the first character of every sequence to be on",
}


@pytest.mark.parametrize(("name", "message"), WRONG.items(), ids=WRONG.keys())
def test_crf_refuses_what_torchcrf_refuses(name, message):
    ours, theirs = pair()
    emissions, tags, mask = wrong(name)
    with pytest.raises(ValueError):
        quietly(theirs, emissions, tags, mask)
    with pytest.raises(InputError) as caught:
        ours(emissions, tags, mask)
    assert message in str(caught.value)
    if name != "shape of tags":
        for function in (ours.decode, ours.marginals, lambda *both: ours.nbest(*both, n=2)):
            with pytest.raises(InputError) as caught:
                function(emissions, mask)
            assert message in str(caught.value)


def test_crf_refuses_reductions_that_torchcrf_refuses():
    emissions, tags, _ = batch()
    for crf in pair():
        with pytest.raises(ValueError, match="reduction: (expected one of none, sum, mean, token_mean, got )?'?max"):
            crf(emissions, tags, reduction="max")


@pytest.mark.parametrize("size", [0, -1])
def test_crf_refuses_numbers_of_tags_that_torchcrf_refuses(size):
    with pytest.raises(ValueError):
        torchcrf.CRF(size)
    with pytest.raises(InputError, match=f"num_tags: expected 1 to 256, got {size}"):
        CRF(size)
