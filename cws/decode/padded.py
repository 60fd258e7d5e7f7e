"""Padded batches of tensors, (B, T, K) with a mask, as the packed sequences that `LinearChain` takes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from cws.decode.chain import explain
from cws.errors import InputError


class Batch(NamedTuple):
    """A batch whose sequences lie one after the other, padded or packed.

    Padding is not taken out: where a sequence ends, its padding begins as a sequence of its own, whose results nobody
    reads. So the number of characters need not be known on the host, which does not wait for the device.

    Attributes:
        rows: Shape (B, T, K), or (N, K) where it came packed: the emissions.
        mask: Shape (B, T), bool, or None.
        offsets: int64, of the sequences, and with a mask of the padding after each.
        step: How many offsets there are to a sequence: 2 with a mask.
    """

    rows: Tensor
    mask: Tensor | None
    offsets: Tensor
    step: int

    @classmethod
    def of_rows(cls, rows: Tensor, mask: Tensor | None) -> Batch:
        """Return the batch of padded rows.

        Args:
            rows: Shape (B, T, K), T of at least 1.
            mask: Shape (B, T), bool; None is all on.

        Raises:
            InputError: On the CPU, a mask that is off at a first character, or off and then on.
        """
        sequences, length = rows.shape[:2]
        starts = torch.arange(sequences + 1, device=rows.device) * length
        if mask is None:
            return cls(rows, None, starts, 1)
        if may_check(mask):
            if not mask[:, :1].all():
                raise InputError("mask: expected the first character of every sequence to be on")
            if (mask[:, 1:] & ~mask[:, :-1]).any():
                raise InputError("mask: expected it on up to the end of a sequence and then off, got off and then on")
        offsets = torch.stack([starts[:-1], starts[:-1] + mask.sum(1)], 1).reshape(-1)
        return cls(rows, mask, torch.cat([offsets, starts[-1:]]), 2)

    @property
    def emissions(self) -> Tensor:
        """The rows as (characters, K), in a type that the backend of their device takes."""
        return backend_floats(self.rows).reshape(-1, self.rows.shape[-1])

    def weights(self, reduction: str) -> Tensor:
        """Return how much each sequence counts in a sum, a mean or a token_mean; padding counts nothing."""
        count = len(self.offsets) - 1
        dtype = torch.float64 if self.rows.dtype == torch.float64 else torch.float32
        weights = torch.ones(count, dtype=dtype, device=self.rows.device)
        if self.step == 2:
            weights[1::2] = 0
        if reduction == "mean":
            weights = weights / max(count // self.step, 1)
        if reduction == "token_mean":
            characters = max(self.rows.shape[:-1].numel(), 1) if self.mask is None else self.mask.sum()
            weights = weights / characters
        return weights

    def tag_lists(self, tags: Tensor) -> list[list[int]]:
        """Return the tags, uint8 of shape (characters,), as a list for each sequence; waits for the device."""
        flat = tags.cpu().numpy().tobytes()
        offsets = self.offsets.tolist()
        return [list(flat[offsets[at] : offsets[at + 1]]) for at in range(0, len(offsets) - 1, self.step)]

    def check(self, values: Tensor, what: str = "no legal path") -> None:
        """Raise the InputError of the first sequence without a value; on CUDA it is left as it is."""
        if not may_check(values):
            return
        bad = ~torch.isfinite(values.detach()[:: self.step])
        if not bad.any():
            return
        sequence = int(bad.nonzero()[0])
        first, last = self.offsets[sequence * self.step :][:2].tolist()
        raise explain(sequence, self.emissions.detach()[first:last].numpy(), what)


def may_check(tensor: Tensor) -> bool:
    """Whether values can be looked at for nothing: no device is waited for, and no compiled graph broken."""
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling()


def backend_floats(emissions: Tensor) -> Tensor:
    """Return the emissions in a type that the backend of their device takes."""
    if emissions.device.type == "cpu" and emissions.dtype in (torch.float16, torch.bfloat16):
        return emissions.float()
    return emissions
