"""Where and how precisely a model computes when it segments."""

from __future__ import annotations

from typing import NamedTuple

from cws.errors import InputError

BATCH_CHARACTERS = 1 << 16  # of texts that PyTorch works on at the same time, by default
PRECISIONS = ("auto", "float32", "bf16", "int8")  # of neural models that segment; trainings have others


class Device(NamedTuple):
    """Where and how a neural model computes; other models are always on the CPU.

    Attributes:
        device: `cpu`, `cuda`, `cuda:1`, ...; None is what suits the model.
        precision: One of PRECISIONS, see `cws.Segmenter`.
        batch_characters: How many characters are worked on together; None is a default. The words are the same for any
            number.
    """

    device: str | None = None
    precision: str = "auto"
    batch_characters: int | None = None

    def check(self) -> None:
        """Refuse what no device can do.

        Raises:
            InputError: An unknown precision, or no number of characters.
        """
        if self.precision not in PRECISIONS:
            raise InputError(f"no precision {self.precision!r}: take one of {', '.join(PRECISIONS)}")
        characters = self.batch_characters
        if characters is not None and (not isinstance(characters, int) or characters < 1):
            raise InputError(f"batch_characters must be 1 or more, got {characters!r}")
