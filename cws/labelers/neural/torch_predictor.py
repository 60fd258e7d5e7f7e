"""Segmenting with a neural labeler on PyTorch: any length of text, any number of texts, on any device.

Texts are cut into sequences as the core cuts them, sequences into windows that the encoder can take. Where windows
overlap, each character has the emissions of the window in which it stands farther from the edge. The core makes words
of the emissions.

How a matrix product is rounded depends on its shape. So windows go through the encoder in batches of a shape that
depends on nothing but their own length, filled up with empty windows: the words of a text do not depend on the texts
beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cws._native import EmissionPredictor, Format, NativeDictionary, find_sequences
from cws.decode import viterbi
from cws.errors import InputError
from cws.labelers.character_classes import UNKNOWN
from cws.labelers.device import BATCH_CHARACTERS, Device
from cws.labelers.neural.features import Batch
from cws.labelers.neural.model import NeuralModel
from cws.labelers.neural.windows import Window, text_groups, window_places
from cws.tags import SBME
from cws.text import bmp_types

_LENGTHS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)  # of windows, filled up
_CHARACTERS = {"cpu": 128, "cuda": 1 << 14}  # of a batch


class TorchPredictor:
    """A `cws.predictor.Predictor` of a neural model on PyTorch.

    Args:
        model: The model.
        device: `cpu`, `cuda`, ...; None is CUDA where there is some.
        precision: Of the encoder: `auto` (bf16 on CUDA that has it, else float32), `float32`, `bf16`, or `int8`, for
            the CPU: the weights of linear layers are quantised now, what comes to them each time.
        batch_characters: How many characters of texts are worked on together, which memory is needed for. The words
            are the same for any number.

    Raises:
        InputError: A device that is not there, an unknown precision, an invalid number.
    """

    def __init__(
        self,
        model: NeuralModel,
        device: str | None = None,
        precision: str = "auto",
        batch_characters: int | None = None,
    ) -> None:
        Device(device, precision, batch_characters).check()
        self.device = _device(device)
        is_cuda = self.device.type == "cuda"
        if precision == "int8" and is_cuda:
            raise InputError("int8 is for the CPU: leave precision out, or give device cpu")
        is_bf16 = precision == "bf16" or (precision == "auto" and is_cuda and torch.cuda.is_bf16_supported())
        self._autocast: Callable[[], Any] = lambda: torch.autocast(self.device.type, torch.bfloat16, enabled=is_bf16)
        self._model = model
        self._labeler = model.labeler.to(self.device).eval()
        if precision == "int8":
            self._labeler = _in_int8(self._labeler)
        self._together = batch_characters or BATCH_CHARACTERS
        self._classes = (np.frombuffer(bmp_types(), np.uint8).astype(np.uint16) + UNKNOWN).tobytes()
        self._chain = [one.float().cpu().numpy() for one in self._labeler.scores()]
        self._no_chain = [np.zeros_like(one) for one in self._chain]
        self._dictionary: NativeDictionary | None = None
        self._has_units = False

    def set_units(self, has_units: bool) -> None:
        self._has_units = has_units

    def set_dictionary(self, dictionary: NativeDictionary | None) -> None:
        self._dictionary = dictionary

    def segment(self, text: str) -> list[str]:
        return self.segment_batch([text], 1)[0]

    def segment_batch(self, texts: list[str], threads: int) -> list[list[str]]:
        def work(group: Sequence[str]) -> list[list[str]]:
            return [segmenter.segment(text) for text, segmenter in zip(group, self._open(group), strict=True)]

        if threads == 1 or self.device.type != "cpu":
            return [words for group in text_groups(texts, self._together) for words in work(group)]
        # Small batches gain more from workers with a thread each than from PyTorch's own threads.
        groups = text_groups(texts, max(1, min(self._together, sum(map(len, texts)) // (4 * threads))))
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return [words for found in pool.map(work, groups) for words in found]

    def tokens(self, text: str) -> list[tuple[int, int, str | None, float, str]]:
        return self._open([text], scored=True)[0].tokens(text)

    def nbest(self, text: str, n: int) -> list[tuple[float, list[str]]]:
        return self._open([text], scored=True)[0].nbest(text, n)

    def emissions(self, text: str) -> list[tuple[int, list[float]]]:
        return self._open([text], scored=True)[0].emissions(text)

    def format(
        self, format: Format, block: bytes, column: int, has_words: bool, is_last: bool, only_words: bool = False
    ) -> bytes | int:
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            return error.start
        return self._open([text])[0].format(format, block, column, has_words, is_last, only_words)

    def word_ends(self, block: bytes) -> bytes | int:
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            return error.start
        return self._open([text])[0].word_ends(block)

    def whole_sequences(self, block: bytes, column: int, has_words: bool) -> tuple[int, int, bool]:
        empty = np.zeros((0, 4), np.float32)
        segmenter = self._with_own_words(EmissionPredictor(self._classes, empty, *self._chain))
        return segmenter.whole_sequences(block, column, has_words)

    def _open(self, texts: Sequence[str], *, scored: bool = False) -> list[EmissionPredictor]:
        """Return what segments each of the texts.

        On CUDA the tags are decided on the device, and come back alone, unless scores are asked for: then, and where
        units or a user dictionary have to be weighed against them, the emissions come.
        """
        sequences = [find_sequences(self._classes, text) for text in texts]
        lengths = np.concatenate([found[:, 1] for found in sequences])
        rows = self._score(texts, sequences, int(lengths.sum()))
        chain = self._chain
        is_free = self._dictionary is None and not self._has_units
        if rows.device.type == "cuda" and not scored and is_free:
            offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)])).to(rows.device)
            tags = viterbi(rows, offsets, *self._labeler.scores(), legality=SBME).tags
            rows, chain = torch.eye(4)[tags.cpu().long()], self._no_chain  # waits for the device
        emissions = rows.cpu().numpy()
        result, at = [], 0
        for found in sequences:
            count = int(found[:, 1].sum())
            result.append(self._with_own_words(EmissionPredictor(self._classes, emissions[at : at + count], *chain)))
            at += count
        return result

    def _with_own_words(self, predictor: EmissionPredictor) -> EmissionPredictor:
        predictor.set_units(self._has_units)
        predictor.set_dictionary(self._dictionary)
        return predictor

    @torch.inference_mode()
    def _score(self, texts: Sequence[str], sequences: Sequence[NDArray[np.int64]], count: int) -> Tensor:
        """Return the emissions of all characters of sequences, shape (N, 4), on the device."""
        rows = torch.empty(count, 4, device=self.device)
        for batch, shape in self._batches(self._windows(texts, sequences)):
            empty = [np.zeros(1, np.int64)] * (shape[0] - len(batch))
            found = Batch.of(
                [*(window.codes for window in batch), *empty],
                [*(window.lexicon for window in batch), *empty],
                [self._model.standard] * shape[0],
                length=shape[1],
            )
            with self._autocast():
                emissions = self._labeler.emissions(found.to(self.device))
            at = 0
            for window in batch:
                first = window.first + window.begin
                rows[first : first + window.end - window.begin] = emissions[at + window.begin : at + window.end]
                at += len(window.codes)
        return rows

    def _batches(self, windows: Iterable[Window]) -> Iterator[tuple[list[Window], tuple[int, int]]]:
        """Yield windows in batches, and the shape of each: windows, length."""
        most = _CHARACTERS.get(self.device.type, _CHARACTERS["cuda"])
        waiting: dict[int, list[Window]] = {}
        for window in windows:
            length = min(_LENGTHS[bisect_left(_LENGTHS, len(window.codes))], self._model.longest)
            batch = waiting.setdefault(length, [])
            batch.append(window)
            if len(batch) * length >= most:
                yield waiting.pop(length), (len(batch), length)
        for length, batch in waiting.items():
            yield batch, (max(1, -(-most // length)), length)

    def _windows(self, texts: Sequence[str], sequences: Sequence[NDArray[np.int64]]) -> Iterator[Window]:
        longest, row = self._model.longest, 0
        for text, found in zip(texts, sequences, strict=True):
            codes = self._model.encode(text)
            parts = [codes[begin : begin + count] for begin, count in found.tolist()]
            for part, bits in zip(parts, self._model.lexicon_bits(parts), strict=True):
                for begin, end, first, last in window_places(len(part), longest):
                    yield Window(part[begin:end], bits[begin:end], row + begin, first - begin, last - begin)
                row += len(part)


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).split("\n")[0]
        raise InputError(f"device {name!r} cannot be used ({first_line}): give cpu, or leave it out") from None
    return device


def _in_int8(labeler: Any) -> Any:
    """Return the labeler with linear layers in int8."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that it will move to another package
        return torch.ao.quantization.quantize_dynamic(labeler, {torch.nn.Linear, torch.nn.LSTM}, dtype=torch.qint8)
