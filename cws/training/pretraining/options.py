"""The options of pretraining: what encoder, and how it learns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cws.errors import InputError

SIZES = {"tiny": (2, 128), "mini": (4, 256), "small": (6, 384), "base": (12, 768)}  # layers, width


@dataclass(frozen=True, kw_only=True)
class PretrainOptions:
    """What encoder, and how it learns.

    Raises:
        InputError: A value out of its range.
    """

    size: str = "mini"  # one of SIZES, or LAYERSxWIDTH; mini is the bundled one, which a CPU trains and runs
    steps: int = 10_000  # the learning rate falls over all of them
    epochs: int = 20  # evaluations, each with a line: enough to see where it goes
    batch_size: int = 32  # windows a step
    length: int = 128  # characters a window; places are known by rotation, so longer texts can be read later
    learning_rate: float = 2e-3  # at its height, of a new encoder; 1e-4 suits one to go on from
    weight_decay: float = 0.05  # of matrices; vectors and embeddings do not decay
    beta2: float = 0.98  # of AdamW: squared gradients are a mean over fifty steps
    clip: float = 1.0  # the length of the gradient at most
    masked: float = 0.2  # the share of the characters that may be: more to learn from a step than BERT's 0.15
    seed: int = 1  # of first weights, choice of text and masks

    def __post_init__(self) -> None:
        for name, allowed in (
            ("steps", self.steps >= 1),
            ("epochs", self.epochs >= 1),
            ("batch_size", self.batch_size >= 1),
            ("length", 8 <= self.length <= 8192),
            ("learning_rate", self.learning_rate > 0),
            ("weight_decay", self.weight_decay >= 0),
            ("beta2", 0 <= self.beta2 < 1),
            ("clip", self.clip > 0),
            ("masked", 0 < self.masked < 1),
            ("seed", 0 <= self.seed < 2**32),
        ):
            if not allowed:
                raise InputError(f"{name} of a pretraining cannot be {getattr(self, name)!r}: see PretrainOptions")
        shape(self.size)


def shape(size: str) -> tuple[int, int]:
    """Return the layers and the width of a size.

    >>> shape("mini"), shape("3x192")
    ((4, 256), (3, 192))
    """
    found = re.fullmatch(r"(\d{1,3})x(\d{2,5})", size)
    layers, width = SIZES.get(size) or (map(int, found.groups()) if found else (0, 0))
    if not layers or not width or width % 64:
        names = ", ".join(SIZES)
        raise InputError(f"size {size!r}: expected {names}, or LAYERSxWIDTH such as 3x192, the width 64 or a multiple")
    return layers, width
