"""What the core and `open_linear` refuse of a linear model's tensors and cws.json."""

from __future__ import annotations

import math

import numpy as np
import pytest
from linear_models import aligned, zeros

from cws import model_io
from cws._native import LinearPredictor
from cws.errors import ModelError
from cws.labelers.character_classes import FIRST_KNOWN
from cws.labelers.linear import open_linear


def changed(name: str, change) -> dict[str, np.ndarray]:
    tensors = zeros()
    tensors[name] = aligned(change(tensors[name]))
    return tensors


def put(value: int):
    def change(tensor: np.ndarray) -> np.ndarray:
        tensor.flat[-1] = value
        return tensor

    return change


@pytest.mark.parametrize(
    "name", ["characters", "unigrams", "type_contexts", "repetitions", "transitions", "start", "end"]
)
@pytest.mark.parametrize("change", [lambda tensor: tensor[:-1], lambda tensor: np.concatenate([tensor, tensor[:1]])])
def test_linear_core_refuses_tensors_of_another_size(name, change):
    with pytest.raises(ValueError, match=f"{name}: expected [0-9]+ bytes, got [0-9]+"):
        LinearPredictor(changed(name, change), 0.5)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("characters", put(FIRST_KNOWN + 3), "characters: a class out of range"),
        ("characters", put(0xFFFF), "characters: a class out of range"),
        ("types", put(8), "types: expected 0 to 7"),
        ("types", put(255), "types: expected 0 to 7"),
        ("buckets", lambda tensor: tensor[:1, :63], "buckets and pilots must not be empty"),
        ("pilots", lambda tensor: tensor[:0], "buckets and pilots must not be empty"),
        ("type_contexts", put(15001), "type_contexts and repetitions: expected scores from -15000 to 15000"),
        ("type_contexts", put(-32768), "expected scores from -15000 to 15000"),
        ("repetitions", put(-15001), "expected scores from -15000 to 15000"),
    ],
)
def test_linear_core_refuses_values_out_of_range(name, change, message):
    with pytest.raises(ValueError, match=message):
        LinearPredictor(changed(name, change), 0.5)


@pytest.mark.parametrize("count", [0, 8, 65535])
def test_linear_core_refuses_too_few_or_too_many_classes(count):
    tensors = zeros()
    tensors["characters"][...] = 0
    tensors["types"] = np.zeros(count, np.uint8)
    tensors["unigrams"] = np.zeros((count, 5, 4), np.int8)
    with pytest.raises(ValueError, match=f"types: expected 9 to 65534 classes, got {count}"):
        LinearPredictor(tensors, 0.5)


@pytest.mark.parametrize(("name", "alignment"), [("buckets", 64), ("characters", 2), ("transitions", 2)])
def test_linear_core_refuses_misaligned_tensors(name, alignment):
    tensors = zeros()
    tensors[name] = aligned(tensors[name], at=alignment // 2)
    with pytest.raises(ValueError, match=f"{name} must lie at a multiple of {alignment} bytes"):
        LinearPredictor(tensors, 0.5)


@pytest.mark.parametrize("step", [2, -1])
def test_linear_core_refuses_tensors_with_gaps(step):
    tensors = zeros()
    size = len(tensors["characters"])
    tensors["characters"] = np.zeros(2 * size, np.uint16)[::step][:size]
    with pytest.raises(ValueError, match="characters must be contiguous"):
        LinearPredictor(tensors, 0.5)


def test_linear_core_refuses_missing_tensors():
    with pytest.raises(KeyError, match="start"):
        LinearPredictor({name: tensor for name, tensor in zeros().items() if name != "start"}, 0.5)


@pytest.mark.parametrize("scale", [None, 0, 1, 0.0, 1.0, -0.5, math.nan, math.inf, True, "0.5", [0.5]])
def test_linear_open_refuses_an_invalid_scale(linear_folder, scale):
    config = model_io.read_config(linear_folder) | {"scale": scale}
    with pytest.raises(ModelError, match="expected a scale between 0 and 1 in cws.json, got "):
        open_linear(linear_folder, config)


def test_linear_open_says_that_the_file_is_damaged(tmp_path):
    tensors = changed("types", put(8))
    model_io.write_model(tmp_path, {"kind": "linear", "scale": 0.5}, tensors, aligned="buckets")
    with pytest.raises(ModelError, match="types: expected 0 to 7: the file is damaged, train or install"):
        open_linear(tmp_path, model_io.read_config(tmp_path))


def test_linear_open_refuses_a_file_without_alignment(tmp_path):
    model_io.write_model(tmp_path, {"kind": "linear", "scale": 0.5}, zeros(), aligned="buckets")
    path = tmp_path / "weights.safetensors"
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    path.write_bytes((size + 1).to_bytes(8, "little") + whole[8 : 8 + size] + b" " + whole[8 + size :])
    with pytest.raises(ModelError, match="must lie at a multiple of .* bytes: the file is damaged"):
        open_linear(tmp_path, model_io.read_config(tmp_path))
