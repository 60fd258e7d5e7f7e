"""What comes inside the package: trained models by name, an encoder of characters, and sample sentences."""

from __future__ import annotations

import os

from cws.errors import InputError, did_you_mean

DEFAULT_MODEL = "general"
_DATA = os.path.join(os.path.dirname(__file__), "data")


def models() -> list[str]:
    """Return the names of the bundled models, the default one first."""
    names = [name for name in os.listdir(_DATA) if os.path.isfile(os.path.join(_DATA, name, "cws.json"))]
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name))


def find_model(model: str | os.PathLike[str]) -> tuple[str, str]:
    """Return what finds a model again from any working directory (its name or absolute path), and its folder.

    Args:
        model: The name of a bundled model, or the folder of a trained one.

    Raises:
        InputError: Neither.
    """
    if not isinstance(model, (str, os.PathLike)):
        raise InputError(f"expected the name or the folder of a model, got {type(model).__name__}")
    name = os.fsdecode(model)
    if name in models():
        return name, os.path.join(_DATA, name)
    if not os.path.isdir(name):
        near = did_you_mean(os.path.basename(name), models())
        guess = f"did you mean {near}? " if near else ""
        raise InputError(f"no model {name!r}: {guess}give a folder made by cws train, or one of {', '.join(models())}")
    folder = os.path.abspath(name)
    return folder, folder


def bundled_encoder() -> str:
    """Return the folder of the encoder that comes with this package, `mini`."""
    return os.path.join(_DATA, "mini")


def bundled_raw_weights() -> str:
    """Return the path of what the statistics of raw text are worth to a linear model (cws/training/raw_weights.py)."""
    return os.path.join(_DATA, "raw_weights.safetensors")


def sample_corpus(part: str) -> str:
    """Return the path of the bundled sample sentences, `train` or `dev`."""
    return os.path.join(_DATA, "sample", f"{part}.txt")
