"""Neural models: a labeler, and how characters and word lists become its input; copies of models, and means of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cws.errors import ModelError
from cws.labelers.alphabet import MAX_SEQUENCE, Alphabet
from cws.labelers.character_classes import SEPARATOR, UNKNOWN
from cws.labelers.kind import Kind
from cws.labelers.neural.bert import Bert
from cws.labelers.neural.character_tokens import CharacterTokens
from cws.labelers.neural.encoders import BiLstm, BiLstmOptions, Cnn, CnnOptions
from cws.labelers.neural.features import Batch, FeatureOptions
from cws.labelers.neural.labeler import NeuralLabeler
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.tags import SBME, TagScheme


@dataclass(frozen=True)
class NeuralModel:
    """All that a model directory holds.

    Attributes:
        kind: Of which kind it is.
        labeler: The module.
        alphabet: How characters become codes.
        lexicon: The words whose places are features.
        standard: Which annotation standard of the labeler's is asked for.
        tokenizer: Of kind bert: the tokenizer that is saved with it.
    """

    kind: Kind
    labeler: NeuralLabeler
    alphabet: Alphabet | CharacterTokens
    lexicon: LexiconFeatures
    standard: int = 0
    tokenizer: Any = None

    @property
    def longest(self) -> int:
        """How many characters the encoder can take at once."""
        encoder = self.labeler.encoder
        return encoder.longest if isinstance(encoder, Bert) else MAX_SEQUENCE

    def encode(self, text: str) -> NDArray[Any]:
        """Return the code of each character."""
        codes = self.alphabet.encode(text)
        if isinstance(self.alphabet, Alphabet):
            # Control characters stand between words, never in one: as in the segmenter, they are not seen.
            codes[codes == SEPARATOR] = UNKNOWN
        return codes

    def batch(self, texts: Sequence[str]) -> Batch:
        """Return the batch of sequences of characters, one or more each."""
        codes = [self.encode(text) for text in texts]
        return Batch.of(codes, self.lexicon_bits(codes), [self.standard] * len(texts))

    def lexicon_bits(self, codes: Sequence[NDArray[Any]]) -> list[NDArray[np.int64]]:
        """Return what the word lists say of the characters of each sequence."""
        if not codes:
            return []
        lengths = np.fromiter(map(len, codes), np.int64, len(codes))
        whole = np.concatenate(codes)
        if isinstance(self.alphabet, CharacterTokens) and self.alphabet.characters.max() > 0xFFFF:
            # An encoder of so many tokens has no lexicon.
            whole = np.zeros_like(whole)
        return np.split(self.lexicon.bits(whole.astype(np.uint16), lengths), np.cumsum(lengths)[:-1])


def make_labeler(
    kind: Kind,
    features: FeatureOptions,
    *,
    hidden: int | None = None,
    dropout: float | None = None,
    scheme: TagScheme = SBME,
) -> NeuralLabeler:
    """Return a labeler of kind bilstm or cnn with weights drawn at random.

    Args:
        kind: Of encoder bilstm or cnn.
        features: What it knows of each character.
        hidden, dropout: Those of `BiLstmOptions` or `CnnOptions`, where other than their defaults.
        scheme: Of the tags.
    """
    given = {"hidden": hidden, "dropout": dropout}
    options = {name: value for name, value in given.items() if value is not None}
    return assemble(kind, {"features": asdict(features), **options}, scheme)


def assemble(kind: Kind, encoder: Mapping[str, Any], scheme: TagScheme = SBME) -> NeuralLabeler:
    """Return a labeler of kind bilstm or cnn by what cws.json says of its encoder."""
    features = FeatureOptions(**encoder["features"])
    rest: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in encoder.items()}
    rest["features"] = features
    module: nn.Module = BiLstm(BiLstmOptions(**rest)) if kind.encoder == "bilstm" else Cnn(CnnOptions(**rest))
    return NeuralLabeler(module, kind.has_crf, scheme)


def with_standards(model: NeuralModel, count: int, standard: int | None = None) -> NeuralModel:
    """Return a copy of the model for so many annotation standards.

    Args:
        model: With standards of its own.
        count: How many.
        standard: Which of its own each is to be; None is the mean of them.
    """
    encoder = model.labeler.encoder
    new: nn.Module
    if isinstance(encoder, Bert):
        if encoder.features is None:
            raise ModelError("a model without features has no annotation standards: train it anew")
        assert isinstance(model.alphabet, CharacterTokens)
        options = replace(encoder.features.options, standards=count)
        new = Bert(copy.deepcopy(encoder.model), model.alphabet, options, encoder.dropout.p)
    else:
        known: Any = encoder.options
        new = type(encoder)(replace(known, features=replace(known.features, standards=count)))
    labeler = NeuralLabeler(new, model.labeler.crf is not None, model.labeler.scheme)
    state, name = model.labeler.state_dict(), "encoder.features.standards.weight"
    row = state[name].mean(0) if standard is None else state[name][standard]
    labeler.load_state_dict({**state, name: row.expand(count, -1)})
    return replace(model, labeler=labeler, standard=0)


def mean_of(models: Sequence[NeuralModel]) -> NeuralModel:
    """Return the model whose weights are the mean of those of models that began with the same one.

    It is often better than each of them (Wortsman et al., "Model soups", 2022), and costs what one costs. The mean
    follows the standard that they follow.

    Args:
        models: One or more, of the same kind, characters and word lists.

    Raises:
        ModelError: Models that are not of one shape.
    """
    ones = [with_standards(model, 1, model.standard) for model in models]
    states = [one.labeler.state_dict() for one in ones]
    if any(not _is_alike(ones[0], one) for one in ones[1:]):
        raise ModelError("only models that began with the same one have a mean: train them with --init")
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    ones[0].labeler.load_state_dict(mean)
    return ones[0]


def _is_alike(one: NeuralModel, other: NeuralModel) -> bool:
    """Whether weights of the same name mean the same."""
    states = one.labeler.state_dict(), other.labeler.state_dict()
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    every = "".join(map(chr, range(0x10000)))
    same_codes = np.array_equal(one.alphabet.encode(every), other.alphabet.encode(every))
    same_lists = one.lexicon.words() == other.lexicon.words()
    return one.kind == other.kind and shapes[0] == shapes[1] and same_codes and same_lists
