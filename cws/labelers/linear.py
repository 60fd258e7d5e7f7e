"""The linear labeler: a CRF over character n-grams, character types, repetitions and what a lexicon says of n-grams.

This file says what a linear model's tensors are, and opens them for the C++ core. The specification of the core's
scores is in cws/labelers/reference.py, training in cws/training/linear.py.
"""

from __future__ import annotations

from cws import model_io
from cws._native import LinearPredictor
from cws.errors import ModelError

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any


# Scores are integers; the score in nats is that times the scale in cws.json. Tags are in the order of cws/tags.py.
TENSORS: model_io.Specification = {
    "characters": ("U16", (0x10000,)),  # the class of each code point of the BMP
    "types": ("U8", (None,)),  # the type of each class, as in cws/text.py
    "unigrams": ("I8", (None, 5, 4)),  # [class][position -2 ... 2 from the character][tag]
    "buckets": ("U8", (None, 64)),  # the n-grams, see cws/native/models/ngram_weights.h
    "pilots": ("U8", (None,)),
    "type_contexts": ("I16", (1 << 15, 4)),  # [types of five characters, three bits each][tag]
    "repetitions": ("I16", (32, 4)),  # [which neighbours are the same, see repetition() of reference.py][tag]
    "transitions": ("I16", (4, 4)),  # [from][to]
    "start": ("I16", (4,)),
    "end": ("I16", (4,)),
}


NGRAM_TABLE = 2  # the layout of buckets and pilots that this release writes; models of the first release have none


def is_first_release(config: Mapping[str, Any]) -> bool:
    """Whether the table of n-grams is one of the first release, see cws/native/models/ngram_weights.h."""
    return bool(config.get("ngram_table", 1) == 1)


def open_linear(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> LinearPredictor:
    """Return the model in a folder, mapped into memory.

    Raises:
        ModelError: A broken or foreign file.
    """
    scale = config.get("scale")
    if not isinstance(scale, float) or not 0 < scale < 1:
        raise ModelError(f"{folder}: expected a scale between 0 and 1 in cws.json, got {scale!r}")
    if (layout := config.get("ngram_table", 1)) not in (1, NGRAM_TABLE):
        raise ModelError(
            f"{folder}: expected an ngram_table of 1 or {NGRAM_TABLE} in cws.json, got {layout!r}: update cws"
        )
    try:
        return LinearPredictor(model_io.map_tensors(folder, config, TENSORS), scale, is_first_release(config))
    except ModelError:
        raise
    except ValueError as error:  # from the core, which checks what it will take on trust
        raise ModelError(f"{folder}: {error}: the file is damaged, train or install the model again") from None
