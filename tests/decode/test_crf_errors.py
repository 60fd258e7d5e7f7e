"""What the CRF layer refuses."""

from __future__ import annotations

import math

import pytest
from crf_batches import batch, pair, torch

from cws.crf import CRF
from cws.errors import InputError
from cws.tags import BI, SBME


def test_crf_sequences_without_characters_are_refused():
    crf, _ = pair(batch_first=True)
    emissions, tags, mask = batch(batch_first=True)
    mask[1] = False
    for function in (crf.decode, crf.marginals):
        with pytest.raises(InputError, match="mask: expected the first character of every sequence to be on"):
            function(emissions, mask)
    with pytest.raises(InputError, match="mask: expected the first character of every sequence to be on"):
        crf(emissions, tags, mask)


@pytest.mark.parametrize("masked", [False, True])
def test_crf_a_batch_of_length_zero_is_refused(masked):
    mask = torch.ones(0, 2, dtype=torch.bool) if masked else None
    with pytest.raises(InputError):
        CRF(4)(torch.zeros(0, 2, 4), torch.zeros(0, 2, dtype=torch.int64), mask)


def test_crf_masks_with_holes_are_refused():
    crf, _ = pair(batch_first=True)
    emissions, tags, mask = batch(batch_first=True)
    mask[0, 2] = False
    with pytest.raises(InputError, match="up to the end of a sequence and then off, got off and then on"):
        crf(emissions, tags, mask)


@pytest.mark.parametrize(("tag", "found"), [(4, "0 to 4"), (-1, "-1 to")])
def test_crf_tags_out_of_range_are_refused(tag, found):
    crf, _ = pair()
    emissions, tags, mask = batch()
    tags[0, 0], tags[0, 1] = tag, 0
    with pytest.raises(InputError, match=f"tags: expected 0 to 3, got {found}"):
        crf(emissions, tags, mask)


def test_crf_tags_of_another_type_are_refused():
    emissions, tags, mask = batch()
    for wrong_tags in (tags.int(), tags.float()):
        with pytest.raises(InputError, match="tags: expected uint8 or int64"):
            CRF(4)(emissions, wrong_tags, mask)


def test_crf_illegal_tags_are_refused():
    crf = CRF(4, batch_first=True, scheme=SBME)
    tags = torch.tensor([[0, 0, 0], [0, 1, 0]])
    with pytest.raises(InputError, match="sequence 1, of 3 characters: its tags take an illegal step"):
        crf(torch.zeros(2, 3, 4), tags)
    with pytest.raises(InputError, match="sequence 1, of 3 characters: its tags take an illegal step"):
        crf(torch.zeros(2, 3, 4), tags, torch.ones(2, 3, dtype=torch.bool), "none")


def test_crf_partial_labels_that_no_path_agrees_with_are_refused():
    crf = CRF(4, batch_first=True, scheme=SBME)
    with pytest.raises(InputError, match="sequence 1, of 2 characters: no legal path"):
        crf.partial_log_likelihood(torch.zeros(2, 2, 4), torch.tensor([[0, -1], [-1, 2]]))


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("function", ["forward", "decode", "marginals", "nbest", "partial_log_likelihood"])
def test_crf_emissions_that_are_no_numbers_are_refused(function, mask):
    crf, _ = pair(batch_first=True)
    emissions, tags, on = batch(batch_first=True)
    emissions[2, 5, 1] = math.nan
    extra = {"forward": [tags], "partial_log_likelihood": [tags]}.get(function, [])
    options = {"n": 2} if function == "nbest" else {}
    with pytest.raises(InputError, match="sequence 2 has nan for tag 1 of character 5"):
        getattr(crf, function)(emissions, *extra, *([on] if mask else []), **options)


@pytest.mark.parametrize(
    ("allowed", "message"),
    [
        (
            torch.zeros(3, 3, dtype=torch.int64),
            "allowed: expected bool of shape (2, 3, 4) or int64 of shape (2, 3), got torch.int64 (3, 3)",
        ),
        (torch.ones(2, 3, 5, dtype=torch.bool), "allowed: expected the shape (2, 3, 4), got (2, 3, 5)"),
        (torch.ones(2, 3, dtype=torch.bool), "allowed: expected the shape (2, 3, 4), got (2, 3)"),
    ],
)
def test_crf_partial_labels_of_another_shape_are_refused(allowed, message):
    with pytest.raises(InputError) as caught:
        CRF(4, batch_first=True).partial_log_likelihood(torch.zeros(2, 3, 4), allowed)
    assert message in str(caught.value)


@pytest.mark.parametrize("size", [257, 2.0, "4", None])
def test_crf_numbers_of_tags_out_of_range_are_refused(size):
    with pytest.raises(InputError, match=f"num_tags: expected 1 to 256, got {size!r}"):
        CRF(size)


def test_crf_schemes_of_another_size_are_refused():
    with pytest.raises(InputError, match="legality: expected a scheme of 4 tags like the emissions, got one of 2"):
        CRF(4, scheme=BI)


@pytest.mark.parametrize(
    ("offsets", "message"),
    [([0, 4], "expected to go from 0 to 3, got 0 to 4"), ([0, 2, 1, 3], "expected to rise, got 2 and then 1 at 2")],
)
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_crf_packed_offsets_that_do_not_fit_are_refused(offsets, message, reduction):
    tags = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(InputError, match=f"offsets: {message}"):
        CRF(4).log_likelihood_packed(torch.zeros(3, 4), torch.tensor(offsets), tags, reduction)
    with pytest.raises(InputError, match=f"offsets: {message}"):
        CRF(4).decode_packed(torch.zeros(3, 4), torch.tensor(offsets))


def test_crf_packed_reductions_unknown_are_refused():
    with pytest.raises(InputError, match="reduction: expected one of none, sum, mean, token_mean, got 'avg'"):
        CRF(4).log_likelihood_packed(torch.zeros(3, 4), torch.tensor([0, 3]), torch.zeros(3, dtype=torch.int64), "avg")


@pytest.mark.parametrize("shape", [(6, 2), (1, 3, 4)])
def test_crf_packed_emissions_of_another_shape_are_refused(shape):
    tags = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(InputError, match="emissions: expected"):
        CRF(4).log_likelihood_packed(torch.randn(shape), torch.tensor([0, 3]), tags)


def test_crf_packed_decode_names_the_emissions():
    with pytest.raises(InputError, match="emissions: expected"):
        CRF(4).decode_packed(torch.zeros(6, 3), torch.tensor([0, 6]))


@pytest.mark.parametrize("offsets", [torch.zeros(0, dtype=torch.int64), torch.tensor(3)], ids=["none", "scalar"])
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_crf_packed_offsets_of_another_shape_are_refused(offsets, reduction):
    tags = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(InputError, match="offsets: expected"):
        CRF(4).log_likelihood_packed(torch.zeros(3, 4), offsets, tags, reduction)


def test_crf_partial_labels_out_of_range_are_named():
    with pytest.raises(InputError, match="7"):
        CRF(4).partial_log_likelihood(torch.zeros(3, 2, 4), torch.full((3, 2), 7))
