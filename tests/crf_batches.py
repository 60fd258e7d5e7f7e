"""Batches for tests of the CRF layer, and the same layer in pytorch-crf.

Import it before torch: it skips the module where torch or pytorch-crf is missing.
"""

from __future__ import annotations

import warnings

import pytest

torch = pytest.importorskip("torch")
torchcrf = pytest.importorskip("torchcrf")

from torch import nn  # noqa: E402

from cws.crf import CRF, REDUCTIONS  # noqa: E402

LENGTHS = (5, 1, 7, 3)
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
both_orders = pytest.mark.parametrize("batch_first", [False, True], ids=["time_first", "batch_first"])


def pair(size: int = 4, batch_first: bool = False, seed: int = 0) -> tuple[CRF, torchcrf.CRF]:
    """Return our layer and theirs with the same parameters, which are not small."""
    torch.manual_seed(seed)
    ours, theirs = CRF(size, batch_first), torchcrf.CRF(size, batch_first)
    for parameter in ours.parameters():
        nn.init.uniform_(parameter, -2, 2)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def batch(size: int = 4, batch_first: bool = False, lengths=LENGTHS, seed: int = 1, dtype=None):
    """Return emissions, tags and mask, padded."""
    torch.manual_seed(seed)
    count, length = len(lengths), max(lengths)
    emissions = torch.randn(count, length, size, dtype=dtype) * 2
    tags = torch.randint(size, (count, length))
    mask = torch.arange(length) < torch.tensor(lengths)[:, None]
    if batch_first:
        return emissions, tags, mask
    return emissions.transpose(0, 1).contiguous(), tags.T.contiguous(), mask.T.contiguous()


def quietly(function, *arguments, **options):
    """Call pytorch-crf, whose use of masks torch warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


def lists(tensor) -> list:
    return tensor.detach().double().tolist()


def number(tensor) -> float:
    return float(tensor.detach())


def oracle_arguments(crf: CRF, emissions) -> list:
    parts = (emissions, crf.transitions, crf.start_transitions, crf.end_transitions)
    return [part.detach().double().tolist() for part in parts]
