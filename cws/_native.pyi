"""The C++ core, see cws/native/bindings.cpp."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

class Format(Enum):
    text = 0
    json = 1
    conll = 2
    spans = 3

class NativeSegmenter:
    def segment(self, text: str) -> list[str]: ...
    def segment_batch(self, texts: list[str], threads: int) -> list[list[str]]: ...
    def tokens(self, text: str) -> list[tuple[int, int, float]]: ...
    def nbest(self, text: str, n: int) -> list[tuple[float, list[str]]]: ...
    def emissions(self, text: str) -> list[tuple[int, list[float]]]: ...
    def format(self, format: Format, block: bytes, column: int, has_words: bool, is_last: bool) -> bytes | int: ...
    def whole_sequences(self, block: bytes, column: int, has_words: bool) -> tuple[int, int, bool]: ...

class LinearSegmenter(NativeSegmenter):
    def __init__(self, tensors: Mapping[str, Any], scale: float) -> None: ...

class HmmSegmenter(NativeSegmenter):
    def __init__(self, tensors: Mapping[str, Any], scale: float, order: int) -> None: ...

class LinearTrainer:
    def __init__(
        self,
        codes: NDArray[np.uint16],
        tags: NDArray[np.uint8],
        lengths: NDArray[np.int64],
        types: NDArray[np.uint8],
        lexicon_keys: NDArray[np.uint64],
        lexicon_classes: NDArray[np.uint16],
        rate: float,
        margin: float,
        min_trigram_count: int,
        min_fourgram_count: int,
        seed: int,
    ) -> None: ...
    def run_epoch(self) -> float: ...
    def evaluate(
        self, codes: NDArray[np.uint16], tags: NDArray[np.uint8], lengths: NDArray[np.int64]
    ) -> tuple[int, int, int]: ...
    def weights(self) -> dict[str, NDArray[Any]]: ...

def build_table(keys: NDArray[np.uint64], weights: NDArray[np.int8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]: ...

class Chain:
    def __init__(
        self,
        emissions: NDArray[np.float32],
        offsets: NDArray[np.int64],
        transitions: NDArray[np.float32],
        start: NDArray[np.float32],
        end: NDArray[np.float32],
        allowed: NDArray[np.uint8] | None,
        is_sbme: bool,
    ) -> None: ...
    def viterbi(self, threads: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]: ...
    def nbest(self, n: int, threads: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]: ...
    def forward_backward(
        self, pairwise: bool, threads: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.floating[Any]]]: ...
    def log_likelihood(
        self, tags: NDArray[np.uint8] | NDArray[np.int64], weights: NDArray[np.float32], threads: int
    ) -> tuple[
        NDArray[np.float64],
        tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    ]: ...
