"""Fixtures that several files of tests about training share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny encoder, as transformers writes it."""
    from tiny_neural import SENTENCES, torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("encoder")
    characters = sorted(
        {character for words in SENTENCES for character in "".join(words)} | set("的一是不了在人有我他")
    )
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", "utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def small_linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small linear model."""
    from linear_models import train_small

    return train_small(tmp_path_factory.mktemp("linear") / "small")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, encoder: str) -> dict[str, str]:
    """A folder for each kind of model, trained for a moment."""
    from tiny_neural import NEURAL_KINDS, train

    folders = {kind: str(tmp_path_factory.mktemp(kind)) for kind in NEURAL_KINDS}
    for kind, folder in folders.items():
        train(kind, folder, encoder, learning_rate=0.02, epochs=6)
    return folders
