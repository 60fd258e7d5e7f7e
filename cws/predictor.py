"""The predictor: what every opened model is, whatever computes it, and the one place that opens a model directory.

A linear, hidden Markov or dictionary model runs in the C++ core, mapped into memory. A neural model runs there too, or
on PyTorch: by the device and the precision that are asked for, and by what the core computes.
"""

from __future__ import annotations

import os
import sys
from typing import Protocol

from cws.errors import InputError, ModelError
from cws.labelers.device import Device
from cws.labelers.kind import Kind
from cws.labelers.linear import open_linear

TYPE_CHECKING = False  # more of typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from cws._native import Format, NativeDictionary

    Open: TypeAlias = Callable[[str, Mapping[str, Any]], "Predictor"]

_CUDA_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # of Linux: NVIDIA's, of Windows' Linux, AMD's


class Predictor(Protocol):
    """A model, ready to segment. Safe to share between threads.

    Arguments are taken on trust: `cws.Segmenter` checks them. Places count characters, but in blocks, which are UTF-8,
    they count bytes.
    """

    def set_units(self, has_units: bool) -> None:
        """Say whether units are kept whole (`cws.units`), before the first text; without, they are not."""

    def set_dictionary(self, dictionary: NativeDictionary | None) -> None:
        """Take a user dictionary, which counts from the next call on; None for none."""

    def segment(self, text: str) -> list[str]:
        """Return the words of the text."""
        ...

    def segment_batch(self, texts: list[str], threads: int) -> list[list[str]]:
        """Return the words of each text, the same for any number of threads."""
        ...

    def tokens(self, text: str) -> list[tuple[int, int, str | None, float, str]]:
        """Return (start, end, label, probability, type) of each word."""
        ...

    def nbest(self, text: str, n: int) -> list[tuple[float, list[str]]]:
        """Return the n best segmentations as (score in nats, words), the best first; fewer if there are fewer."""
        ...

    def emissions(self, text: str) -> list[tuple[int, list[float]]]:
        """Return (start, scores) of each sequence, a stretch without white space: flat, K scores a character.

        K is the number of the chain's tags, 4 or 16, and 0 of a dictionary model, which weighs words.
        """
        ...

    def format(
        self, format: Format, block: bytes, column: int, has_words: bool, is_last: bool, only_words: bool = False
    ) -> bytes | int:
        """Return the words of a block as bytes of a format.

        Args:
            format: Which one.
            block: Whole sequences.
            column: How many characters of its first line came before.
            has_words: Whether that line had words before.
            is_last: Whether no block comes after.
            only_words: Whether punctuation is left out.

        Returns:
            The bytes; if the block is not UTF-8, the place of the first byte that is wrong.
        """
        ...

    def word_ends(self, block: bytes) -> bytes | int:
        """Return the place after each word of a block, uint32 as bytes; if it is not UTF-8, what `format` returns."""
        ...

    def whole_sequences(self, block: bytes, column: int, has_words: bool) -> tuple[int, int, bool]:
        """Return how much of a block, which has no line feed, is whole sequences.

        Args:
            block, column, has_words: As of `format`.

        Returns:
            That number of bytes, 0 if there is no place to cut, and the column and has_words of what follows.
        """
        ...


def open_predictor(folder: str, config: Mapping[str, Any], device: Device | None = None) -> Predictor:
    """Return the model in a directory.

    Args:
        folder: The directory.
        config: Its cws.json, from `model_io.read_config`.
        device: Where and how a neural model computes; None is for any model.

    Raises:
        InputError: A device that is not there, or one for a model that is not neural; a model that needs packages that
            are not installed.
        FileError: A file cannot be opened.
        ModelError: An unknown kind; a broken or foreign file.
    """
    device = device or Device()
    try:
        kind = Kind.parse(config.get("kind"))
    except InputError as error:
        raise ModelError(f"{folder}: {error}") from None
    if kind.is_neural:
        return _open_neural(folder, config, kind, device)
    if device._replace(device=None) != Device() or device.device not in (None, "cpu"):
        raise InputError(f"device, precision and batch_characters are for neural models; this one is {kind}")
    return _OPEN[kind.encoder](folder, config)


def _open_hmm(folder: str, config: Mapping[str, Any]) -> Predictor:
    from cws.labelers.hmm import open_hmm  # here, because the default model should not wait for it

    return open_hmm(folder, config)


def _open_dictionary(folder: str, config: Mapping[str, Any]) -> Predictor:
    from cws.labelers.dictionary import open_dictionary

    return open_dictionary(folder, config)


_OPEN: dict[str, Open] = {"linear": open_linear, "hmm": _open_hmm, "dictionary": _open_dictionary}


def _open_neural(folder: str, config: Mapping[str, Any], kind: Kind, device: Device) -> Predictor:
    device.check()
    if (native := _open_in_core(folder, config, kind, device)) is not None:
        return native
    try:
        from cws.labelers.neural.storage import load_neural
        from cws.labelers.neural.torch_predictor import TorchPredictor
    except ImportError as error:
        raise InputError(f"{error}: a model of kind {kind} needs pip install 'cws-toolkit[neural]'") from error
    return TorchPredictor(load_neural(folder, config), *device)


def _open_in_core(folder: str, config: Mapping[str, Any], kind: Kind, device: Device) -> Predictor | None:
    """Return the model, or None if it has to run on PyTorch."""
    if device.device not in (None, "cpu") or device.precision == "bf16":
        return None
    integers = device.precision != "float32"
    if not kind.is_bert:
        from cws.labelers.neural.native import open_native

        return open_native(folder, config, integers=integers)
    if device.precision == "int8" or (device.device is None and _has_cuda()):
        return None
    from cws.labelers.neural.native_bert import open_native as open_bert

    return open_bert(folder, config, integers=integers)


def _has_cuda() -> bool:
    """Whether PyTorch can compute on CUDA. It is slow to import, and asked only where a device may be there."""
    if sys.platform == "darwin" or (sys.platform == "linux" and not any(map(os.path.exists, _CUDA_DEVICES))):
        return False
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


if TYPE_CHECKING:  # mypy proves here that all that computes a model is a predictor
    from cws._native import (
        DictionaryPredictor,
        EmissionPredictor,
        HmmPredictor,
        LinearPredictor,
        NeuralPredictor,
        TransformerPredictor,
    )
    from cws.labelers.neural.torch_predictor import TorchPredictor

    _RUNTIMES: tuple[type[Predictor], ...] = (
        LinearPredictor,
        HmmPredictor,
        DictionaryPredictor,
        NeuralPredictor,
        TransformerPredictor,
        EmissionPredictor,
        TorchPredictor,
    )
