"""A neural labeler: an encoder, a layer to the tags, and a head, softmax or CRF."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cws.crf import CRF
from cws.decode import viterbi
from cws.labelers.neural.features import Batch
from cws.tags import SBME, TagScheme


class Scores(NamedTuple):
    """What a chain adds to its emissions; see `cws.decode`."""

    transitions: Tensor
    start: Tensor
    end: Tensor


class NeuralLabeler(nn.Module):
    """Emissions of each tag for each character, and what makes tags of them.

    With softmax each character has its own distribution, and only legal sequences of tags are decoded. With a CRF the
    sequence has one (Su, "CRF in a nutshell", 2017), which legality cuts in training and in decoding.

    Args:
        encoder: A module from `Batch` to vectors, shape (N, size), with its `size`.
        has_crf: Which head.
        scheme: Of the tags. Model files hold SBME only; others are for studies (scripts/studies/tag_sets.py).
    """

    def __init__(self, encoder: nn.Module, has_crf: bool, scheme: TagScheme = SBME) -> None:
        super().__init__()
        self.encoder, self.scheme = encoder, scheme
        self.output = nn.Linear(int(encoder.size), scheme.size)  # type: ignore[arg-type]
        self.crf = CRF(scheme.size, scheme=scheme) if has_crf else None

    def emissions(self, batch: Batch) -> Tensor:
        """Return shape (N, K), float32."""
        logits = self.output(self.encoder(batch)).float()
        return logits if self.crf is not None else torch.log_softmax(logits, dim=-1)

    def forward(self, batch: Batch, tags: Tensor) -> Tensor:
        """Return the negative log-likelihood of the tags, shape (N,), a mean over characters."""
        emissions = self.emissions(batch)
        if self.crf is not None:
            return -self.crf.log_likelihood_packed(emissions, batch.offsets, tags, "token_mean")
        return nn.functional.nll_loss(emissions, tags)

    def scores(self) -> Scores:
        """Return transitions (K, K), start (K,) and end (K,): zeros with softmax."""
        if self.crf is not None:
            crf = self.crf
            return Scores(crf.transitions.detach(), crf.start_transitions.detach(), crf.end_transitions.detach())
        zeros = torch.zeros(self.scheme.size, self.scheme.size, device=self.output.weight.device)
        return Scores(zeros, zeros[0], zeros[0])

    @torch.no_grad()
    def decode(self, batch: Batch) -> Tensor:
        """Return the best legal tags, shape (N,), uint8, on the device of the model."""
        tags: Tensor = viterbi(self.emissions(batch), batch.offsets, *self.scores(), legality=self.scheme).tags
        return tags
