"""Encoders of transformers that read characters: BERT, RoBERTa, MacBERT, ELECTRA, ALBERT and their like.

Every character of a text is one token, see character_tokens.py, so that places agree. Tokenizers are only asked for
their vocabulary.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor, nn

from cws.bundled import bundled_encoder
from cws.errors import InputError, ModelError
from cws.files import atomic_output, file_error
from cws.labelers.neural.character_tokens import CharacterTokens
from cws.labelers.neural.features import Batch, FeatureOptions, Features
from cws.labelers.neural.layout import LONGEST, RESERVED, WEIGHTS_FILE


class Bert(nn.Module):
    """An encoder of transformers. The codes of its batches are tokens.

    What is known of a character besides, its pairs with its neighbours, the words of lists, the annotation standard,
    is brought to the size of the vectors of tokens and added to them. That begins as nothing, so the encoder begins as
    it was pretrained.

    Args:
        model: An encoder with the interface of transformers' BertModel.
        tokens: Its tokens.
        features: What is known of each character besides its token, or None for nothing.
        dropout: Of the features, and after the last layer.
    """

    def __init__(
        self, model: Any, tokens: CharacterTokens, features: FeatureOptions | None = None, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.model = model
        self.features = Features(features) if features else None
        if self.features is not None:
            self.join = nn.Linear(self.features.size, model.get_input_embeddings().embedding_dim, bias=False)
            nn.init.zeros_(self.join.weight)
        self.dropout = nn.Dropout(dropout)
        self.first, self.last = tokens.first, tokens.last
        self.size = int(model.config.hidden_size)
        self.longest = min(int(model.config.max_position_embeddings), LONGEST) - RESERVED

    def forward(self, batch: Batch) -> Tensor:
        """Return the vectors of the characters, shape (N, size)."""
        longest = batch.codes.shape[1]
        ids = nn.functional.pad(batch.codes, (1, 1))
        ids[:, 0] = self.first
        lengths = batch.lengths.to(ids.device).unsqueeze(1)
        ids.scatter_(1, lengths + 1, self.last)
        mask = torch.arange(longest + 2, device=ids.device) <= lengths + 1
        inputs = self.model.get_input_embeddings()(ids)
        if self.features is not None:
            known = self.join(self.dropout(self.features(batch))) * batch.mask().unsqueeze(2)
            inputs = inputs + nn.functional.pad(known, (0, 0, 1, 1))
        hidden = self.model(inputs_embeds=inputs, attention_mask=mask.long()).last_hidden_state[:, 1:-1]
        result: Tensor = self.dropout(hidden.reshape(-1, self.size)[batch.places])
        return result


def load_encoder(
    name: str | os.PathLike[str], *, layers: int | None = None, unshare: bool = False
) -> tuple[Any, Any, CharacterTokens]:
    """Return a pretrained encoder, its tokenizer, and its tokens of characters.

    Args:
        name: A folder, or a name of the Hugging Face hub.
        layers: Use only the first layers, so many.
        unshare: Give each layer of an ALBERT parameters of its own.

    Raises:
        InputError: No such encoder; one that does not read Chinese characters, without so many layers, or not of shared
            layers.
    """
    from transformers import AutoModel, AutoTokenizer, logging

    name = os.fspath(name)
    if name == bundled_encoder() and not os.path.isdir(name):
        raise InputError("no encoder is bundled in this build: give --encoder, or make one with cws pretrain")
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModel.from_pretrained(name, dtype="float32", use_safetensors=True)  # the other format is executed
    except Exception as error:  # transformers has no class of its own for what can go wrong here
        first_line = str(error).strip().split("\n")[0]
        raise InputError(
            f"no encoder {name!r}: give the folder of a Hugging Face model with model.safetensors, or its name where"
            f" the hub can be reached ({first_line})"
        ) from None
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # of whole sequences, which nobody asks for
    tokens = _tokens_of(tokenizer, name)
    if unshare:
        _unshare_layers(model, name)
    if layers is not None:
        _keep_layers(model, layers, name)
    return model, tokenizer, tokens


def _tokens_of(tokenizer: Any, name: str) -> CharacterTokens:
    first = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
    last = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    if tokenizer.unk_token_id is None or first is None or last is None:
        raise InputError(
            f"encoder {name!r}: its tokenizer has no unknown token, or none for begin and end: take a BERT"
        )
    tokens = CharacterTokens.of(tokenizer.get_vocab(), tokenizer.unk_token_id, first, last)
    common = tokens.encode("的一是不了在人有我他")
    if (common == tokens.unknown).any():
        raise InputError(f"encoder {name!r}: its vocabulary lacks common Chinese characters: take one that reads them")
    return tokens


def _unshare_layers(model: Any, name: str) -> None:
    config = model.config
    if config.model_type != "albert":
        raise InputError(f"encoder {name!r} is a {config.model_type}: only the layers of an albert are shared")
    groups = model.encoder.albert_layer_groups
    share = config.num_hidden_layers / len(groups)
    model.encoder.albert_layer_groups = nn.ModuleList(
        copy.deepcopy(groups[int(at / share)]) for at in range(config.num_hidden_layers)
    )
    config.num_hidden_groups = config.num_hidden_layers


def _keep_layers(model: Any, layers: int, name: str) -> None:
    config = model.config
    encoder: Any = getattr(model, "encoder", None)
    if not 1 <= layers <= config.num_hidden_layers:
        raise InputError(f"encoder {name!r} has {config.num_hidden_layers} layers: expected 1 to that, got {layers}")
    if hasattr(encoder, "layer"):
        encoder.layer = encoder.layer[:layers]
    elif isinstance(getattr(model, "layers", None), nn.ModuleList):  # ModernBERT
        model.layers = model.layers[:layers]
        if hasattr(config, "layer_types"):
            config.layer_types = config.layer_types[:layers]
    elif hasattr(encoder, "albert_layer_groups"):
        if config.num_hidden_groups == config.num_hidden_layers:
            encoder.albert_layer_groups = encoder.albert_layer_groups[:layers]
            config.num_hidden_groups = layers
        elif config.num_hidden_groups > 1:
            raise InputError(f"encoder {name!r} shares layers in groups: give --unshare-layers with --encoder-layers")
    else:
        raise InputError(f"encoder {name!r}: its layers are not where BERT has them: leave --encoder-layers out")
    config.num_hidden_layers = layers


def save_encoder(folder: str | os.PathLike[str], model: Any, tokenizer: Any) -> str:
    """Write an encoder as a directory of transformers, and return the id of its weights.

    Args:
        folder: Made if it is not there.
        model: What `load_encoder` returns.
        tokenizer: The same.

    Raises:
        FileError: A file instead of a folder, no permission, a full disk.
    """
    from safetensors.torch import save

    state = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in model.state_dict().items()}
    try:
        os.makedirs(folder, exist_ok=True)
        tokenizer.save_pretrained(folder)
    except OSError as error:
        raise file_error(error, folder) from error
    with atomic_output(os.path.join(folder, WEIGHTS_FILE)) as file:
        file.write(save(state, {"format": "pt"}))  # more would come in any order
    config = model.config.to_dict() | {
        "dtype": "float32",
        "architectures": [type(model).__name__],
    }
    with atomic_output(os.path.join(folder, "config.json")) as file:
        file.write(json.dumps(config, indent=2, ensure_ascii=False).encode() + b"\n")
    return _identity(state)


def _identity(state: Mapping[str, Tensor]) -> str:
    digest = sha256()
    for key in sorted(state):
        digest.update(key.encode() + state[key].numpy().tobytes())
    return digest.hexdigest()[:16]


def load_saved(folder: str | os.PathLike[str], identity: str) -> tuple[Any, Any, CharacterTokens]:
    """Return an encoder that `save_encoder` has written, its tokenizer and its tokens of characters.

    Raises:
        ModelError: Missing or broken files, or those of another model.
    """
    from safetensors import safe_open
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    path = os.path.join(folder, WEIGHTS_FILE)
    try:
        with safe_open(path, "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        found = _identity(state)
        model = AutoModel.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
        if getattr(model, "pooler", None) is not None:
            model.pooler = None
        model.load_state_dict(state)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        tokens = _tokens_of(tokenizer, os.fspath(folder))
    except Exception as error:  # transformers and safetensors have many kinds
        first_line = str(error).strip().split("\n")[0]
        raise ModelError(f"{folder}: its encoder cannot be read ({first_line}): train or install it again") from None
    if found != identity:
        raise ModelError(f"{path}: belongs to another cws.json: train or install it again")
    return model, tokenizer, tokens
