"""The task of labelling characters, as the training loop takes it.

The CRF has a learning rate of its own. A pretrained encoder is tuned at a low one, at which transitions
hardly leave where they began; they want a hundred times that: Su Jianlin, "The learning rate of your CRF layer may be
too small" (2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import UNKNOWN
from cws.labelers.neural.bert import Bert
from cws.labelers.neural.features import Batch
from cws.labelers.neural.labeler import NeuralLabeler
from cws.labelers.neural.model import NeuralModel
from cws.training.batches import Encoded, bucketed_batches
from cws.training.linear_trainer import word_f1
from cws.training.neural_options import NeuralOptions
from cws.training.schedule import step_seed

_EVALUATED = 1 << 14  # characters of a batch that is only decoded


def parameter_groups(labeler: NeuralLabeler, learning_rate: float, crf_lr_multiplier: float) -> list[dict[str, Any]]:
    """Return the optimiser's groups: encoder and output layer at the learning rate, the CRF at so many times that.

    The additional input features of a pretrained encoder are not pretrained: they learn as fast as other encoders do.
    """
    encoder = labeler.encoder
    pretrained = encoder.model if isinstance(encoder, Bert) else encoder
    groups: list[dict[str, Any]] = [
        {"params": [*pretrained.parameters(), *labeler.output.parameters()], "lr": learning_rate}
    ]
    if isinstance(encoder, Bert) and encoder.features is not None:
        groups.append(
            {"params": [*encoder.features.parameters(), *encoder.join.parameters()], "lr": NeuralOptions.learning_rate}
        )
    if labeler.crf is not None:
        groups.append(
            {"params": [*labeler.crf.parameters()], "lr": learning_rate * crf_lr_multiplier, "weight_decay": 0.0}
        )
    return groups


class Tagging:
    """The task of labelling characters, as `fit` takes it."""

    def __init__(self, model: NeuralModel, train: Encoded, dev: Encoded, options: NeuralOptions, identity: str) -> None:
        self.model: nn.Module = model.labeler
        self.identity = identity
        self._model, self._train, self._dev, self._options = model, train, dev, options
        self._lengths = np.array([len(tags) for tags in train.tags], np.int64)
        dev_lengths = np.array([len(tags) for tags in dev.tags], np.int64)
        self._dev_batches = bucketed_batches(dev_lengths, _EVALUATED, 0)
        if isinstance(model.alphabet, Alphabet):
            self._hidden_codes = UNKNOWN + model.alphabet.types.astype(np.int64)
        else:
            self._hidden_codes = np.full(1 << 16, model.alphabet.unknown, np.int64)

    def parameter_groups(self) -> list[dict[str, Any]]:
        return parameter_groups(self._model.labeler, self._options.learning_rate, self._options.crf_lr_multiplier)

    def batches(self, epoch: int) -> list[NDArray[np.int64]]:
        seed = step_seed(self._options.seed, epoch)
        return bucketed_batches(self._lengths, self._options.batch_characters, seed)

    def inputs(self, batch: NDArray[np.int64], seed: int, device: torch.device) -> tuple[Any, ...]:
        found = self._train.batch(batch.tolist())
        if self._options.character_dropout:
            found = self._hide_characters(found, np.random.default_rng(seed))
        tags = torch.from_numpy(self._train.gold(batch.tolist()).astype(np.int64))
        return found.to(device), tags.to(device)

    def _hide_characters(self, batch: Batch, generator: np.random.Generator) -> Batch:
        hidden = torch.from_numpy(generator.random(batch.codes.shape) < self._options.character_dropout)
        unknown = torch.from_numpy(self._hidden_codes)[batch.codes]
        return batch._replace(codes=torch.where(batch.mask() & hidden, unknown, batch.codes))

    def size(self, batch: NDArray[np.int64]) -> int:
        return int(self._lengths[batch].sum())

    def evaluate(self) -> dict[str, float]:
        device = next(self.model.parameters()).device
        gold = [self._dev.gold(rows.tolist()) for rows in self._dev_batches]
        found = [
            self._model.labeler.decode(self._dev.batch(rows.tolist()).to(device)).cpu().numpy()
            for rows in self._dev_batches
        ]
        f1 = word_f1(np.concatenate(gold), np.concatenate(found), self._model.labeler.scheme)
        return {"score": f1, "f1": f1}
