"""The encoders of neural labelers: from the characters of sequences to a vector for each.

`BiLstm` and `Cnn` read the features of features.py; bert.py has the encoders of transformers. They are written to be
read: on a CPU the core computes them (cws/native/neural/network.h), tested equal to these.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cws.labelers.neural.features import Batch, FeatureOptions, Features
from cws.labelers.neural.lstm_recurrence import bilstm, can_run


@dataclass(frozen=True)
class BiLstmOptions:
    """Hyper-parameters of `BiLstm`."""

    features: FeatureOptions
    hidden: int = 128  # each way
    dropout: float = 0.3


class BiLstm(nn.Module):
    """A long short-term memory forwards and one backwards (Su, 2016; Huang, Xu & Yu 2015)."""

    def __init__(self, options: BiLstmOptions) -> None:
        super().__init__()
        self.options = options
        self.features = Features(options.features)
        self.dropout = nn.Dropout(options.dropout)
        self.lstm = nn.LSTM(self.features.size, options.hidden, batch_first=True, bidirectional=True)
        self.size = 2 * options.hidden
        for name, parameter in self.lstm.named_parameters():
            if name.startswith("weight_hh"):
                for gate in parameter.data.chunk(4):
                    nn.init.orthogonal_(gate)
            elif name.startswith("weight_ih"):
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)
                if name.startswith("bias_ih"):
                    parameter.data[options.hidden : 2 * options.hidden] = 1  # to remember, in the beginning

    def forward(self, batch: Batch) -> Tensor:
        """Return the vectors of the characters, shape (N, size)."""
        features = self.dropout(self.features(batch))
        if can_run(self.lstm, features):
            flat = features.reshape(-1, features.shape[-1])[batch.places]
            return self.dropout(bilstm(self.lstm, flat, batch.offsets))  # type: ignore[no-any-return]
        packed = pack_padded_sequence(features, batch.lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=features.shape[1])
        result: Tensor = self.dropout(hidden.reshape(-1, self.size)[batch.places])
        return result


@dataclass(frozen=True)
class CnnOptions:
    """Hyper-parameters of `Cnn`."""

    features: FeatureOptions
    hidden: int = 128
    dilations: tuple[int, ...] = (1, 2, 4)  # of the blocks: each character sees seven on either side
    dropout: float = 0.3


class GatedBlock(nn.Module):
    """A dilated convolution of width three whose gates mix it with its input (Su's DGCNN, 2018).

    y = (1 - g) x + g a,   a, g = W * x + b, sigmoid(V * x + c)
    """

    def __init__(self, size: int, dilation: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(size, 2 * size, 3, padding=dilation, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        """Take and return shape (B, size, T)."""
        a, g = self.convolution(x).chunk(2, dim=1)
        return torch.lerp(x, a, torch.sigmoid(g))


class Cnn(nn.Module):
    """Dilated gated convolutions, one above the other."""

    def __init__(self, options: CnnOptions) -> None:
        super().__init__()
        self.options = options
        self.features = Features(options.features)
        self.dropout = nn.Dropout(options.dropout)
        self.project = nn.Linear(self.features.size, options.hidden)
        self.blocks = nn.ModuleList(GatedBlock(options.hidden, dilation) for dilation in options.dilations)
        self.size = options.hidden

    def forward(self, batch: Batch) -> Tensor:
        """Return the vectors of the characters, shape (N, size)."""
        mask = batch.mask().unsqueeze(1)
        x = self.project(self.dropout(self.features(batch))).transpose(1, 2) * mask  # shape (B, size, T)
        for block in self.blocks:
            x = block(x) * mask  # zeros after the ends, as before the beginnings
        result: Tensor = self.dropout(x.transpose(1, 2).reshape(-1, self.size)[batch.places])
        return result
