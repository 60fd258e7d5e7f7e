"""Fixtures that several files share."""

from __future__ import annotations

import pytest
from linear_models import OPTIONS, SENTENCES, WORD_LIST

from cws import model_io
from cws.labelers.linear import TENSORS, open_linear
from cws.training.linear import train_linear


@pytest.fixture(scope="session")
def linear_folder(tmp_path_factory):
    """The folder of a small trained model."""
    folder = tmp_path_factory.mktemp("linear") / "small"
    train_linear(SENTENCES, None, [WORD_LIST], folder, options=OPTIONS)
    return folder


@pytest.fixture(scope="session")
def small(linear_folder):
    """That model in the core, and its tensors for the reference."""
    config = model_io.read_config(linear_folder)
    return open_linear(linear_folder, config), model_io.map_tensors(linear_folder, config, TENSORS)
