"""Opens the models of kind bilstm and cnn for the C++ core, which needs no PyTorch.

The tensors are those of the module in cws/labelers/neural/labeler.py, by their own names.
cws/labelers/neural/encoders.py is the specification of what the core computes.
"""

from __future__ import annotations

from cws import model_io
from cws._native import NeuralPredictor
from cws.errors import ModelError
from cws.labelers.kind import Kind
from cws.labelers.neural.layout import LIST_BITS, PAIR_BITS, head_shapes
from cws.labelers.neural.lexicon_features import TENSORS as LEXICON_TENSORS

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any


def specification(kind: Kind, encoder: Mapping[str, Any]) -> dict[str, tuple[str, tuple[int | None, ...]]]:
    """Return what tensors a model of kind bilstm or cnn has.

    Args:
        kind: The model's.
        encoder: What cws.json says of its encoder.

    Raises:
        KeyError, TypeError, ValueError: Where that is no encoder.
    """
    features, hidden = encoder["features"], int(encoder["hidden"])
    names = ("characters", "character_size", "pair_size", "standards", "word_lists")
    characters, character_size, pair_size, standards, word_lists = (int(features[name]) for name in names)
    size = character_size + 2 * pair_size + LIST_BITS * word_lists
    floats: dict[str, tuple[int, ...]] = {
        "encoder.features.characters.weight": (characters, character_size),
        "encoder.features.pairs.weight": (1 << PAIR_BITS, pair_size),
        "encoder.features.standards.weight": (standards, size),
    }
    is_bilstm = kind.encoder == "bilstm"
    if is_bilstm:
        for side in ("l0", "l0_reverse"):
            floats[f"encoder.lstm.weight_ih_{side}"] = (4 * hidden, size)
            floats[f"encoder.lstm.weight_hh_{side}"] = (4 * hidden, hidden)
            floats[f"encoder.lstm.bias_ih_{side}"] = floats[f"encoder.lstm.bias_hh_{side}"] = (4 * hidden,)
    else:
        floats["encoder.project.weight"], floats["encoder.project.bias"] = (hidden, size), (hidden,)
        for at in range(len(encoder["dilations"])):
            floats[f"encoder.blocks.{at}.convolution.weight"] = (2 * hidden, hidden, 3)
            floats[f"encoder.blocks.{at}.convolution.bias"] = (2 * hidden,)
    floats |= head_shapes(kind, 2 * hidden if is_bilstm else hidden)
    return {
        "characters": ("U16", (0x10000,)),  # the class of each code point of the BMP, as of linear models
        "types": ("U8", (characters,)),  # the type of each class
        **{name: ("F32", shape) for name, shape in floats.items()},
        **LEXICON_TENSORS,
    }


def open_native(
    folder: str | os.PathLike[str], config: Mapping[str, Any], *, integers: bool = False
) -> NeuralPredictor:
    """Return the model in a folder.

    Args:
        folder: The directory.
        config: Its cws.json, from `model_io.read_config`.
        integers: Whether to compute with integers of 16 bits, which is faster and a little less exact.

    Raises:
        FileError: The file of the tensors cannot be opened.
        ModelError: A broken or foreign file.
    """
    encoder = config.get("encoder")
    try:
        if not isinstance(encoder, dict):
            raise ValueError("no encoder in cws.json")
        kind = Kind.parse(config["kind"])
        tensors = model_io.map_tensors(folder, config, specification(kind, encoder))
        dilations = [] if kind.encoder == "bilstm" else [int(one) for one in encoder["dilations"]]
        word_lists = int(encoder["features"]["word_lists"])
        return NeuralPredictor(tensors, dilations, int(config.get("standard", 0)), integers, word_lists)
    except ModelError:
        raise
    except (KeyError, TypeError, ValueError) as error:  # from the core too, which checks what it will take on trust
        raise ModelError(f"{folder}: {error}: the file is damaged, train or install the model again") from None
