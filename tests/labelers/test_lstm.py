"""The recurrence of BiLstm in the core against nn.LSTM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from cws._native import lstm_backward, lstm_forward  # noqa: E402
from cws.labelers.neural.lstm_recurrence import bilstm, can_run  # noqa: E402

SIZE = 5


def specification(lstm: torch.nn.LSTM, features: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    """Each sequence by itself."""
    return torch.cat([lstm(part)[0] for part in features.split(list(lengths))])


def gradients(lstm: torch.nn.LSTM, features: torch.Tensor, hidden: torch.Tensor) -> list[torch.Tensor]:
    weights = torch.linspace(-1, 1, hidden.numel()).reshape(hidden.shape)
    loss = (hidden * weights + hidden.square()).sum()
    return list(torch.autograd.grad(loss, [features, *lstm.parameters()]))


@settings(deadline=None, max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    hidden=st.sampled_from([16, 48]),
    scale=st.sampled_from([0.1, 1.0, 30.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_states_and_gradients(lengths: list[int], hidden: int, scale: float, seed: int) -> None:
    torch.manual_seed(seed)
    lstm = torch.nn.LSTM(SIZE, hidden, bidirectional=True, batch_first=True)
    features = (scale * torch.randn(sum(lengths), SIZE)).requires_grad_()
    offsets = torch.tensor([0, *np.cumsum(lengths)])
    expected, found = specification(lstm, features, lengths), bilstm(lstm, features, offsets)
    torch.testing.assert_close(found, expected, atol=3e-6, rtol=1e-5)
    for one, other in zip(gradients(lstm, features, found), gradients(lstm, features, expected), strict=True):
        torch.testing.assert_close(one, other, atol=3e-5 * max(1.0, scale), rtol=1e-4)


def test_threads_and_neighbours_change_no_bit() -> None:
    torch.manual_seed(1)
    lstm = torch.nn.LSTM(SIZE, 16, bidirectional=True, batch_first=True)
    arrays = [torch.randn(30, 64).numpy() for _ in range(2)]
    weights = [getattr(lstm, f"weight_hh_{side}").detach().numpy() for side in ("l0", "l0_reverse")]
    offsets = np.array([0, 4, 11, 30])
    one, two = (lstm_forward(arrays, weights, offsets, threads)[0] for threads in (1, 2))
    assert np.array_equal(one, two)
    alone = lstm_forward([array[4:11] for array in arrays], weights, np.array([0, 7]), 1)[0]
    assert np.array_equal(alone, one[4:11])


def test_runs_on_a_cpu_in_full_precision_only() -> None:
    features = torch.zeros(3, SIZE)
    assert can_run(torch.nn.LSTM(SIZE, 16), features)
    assert not can_run(torch.nn.LSTM(SIZE, 20), features)
    assert not can_run(torch.nn.LSTM(SIZE, 16), features.double())
    with torch.autocast("cpu", torch.bfloat16):
        assert not can_run(torch.nn.LSTM(SIZE, 16), features)


def test_core_refuses_shapes_that_do_not_fit() -> None:
    def rows(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.float32)

    fine = [rows(3, 64)] * 2, [rows(64, 16)] * 2
    lstm_forward(*fine, np.array([0, 3]), 1)
    for inputs, weights, offsets in (
        ([rows(3, 60)] * 2, fine[1], [0, 3]),
        ([rows(3, 64), rows(2, 64)], fine[1], [0, 3]),
        ([rows(3, 64)], fine[1], [0, 3]),
        (fine[0], [rows(60, 15)] * 2, [0, 3]),
        (fine[0], [], [0, 3]),
        (*fine, [0, 4]),
        (*fine, [0, 2]),
        (*fine, [1, 3]),
        (*fine, [0, 2, 1, 3]),
        (*fine, []),
    ):
        with pytest.raises(ValueError, match="expected"):
            lstm_forward(inputs, weights, np.array(offsets, np.int64), 1)
    _, gates, cells = lstm_forward(*fine, np.array([0, 3]), 1)
    for gradient, some in ((rows(3, 16), gates), (rows(3, 32), gates[:1]), (rows(3, 32), cells)):
        with pytest.raises(ValueError, match="expected"):
            lstm_backward(gradient, some, cells, fine[1], np.array([0, 3]), 1)
