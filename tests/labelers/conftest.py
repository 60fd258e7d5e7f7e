"""Fixtures that several files share."""

from __future__ import annotations

import pytest
from linear_models import train_small

from cws import model_io
from cws.labelers.linear import TENSORS, open_linear


@pytest.fixture(scope="session")
def linear_folder(tmp_path_factory):
    """The folder of a small trained model."""
    return train_small(tmp_path_factory.mktemp("linear") / "small")


@pytest.fixture(scope="session")
def small(linear_folder):
    """That model in the core, and its tensors for the reference."""
    config = model_io.read_config(linear_folder)
    return open_linear(linear_folder, config), model_io.map_tensors(linear_folder, config, TENSORS)
