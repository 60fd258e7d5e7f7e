"""Model directories of neural models, written and read for PyTorch.

A model directory holds `cws.json` and the tensors of the module by their own names. One of kind bert is a directory of
transformers too: its encoder is `config.json`, `model.safetensors` and the tokenizer's files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cws import model_io
from cws.errors import ModelError
from cws.labelers.alphabet import Alphabet
from cws.labelers.kind import Kind
from cws.labelers.neural.bert import Bert, load_saved, save_encoder
from cws.labelers.neural.character_tokens import CharacterTokens
from cws.labelers.neural.features import FeatureOptions
from cws.labelers.neural.labeler import NeuralLabeler
from cws.labelers.neural.lexicon_features import TENSORS as LEXICON_TENSORS
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.model import NeuralModel, assemble
from cws.labelers.neural.native import specification
from cws.tags import SBME
from cws.text import bmp_types

_ENCODER = "encoder.model."  # begins the names of tensors that are in the file of the encoder of transformers


def save_neural(folder: str | os.PathLike[str], model: NeuralModel, description: Mapping[str, Any]) -> None:
    """Write a model directory.

    Args:
        folder: Made if it is not there.
        model: What to write.
        description: What else cws.json should say.

    Raises:
        FileError: A file instead of a folder, no permission, a full disk.
    """
    encoder = model.labeler.encoder
    tensors: dict[str, NDArray[Any]] = {**model.lexicon.tensors()}
    for name, tensor in model.labeler.state_dict().items():
        if not name.startswith(_ENCODER):
            tensors[name] = tensor.detach().cpu().numpy()
    if isinstance(encoder, Bert):
        assert isinstance(model.alphabet, CharacterTokens)
        # The core has no tokenizer, and need not ask for types.
        tensors["characters"] = model.alphabet.characters.astype(np.uint32)
        tensors["types"] = np.frombuffer(bmp_types(), np.uint8)
        described = _save_bert(folder, encoder, model.alphabet, model.tokenizer)
    else:
        assert isinstance(model.alphabet, Alphabet)
        tensors |= {"characters": model.alphabet.characters, "types": model.alphabet.types}
        described = asdict(encoder.options)  # type: ignore[call-overload]
    config = {"kind": str(model.kind), "scheme": SBME.name, "standard": model.standard, "encoder": described}
    model_io.write_model(folder, {**config, **description}, tensors)


def _save_bert(
    folder: str | os.PathLike[str], encoder: Bert, tokens: CharacterTokens, tokenizer: Any
) -> dict[str, Any]:
    """Write the encoder's own files, and return what cws.json says of it."""
    return {
        "id": save_encoder(folder, encoder.model, tokenizer),
        "features": asdict(encoder.features.options) if encoder.features else None,
        "dropout": encoder.dropout.p,
        "tokens": {"unknown": tokens.unknown, "first": tokens.first, "last": tokens.last},
    }


def load_neural(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> NeuralModel:
    """Return the model in a directory, for PyTorch, on the CPU.

    Args:
        folder: The directory.
        config: Its cws.json, from `model_io.read_config`.

    Raises:
        FileError: A file cannot be opened.
        ModelError: A broken or foreign file.
    """
    try:
        read = _read_parts(folder, config)
    except ModelError:
        raise
    except (TypeError, KeyError, ValueError) as error:
        raise ModelError(f"{folder}: {error}: the file is damaged, train or install it again") from None
    tensors = model_io.map_tensors(folder, config, read.expected)
    _fill(read.labeler, tensors, folder)
    alphabet = _alphabet(tensors, folder) if read.tokens is None else read.tokens
    lexicon = LexiconFeatures.map(tensors, folder)
    standard = int(config.get("standard", 0))
    return NeuralModel(read.kind, read.labeler.eval(), alphabet, lexicon, standard, read.tokenizer)


class _Parts(NamedTuple):
    """What is known of a model before its own tensors are read; tokens and tokenizer are of kind bert."""

    kind: Kind
    labeler: NeuralLabeler
    expected: model_io.Specification
    tokens: CharacterTokens | None = None
    tokenizer: Any = None


def _read_parts(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> _Parts:
    kind, encoder = Kind.parse(config["kind"]), config.get("encoder")
    if not isinstance(encoder, dict):
        raise ValueError("no encoder in cws.json")
    if not kind.is_bert:
        return _Parts(kind, assemble(kind, encoder), specification(kind, encoder))
    transformer, tokenizer, tokens = load_saved(folder, str(encoder.get("id")))
    features = FeatureOptions(**encoder["features"]) if encoder["features"] else None
    labeler = NeuralLabeler(Bert(transformer, tokens, features, encoder["dropout"]), kind.has_crf)
    shapes = {name: tuple(tensor.shape) for name, tensor in _own_state(labeler).items()}
    expected: model_io.Specification = {
        **{name: ("F32", shape) for name, shape in shapes.items()},
        **LEXICON_TENSORS,
        "characters": ("U32", (0x10000,)),
        "types": ("U8", (0x10000,)),
    }
    return _Parts(kind, labeler, expected, tokens, tokenizer)


def _own_state(labeler: NeuralLabeler) -> dict[str, torch.Tensor]:
    """Return the tensors that are not in the file of an encoder of transformers."""
    return {name: tensor for name, tensor in labeler.state_dict().items() if not name.startswith(_ENCODER)}


def _fill(labeler: NeuralLabeler, tensors: Mapping[str, memoryview], folder: str | os.PathLike[str]) -> None:
    for name, tensor in _own_state(labeler).items():
        values = np.frombuffer(tensors[name], np.float32).reshape(tensor.shape)
        if not np.isfinite(values).all():
            raise ModelError(f"{folder}: {name} holds what is no number: train or install it again")
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(values.copy()))


def _alphabet(tensors: Mapping[str, memoryview], folder: str | os.PathLike[str]) -> Alphabet:
    characters = np.frombuffer(tensors["characters"], np.uint16)
    alphabet = Alphabet(characters, np.frombuffer(tensors["types"], np.uint8))
    if characters.max() >= len(alphabet.types):
        raise ModelError(f"{folder}: characters of classes that the encoder has not: train or install it again")
    return alphabet
