"""Opens models of kind bert for the C++ core, which needs no PyTorch.

The core computes two families: ModernBERT whose layers all see the whole sequence, and BERT with RoBERTa and ELECTRA
(cws/native/neural/transformer.h). The tensors are those of transformers' modules, by their own names, and PyTorch's
modules are the specification. Any other encoder runs on PyTorch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from cws import model_io
from cws._native import TransformerPredictor
from cws.errors import ModelError
from cws.files import file_error
from cws.labelers.kind import Kind
from cws.labelers.neural.layout import LIST_BITS, LONGEST, PAIR_BITS, RESERVED, WEIGHTS_FILE, head_shapes
from cws.labelers.neural.lexicon_features import TENSORS as LEXICON_TENSORS

_MOST_LAYERS = 1000
_BROKEN = "the file is damaged, train or install the model again"
_WHOLE = 16  # sizes that the core computes are multiples of it

_FEATURES = {  # what the core calls the tensors of `Features` and what joins them to those of tokens
    "pairs": "encoder.features.pairs.weight",
    "standards": "encoder.features.standards.weight",
    "join": "encoder.join.weight",
}
_FEATURES_OF = {tensor: name for name, tensor in _FEATURES.items()}


class Part(NamedTuple):
    """Rows of a tensor of a file."""

    tensor: str
    first: int
    rows: int


class Architecture(NamedTuple):
    """An encoder that the core computes.

    Attributes:
        hidden: The size of its vectors.
        options: What the core is given of it.
        tensors: The shape of each tensor of its file.
        parts: Where the core finds what it knows by names of its own.
    """

    hidden: int
    options: dict[str, Any]
    tensors: dict[str, tuple[int, ...]]
    parts: dict[str, Part]


def architecture(config: Mapping[str, Any]) -> Architecture | None:
    """Return what the core has to know of an encoder, or None if it is one that the core does not compute.

    Args:
        config: Its config.json.
    """
    try:
        if not 1 <= config["num_hidden_layers"] <= _MOST_LAYERS:
            return None
        if config["model_type"] == "modernbert":
            return _modernbert(config)
        return _bert(config) if config["model_type"] in ("bert", "roberta", "electra") else None
    except (KeyError, TypeError, ValueError, ArithmeticError):  # transformers may know what that means
        return None


class _Tensors:
    """Collects what an encoder's file holds and what the core calls it."""

    def __init__(self) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.parts: dict[str, Part] = {}

    def rows(self, name: str, tensor: str, shape: tuple[int, ...], first: int = 0, rows: int | None = None) -> None:
        self.shapes[tensor] = shape
        self.parts[name] = Part(tensor, first, shape[0] - first if rows is None else rows)

    def norm(self, name: str, tensor: str, size: int, has_bias: bool) -> None:
        self.rows(f"{name}.weight", f"{tensor}.weight", (size,))
        if has_bias:
            self.rows(f"{name}.bias", f"{tensor}.bias", (size,))

    def linear(self, names: tuple[str, ...], tensor: str, rows: int, depth: int, has_bias: bool) -> None:
        """One tensor of one or more layers of so many rows."""
        for at, name in enumerate(names):
            self.rows(f"{name}.weight", f"{tensor}.weight", (rows * len(names), depth), at * rows, rows)
            if has_bias:
                self.rows(f"{name}.bias", f"{tensor}.bias", (rows * len(names),), at * rows, rows)


def _modernbert(config: Mapping[str, Any]) -> Architecture | None:
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    rope = config["rope_parameters"]["full_attention"]
    is_known = config["hidden_activation"] == "gelu" and rope["rope_type"] == "default"
    if not is_known or config.get("head_dim") is not None or config["layer_types"] != ["full_attention"] * layers:
        return None
    attention_bias, inner_bias, norm_bias = (bool(config[f"{one}_bias"]) for one in ("attention", "mlp", "norm"))
    to = _Tensors()
    to.rows("tokens", "embeddings.tok_embeddings.weight", (config["vocab_size"], hidden))
    to.norm("embedding_norm", "embeddings.norm", hidden, norm_bias)
    for at in range(layers):
        ours = theirs = f"layers.{at}."
        if at > 0:
            to.norm(ours + "attention_norm", theirs + "attn_norm", hidden, norm_bias)
        attention = (ours + "query", ours + "key", ours + "value")
        to.linear(attention, theirs + "attn.Wqkv", hidden, hidden, attention_bias)
        to.linear((ours + "attention_output",), theirs + "attn.Wo", hidden, hidden, attention_bias)
        to.norm(ours + "inner_norm", theirs + "mlp_norm", hidden, norm_bias)
        to.linear((ours + "intermediate", ours + "gate"), theirs + "mlp.Wi", inner, hidden, inner_bias)
        to.linear((ours + "output",), theirs + "mlp.Wo", hidden, inner, inner_bias)
    to.norm("final_norm", "final_norm", hidden, norm_bias)
    options = {"is_normed_before": True, "epsilon": config["norm_eps"], "rope": rope["rope_theta"]}
    return _if_computed(config, to, options)


