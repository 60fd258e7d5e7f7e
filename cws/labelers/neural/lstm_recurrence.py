"""What is recurrent of `BiLstm`, on a CPU: the core takes a character of every sequence in each step, and works the two
directions on two threads. `nn.LSTM` is the specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cws._native import lstm_backward, lstm_forward

_PANEL = 16  # kPanel of cws/native/neural/kernels.h


def can_run(lstm: nn.LSTM, features: Tensor) -> bool:
    """Return whether `bilstm` does what this module does with these features."""
    return (
        lstm.hidden_size % _PANEL == 0
        and features.device.type == "cpu"
        and features.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def bilstm(lstm: nn.LSTM, features: Tensor, offsets: Tensor) -> Tensor:
    """Return the hidden states, shape (N, 2 * hidden).

    Args:
        lstm: Of one layer, both ways.
        features: Shape (N, size), of sequences one after the other.
        offsets: Shape (B + 1,), int64, where they begin and end.
    """
    sides = ("l0", "l0_reverse")
    inputs = [
        nn.functional.linear(
            features,
            getattr(lstm, f"weight_ih_{side}"),
            getattr(lstm, f"bias_ih_{side}") + getattr(lstm, f"bias_hh_{side}"),
        )
        for side in sides
    ]
    weights = [getattr(lstm, f"weight_hh_{side}") for side in sides]
    result: Tensor = _Recurrence.apply(offsets, *inputs, *weights)  # type: ignore[no-untyped-call]
    return result


class _Recurrence(torch.autograd.Function):
    """From what is known before the recurrence, shape (N, 4 * hidden) each way, to the hidden states."""

    @staticmethod
    def forward(ctx: Any, offsets: Tensor, *tensors: Tensor) -> Tensor:
        arrays = [tensor.detach().contiguous().numpy() for tensor in tensors]
        states, gates, cells = lstm_forward(arrays[:2], arrays[2:], offsets.numpy(), torch.get_num_threads())
        hidden = torch.from_numpy(states)
        ctx.save_for_backward(offsets, hidden, *tensors[2:])
        ctx.gates, ctx.cells = gates, cells
        return hidden

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        offsets, hidden, *weights = ctx.saved_tensors
        arrays = [weight.detach().contiguous().numpy() for weight in weights]
        found = lstm_backward(
            gradient.contiguous().numpy(), ctx.gates, ctx.cells, arrays, offsets.numpy(), torch.get_num_threads()
        )
        of_inputs = [torch.from_numpy(array) for array in found]
        return None, *of_inputs, *_of_weights(of_inputs, hidden, offsets)


def _of_weights(of_inputs: Sequence[Tensor], hidden: Tensor, offsets: Tensor) -> list[Tensor]:
    """Return the gradients of the recurrent weights: products of what came back with the states one step before."""
    forwards, backwards = hidden.chunk(2, dim=1)
    first, last = offsets[:-1], offsets[1:] - 1
    before = nn.functional.pad(forwards[:-1], (0, 0, 1, 0))
    before[first] = 0
    after = nn.functional.pad(backwards[1:], (0, 0, 0, 1))
    after[last] = 0
    return [of_inputs[0].T @ before, of_inputs[1].T @ after]
