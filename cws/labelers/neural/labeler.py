"""Neural labelers: an encoder, a layer to the four tags, and a head, softmax or CRF.

A model directory holds `cws.json` and the tensors of the module by their own names. One of kind bert is a directory of
transformers too: its encoder is `config.json`, `model.safetensors` and the tokenizer's files.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cws import model_io
from cws.crf import CRF
from cws.decode import viterbi
from cws.errors import ModelError
from cws.labelers import NEURAL_KINDS
from cws.labelers.alphabet import MAX_SEQUENCE, Alphabet
from cws.labelers.linear import SEPARATOR, UNKNOWN
from cws.labelers.neural.bert import Bert, CharacterTokens, load_saved, save_encoder
from cws.labelers.neural.encoders import Batch, BiLstm, BiLstmOptions, Cnn, CnnOptions, FeatureOptions
from cws.labelers.neural.lexicon_features import TENSORS as LEXICON_TENSORS
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.native import specification
from cws.tags import SBME, TagScheme
from cws.text import bmp_types

KINDS = NEURAL_KINDS


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


@dataclass(frozen=True)
class NeuralModel:
    """All that a model directory holds.

    Attributes:
        kind: One of KINDS.
        labeler: The module.
        alphabet: How characters become codes.
        lexicon: The words whose places are features.
        standard: Which annotation standard of the labeler's is asked for.
        tokenizer: Of kind bert: the tokenizer that is saved with it.
    """

    kind: str
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
    kind: str,
    features: FeatureOptions,
    *,
    hidden: int | None = None,
    dropout: float | None = None,
    scheme: TagScheme = SBME,
) -> NeuralLabeler:
    """Return a labeler of kind bilstm or cnn with weights drawn at random.

    Args:
        kind: One of KINDS.
        features: What it knows of each character.
        hidden, dropout: Those of `BiLstmOptions` or `CnnOptions`, where other than their defaults.
        scheme: Of the tags.
    """
    given = {"hidden": hidden, "dropout": dropout}
    options = {name: value for name, value in given.items() if value is not None}
    return _assemble(kind, {"features": asdict(features), **options}, scheme)


def _assemble(kind: str, encoder: Mapping[str, Any], scheme: TagScheme = SBME) -> NeuralLabeler:
    """Return a labeler of kind bilstm or cnn by what cws.json says of its encoder."""
    features = FeatureOptions(**encoder["features"])
    rest: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in encoder.items()}
    rest["features"] = features
    module: nn.Module = BiLstm(BiLstmOptions(**rest)) if kind.startswith("bilstm") else Cnn(CnnOptions(**rest))
    return NeuralLabeler(module, kind.endswith("-crf"), scheme)


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


def save_neural(folder: str | os.PathLike[str], model: NeuralModel, description: Mapping[str, Any]) -> None:
    """Write a model directory.

    Args:
        folder: Made if it is not there.
        model: What to write.
        description: What else cws.json should say.

    Raises:
        FileError: A file instead of a folder, no permission, a full disk.
    """
    labeler = model.labeler
    state = {name: tensor.detach().cpu().numpy() for name, tensor in labeler.state_dict().items()}
    tensors: dict[str, NDArray[Any]] = {**model.lexicon.tensors()}
    config: dict[str, Any] = {"kind": model.kind, "scheme": SBME.name, "standard": model.standard}
    if isinstance(labeler.encoder, Bert):
        tensors |= {name: value for name, value in state.items() if not name.startswith("encoder.model.")}
        assert isinstance(model.alphabet, CharacterTokens)
        known = model.alphabet
        # The core has no tokenizer, and need not ask for types.
        tensors["characters"] = known.characters.astype(np.uint32)
        tensors["types"] = np.frombuffer(bmp_types(), np.uint8)
        identity = save_encoder(folder, labeler.encoder.model, model.tokenizer)
        features = asdict(labeler.encoder.features.options) if labeler.encoder.features else None
        tokens = {"unknown": known.unknown, "first": known.first, "last": known.last}
        dropout = labeler.encoder.dropout.p
        config["encoder"] = {"id": identity, "features": features, "dropout": dropout, "tokens": tokens}
    else:
        assert isinstance(model.alphabet, Alphabet)
        tensors |= {"characters": model.alphabet.characters, "types": model.alphabet.types, **state}
        config["encoder"] = asdict(labeler.encoder.options)  # type: ignore[call-overload]
    model_io.write_model(folder, {**config, **description}, tensors)


def load_neural(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> NeuralModel:
    """Return the model in a directory, for PyTorch, on the CPU.

    Args:
        folder: The directory.
        config: Its cws.json, from `model_io.read_config`.

    Raises:
        FileError: A file cannot be opened.
        ModelError: A broken or foreign file.
    """
    kind, encoder = config["kind"], config.get("encoder")
    try:
        if not isinstance(encoder, dict):
            raise ValueError("no encoder in cws.json")
        tokenizer = None
        alphabet: Alphabet | CharacterTokens
        if kind.startswith("bert"):
            transformer, tokenizer, alphabet = load_saved(folder, str(encoder.get("id")))
            features = FeatureOptions(**encoder["features"]) if encoder["features"] else None
            bert = Bert(transformer, alphabet, features, encoder["dropout"])
            labeler = NeuralLabeler(bert, kind.endswith("-crf"))
        else:
            labeler = _assemble(kind, encoder)
    except (TypeError, KeyError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{folder}: {error}: the file is damaged, train or install it again") from None
    state = {name: tensor for name, tensor in labeler.state_dict().items() if not name.startswith("encoder.model.")}
    expected: model_io.Specification
    if tokenizer is None:
        expected = specification(kind, encoder)
    else:
        expected = {**{name: ("F32", tuple(tensor.shape)) for name, tensor in state.items()}, **LEXICON_TENSORS}
        expected |= {"characters": ("U32", (0x10000,)), "types": ("U8", (0x10000,))}
    tensors = model_io.map_tensors(folder, config, expected)
    for name, tensor in state.items():
        values = np.frombuffer(tensors[name], np.float32).reshape(tensor.shape)
        if not np.isfinite(values).all():
            raise ModelError(f"{folder}: {name} holds what is no number: train or install it again")
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(values.copy()))
    if tokenizer is None:
        characters = np.frombuffer(tensors["characters"], np.uint16)
        alphabet = Alphabet(characters, np.frombuffer(tensors["types"], np.uint8))
        if characters.max() >= len(alphabet.types):
            raise ModelError(f"{folder}: characters of classes that the encoder has not: train or install it again")
    lexicon = LexiconFeatures.map(tensors, folder)
    return NeuralModel(kind, labeler.eval(), alphabet, lexicon, int(config.get("standard", 0)), tokenizer)
