"""A neural model of drawn weights, for tests that only need one; needs torch."""

from __future__ import annotations

import torch
from linear_models import SENTENCES, WORD_LIST

from cws.labelers.alphabet import Alphabet
from cws.labelers.kind import Kind
from cws.labelers.neural.features import FeatureOptions
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.model import NeuralModel, make_labeler
from cws.labelers.neural.storage import save_neural


def save_random_cnn(folder) -> None:
    """Write a neural model of drawn weights."""
    torch.manual_seed(7)
    alphabet = Alphabet.of(["".join(words) for words in SENTENCES])
    kind = Kind("cnn", "crf")
    labeler = make_labeler(kind, FeatureOptions(len(alphabet.types), 4, 2), hidden=8)
    for parameter in (labeler.output.weight, labeler.crf.transitions):
        torch.nn.init.normal_(parameter, std=2)  # so that it cuts here and there
    save_neural(folder, NeuralModel(kind, labeler, alphabet, LexiconFeatures.of(alphabet, [WORD_LIST])), {})
