"""Folders of encoders: new ones, and what pretraining writes, which transformers reads without this package."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from cws.files import atomic_output
from cws.labelers.neural.layout import WEIGHTS_FILE
from cws.training.pretraining.masking import CLS, PAD, SEP, SPECIAL, UNK, Vocabulary
from cws.training.pretraining.options import shape

VOCABULARY_FILES = ("vocab.txt", "tokenizer_config.json", "tokenizer.json", "special_tokens_map.json")
_ROLES = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
# By the names of all versions of transformers that know ModernBERT.
_EVERY_LAYER_SEES_ALL: dict[str, Any] = {
    "global_attn_every_n_layers": 1,
    "global_rope_theta": 10_000.0,
    "local_rope_theta": 10_000.0,
}


def new_encoder(vocabulary: Vocabulary, size: str) -> Any:
    """Return a new ModernBERT (Warner et al. 2024): it knows places by rotation, so texts may be of any length."""
    from transformers import ModernBertConfig, ModernBertModel

    layers, width = shape(size)
    config = ModernBertConfig(
        vocab_size=vocabulary.size, hidden_size=width, num_hidden_layers=layers, num_attention_heads=width // 64,
        intermediate_size=width * 8 // 3 // 32 * 32, max_position_embeddings=8192, pad_token_id=PAD,
        bos_token_id=CLS, cls_token_id=CLS, eos_token_id=SEP, sep_token_id=SEP,
        **_EVERY_LAYER_SEES_ALL,
    )  # fmt: skip
    return ModernBertModel(config)


def save_encoder(folder: str, encoder: Any, vocabulary: Vocabulary, card: str, init: str | None) -> None:
    """Write an encoder in half precision, its tokens and its card; the weights last.

    Args:
        folder: Where to; it exists.
        encoder: Of transformers. It is in half precision afterwards.
        vocabulary: Its tokens.
        card: README.md.
        init: The folder of the encoder it began as, whose tokens it has; None for a new one.
    """
    from safetensors.torch import save

    encoder = encoder.half()
    config = encoder.config.to_dict() | {"architectures": [type(encoder).__name__], "dtype": "float16"}
    if init is None:
        config |= _EVERY_LAYER_SEES_ALL  # which versions of transformers from 5 on leave out
        _write(folder, "vocab.txt", "".join(f"{name}\n" for name in vocabulary.names))
        _write(folder, "tokenizer.json", _tokenizer(vocabulary.names).to_str(pretty=True) + "\n")
        _write(folder, "tokenizer_config.json", _json({"tokenizer_class": "PreTrainedTokenizerFast", **_ROLES}))
    else:
        for name in VOCABULARY_FILES:
            if os.path.exists(path := os.path.join(init, name)):
                shutil.copyfile(path, os.path.join(folder, name))
    _write(folder, "config.json", _json(config))
    _write(folder, "README.md", card)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in encoder.state_dict().items()}
    with atomic_output(os.path.join(folder, WEIGHTS_FILE)) as file:
        file.write(save(weights, {"format": "pt"}))


def _tokenizer(names: Sequence[str]) -> Any:
    """Return a tokenizer that makes a token of every character and folds all but traditional characters."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokens = {name: token for token, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(tokens, SPECIAL[UNK]))
    narrow = [normalizers.Replace(chr(code + 0xFEE0), chr(code)) for code in range(0x21, 0x7F)
              if not chr(code).isalnum()]  # fmt: skip
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(Regex("[a-zａ-ｚ]"), "a"),
        normalizers.Replace(Regex("[0-9０-９]"), "0"), *narrow,
    ])  # fmt: skip
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    first, last = SPECIAL[CLS], SPECIAL[SEP]
    tokenizer.post_processor = processors.TemplateProcessing(
        f"{first} $A {last}", f"{first} $A {last} $B:1 {last}:1", [(first, CLS), (last, SEP)]
    )
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _write(folder: str, name: str, text: str) -> None:
    with atomic_output(os.path.join(folder, name)) as file:
        file.write(text.encode())
