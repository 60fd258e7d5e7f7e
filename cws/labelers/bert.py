"""Encoders of transformers that read characters: BERT, RoBERTa, MacBERT, ELECTRA, ALBERT and their like.

Every character of a text is one token, so that places agree: the token of the character itself, else of its small, its
half-width or its simplified form, else the unknown token. Tokenizers are only asked for their vocabulary.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cws.errors import InputError
from cws.labelers.encoders import Batch
from cws.text import fold, folding_table


@dataclass(frozen=True)
class CharacterTokens:
    """The tokens of characters.

    Attributes:
        characters: The token of each code point of the BMP; int64, shape (65536,).
        unknown: The token of characters that have none, all those beyond the BMP among them.
        first, last: The tokens before and behind a sequence.
    """

    characters: NDArray[np.int64]
    unknown: int
    first: int
    last: int

    @classmethod
    def of(cls, vocabulary: Mapping[str, int], unknown: int, first: int, last: int) -> CharacterTokens:
        """Return the tokens by a vocabulary."""
        every = list(map(chr, range(0x10000)))
        small = folding_table(case=True, width=False)
        narrow = folding_table(case=True, width=True)
        tokens = np.full(0x10000, unknown, np.int64)
        forms = [fold("".join(every)), "".join(every).translate(narrow), "".join(every).translate(small), every]
        for form in forms:  # the last that is known wins
            for code, character in enumerate(form):
                if (token := vocabulary.get(character)) is not None:
                    tokens[code] = token
        return cls(tokens, unknown, first, last)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the token of each character."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        return np.where(codes < 0x10000, self.characters[codes & 0xFFFF], self.unknown)


class Bert(nn.Module):
    """An encoder of transformers. The codes of its batches are tokens.

    Args:
        model: An encoder with the interface of transformers' BertModel.
        tokens: Its tokens.
        dropout: Behind the last layer.
    """

    def __init__(self, model: nn.Module, tokens: CharacterTokens, dropout: float = 0.1) -> None:
        super().__init__()
        self.model = model
        self.dropout = nn.Dropout(dropout)
        self.first, self.last = tokens.first, tokens.last
        config: Any = model.config
        self.size = int(config.hidden_size)

    def forward(self, batch: Batch) -> Tensor:
        """Return the vectors of the characters, shape (N, size)."""
        longest = batch.codes.shape[1]
        ids = nn.functional.pad(batch.codes, (1, 1))
        ids[:, 0] = self.first
        lengths = batch.lengths.to(ids.device).unsqueeze(1)
        ids.scatter_(1, lengths + 1, self.last)
        mask = torch.arange(longest + 2, device=ids.device) <= lengths + 1
        hidden = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state[:, 1:-1]
        result: Tensor = self.dropout(hidden.reshape(-1, self.size)[batch.places])
        return result


def load_encoder(name: str | os.PathLike[str], *, layers: int | None = None, unshare: bool = False) -> Any:
    """Return a pretrained encoder and its tokens.

    Args:
        name: A folder, or a name of the Hugging Face hub.
        layers: Use only the first layers, so many.
        unshare: Give each layer of an ALBERT parameters of its own.

    Raises:
        InputError: No such encoder; one without characters, without so many layers, or not of shared layers.
    """
    from transformers import AutoModel, AutoTokenizer

    name = os.fspath(name)
    try:
        model = AutoModel.from_pretrained(name).float()  # whatever precision it is kept in
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(
            f"no encoder {name!r}: give the folder of a Hugging Face model, or its name where the hub can be reached"
            f" ({first_line})"
        ) from None
    tokens = _tokens_of(tokenizer, name)
    if unshare:
        _unshare_layers(model, name)
    if layers is not None:
        _keep_layers(model, layers, name)
    return model, tokens


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


def _layers_of(model: Any) -> nn.ModuleList | None:
    return getattr(getattr(model, "encoder", None), "layer", None)


def _keep_layers(model: Any, layers: int, name: str) -> None:
    if model.config.model_type == "albert" and _layers_of(model) is None:
        have = model.config.num_hidden_layers
    else:
        found = _layers_of(model)
        if found is None:
            raise InputError(f"encoder {name!r}: its layers are not where BERT has them: leave --encoder-layers out")
        have = len(found)
    if not 1 <= layers <= have:
        raise InputError(f"encoder {name!r} has {have} layers: expected 1 to {have}, got {layers}")
    if (found := _layers_of(model)) is not None:
        model.encoder.layer = found[:layers]
    model.config.num_hidden_layers = layers


class _OwnLayers(nn.Module):
    """The layers of an ALBERT, each with parameters of its own."""

    def __init__(self, encoder: Any, layers: int) -> None:
        super().__init__()
        self.project = encoder.embedding_hidden_mapping_in
        groups = encoder.albert_layer_groups
        per_group = layers / len(groups)
        self.layer = nn.ModuleList(copy.deepcopy(groups[int(at / per_group)]) for at in range(layers))

    def forward(self, hidden: Tensor, attention_mask: Tensor | None = None, **options: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutput

        hidden = self.project(hidden)
        for layer in self.layer:
            output: Any = layer(hidden, attention_mask, **options)
            hidden = output[0] if isinstance(output, tuple) else output
        return BaseModelOutput(last_hidden_state=hidden)


def _unshare_layers(model: Any, name: str) -> None:
    if model.config.model_type != "albert":
        raise InputError(f"encoder {name!r} is a {model.config.model_type}: only the layers of an albert are shared")
    model.encoder = _OwnLayers(model.encoder, model.config.num_hidden_layers)
