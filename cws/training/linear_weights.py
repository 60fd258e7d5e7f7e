"""The weights of linear models in the whole steps that their files hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws.labelers.linear import TENSORS

Tensors = dict[str, NDArray[Any]]

WEIGHTS_LIMIT = 127  # steps of an 8-bit weight
DTYPES = {"U8": np.uint8, "U16": np.uint16, "I8": np.int8, "I16": np.int16}
_LARGEST = {"I8": WEIGHTS_LIMIT, "I16": 10_000}


def in_steps(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return values, given in steps, as a tensor holds them: rounded, and none too large.

    Args:
        name: One of cws/labelers/linear.py, or `ngrams`, whose 8-bit weights lie in the buckets.
        values: In steps of the model's scale.
    """
    kind = "I8" if name == "ngrams" else TENSORS[name][0]
    rounded: NDArray[Any] = np.rint(values).clip(-_LARGEST[kind], _LARGEST[kind]).astype(DTYPES[kind])
    return rounded