def _bert(config: Mapping[str, Any]) -> Architecture | None:
    hidden, inner, places = config["hidden_size"], config["intermediate_size"], config["max_position_embeddings"]
    is_known = config["hidden_act"] == "gelu" and config.get("position_embedding_type", "absolute") == "absolute"
    if not is_known or config.get("is_decoder") or config.get("embedding_size", hidden) != hidden:
        return None
    first_place = config["pad_token_id"] + 1 if config["model_type"] == "roberta" else 0
    if not 0 <= first_place <= RESERVED - 2:
        return None
    to = _Tensors()
    to.rows("tokens", "embeddings.word_embeddings.weight", (config["vocab_size"], hidden))
    to.rows("places", "embeddings.position_embeddings.weight", (places, hidden), first_place)
    to.rows("type", "embeddings.token_type_embeddings.weight", (config["type_vocab_size"], hidden), 0, 1)
    to.norm("embedding_norm", "embeddings.LayerNorm", hidden, True)
    for at in range(config["num_hidden_layers"]):
        ours, theirs = f"layers.{at}.", f"encoder.layer.{at}."
        for name in ("query", "key", "value"):
            to.linear((ours + name,), f"{theirs}attention.self.{name}", hidden, hidden, True)
        to.linear((ours + "attention_output",), theirs + "attention.output.dense", hidden, hidden, True)
        to.norm(ours + "attention_norm", theirs + "attention.output.LayerNorm", hidden, True)
        to.linear((ours + "intermediate",), theirs + "intermediate.dense", inner, hidden, True)
        to.linear((ours + "output",), theirs + "output.dense", hidden, inner, True)
        to.norm(ours + "inner_norm", theirs + "output.LayerNorm", hidden, True)
    return _if_computed(config, to, {"is_normed_before": False, "epsilon": config["layer_norm_eps"], "rope": 0.0})


def _if_computed(config: Mapping[str, Any], tensors: _Tensors, options: dict[str, Any]) -> Architecture | None:
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    longest = min(config["max_position_embeddings"], LONGEST) - RESERVED
    if longest < 1 or hidden % (_WHOLE * heads) or config["intermediate_size"] % _WHOLE:
        return None
    if any(0 in shape for shape in tensors.shapes.values()):
        return None
    options |= {"heads": heads, "layers": config["num_hidden_layers"], "longest": longest}
    return Architecture(hidden, options, tensors.shapes, tensors.parts)


def open_native(
    folder: str | os.PathLike[str], config: Mapping[str, Any], *, integers: bool = False
) -> TransformerPredictor | None:
    """Return the model in a folder, or None if its encoder is not one that the core computes.

    Args:
        folder: The directory.
        config: Its cws.json, from `model_io.read_config`.
        integers: Whether to compute linear layers with integers of 16 bits, which is faster and a little less exact.

    Raises:
        FileError: A file cannot be opened.
        ModelError: A broken or foreign file.
    """
    encoder = config.get("encoder")
    if not isinstance(encoder, dict):
        raise ModelError(f"{folder}: no encoder in cws.json: {_BROKEN}")
    found = architecture(_read_json(os.path.join(folder, "config.json")))
    features = encoder.get("features")
    if found is None or (isinstance(features, dict) and features.get("character_size")):
        return None
    own, weights = _map_files(folder, config, found, encoder)
    try:
        unknown, first, last = (int(encoder["tokens"][name]) for name in ("unknown", "first", "last"))
        word_lists = int(features["word_lists"]) if features else 1
        standard, tensors = int(config.get("standard", 0)), _core_tensors(own, weights, found)
        return TransformerPredictor(
            tensors, **found.options, word_lists=word_lists, standard=standard, unknown=unknown, first=first, last=last,
            integers=integers,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:  # from the core too, which checks what it will take on trust
        raise ModelError(f"{folder}: {error}: {_BROKEN}") from None


def _map_files(
    folder: str | os.PathLike[str], config: Mapping[str, Any], found: Architecture, encoder: Mapping[str, Any]
) -> tuple[dict[str, memoryview], dict[str, memoryview]]:
    """Return the model's own tensors and those of the encoder's file, mapped into memory."""
    try:
        expected = _specification(Kind.parse(config["kind"]), found.hidden, encoder.get("features"))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}: no features in cws.json ({error!r}): {_BROKEN}") from None
    own = model_io.map_tensors(folder, config, expected)
    path = os.path.join(folder, WEIGHTS_FILE)
    _, weights = model_io.map_file(path, {name: ("F32", shape) for name, shape in found.tensors.items()})
    if _identity(weights) != encoder.get("id"):
        raise ModelError(f"{path}: belongs to another cws.json: train or install it again")
    return own, weights


def _core_tensors(
    own: Mapping[str, memoryview], weights: Mapping[str, memoryview], found: Architecture
) -> dict[str, memoryview]:
    """Return all tensors by the names that the core knows."""
    tensors = {_FEATURES_OF.get(name, name): tensor for name, tensor in own.items()}
    for name, (tensor, begin, rows) in found.parts.items():
        row = len(weights[tensor]) // found.tensors[tensor][0]
        tensors[name] = weights[tensor][begin * row : (begin + rows) * row]
    return tensors


def _specification(
    kind: Kind, hidden: int, features: Mapping[str, Any] | None
) -> dict[str, tuple[str, tuple[int | None, ...]]]:
    floats = head_shapes(kind, hidden)
    if features:
        pair_size, standards, word_lists = (int(features[name]) for name in ("pair_size", "standards", "word_lists"))
        size = 2 * pair_size + LIST_BITS * word_lists
        floats[_FEATURES["pairs"]] = (1 << PAIR_BITS, pair_size)
        floats[_FEATURES["standards"]] = (standards, size)
        floats[_FEATURES["join"]] = (hidden, size)
    return {
        "characters": ("U32", (0x10000,)),  # the token of each code point of the BMP
        "types": ("U8", (0x10000,)),  # its type, see cws/text.py
        **{name: ("F32", shape) for name, shape in floats.items()},
        **LEXICON_TENSORS,
    }


def _read_json(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except OSError as error:
        raise file_error(error, path) from error
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise ModelError(f"{path}: not the config.json of an encoder: train or install the model again")
    return config


def _identity(tensors: Mapping[str, memoryview]) -> str:
    """Return the same as `save_encoder`."""
    digest = sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name])
    return digest.hexdigest()[:16]
