"""Text to words: the `Segmenter`, the bundled models, and the default one of `cws.segment`."""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import NamedTuple

from cws import model_io
from cws.errors import InputError, ModelError
from cws.labelers import NEURAL_KINDS
from cws.labelers.linear import open_linear
from cws.threads import check_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from cws._native import NativePredictor
    from cws.labelers.neural.torch_predictor import TorchPredictor
    from cws.user_dictionary import UserDictionary

    Dictionary: TypeAlias = str | os.PathLike[str] | Iterable[str] | UserDictionary

DEFAULT_MODEL = "pku"
PRECISIONS = ("auto", "float32", "bf16", "int8")  # of neural models
_CUDA_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # of Linux: NVIDIA's, of Windows' Linux, AMD's
NBEST_LIMIT = 10_000  # keeps nbest below a gigabyte
DICTIONARY_FILE = "user_dictionary.safetensors"  # in a model directory
_DATA = os.path.join(os.path.dirname(__file__), "data")


class Token(NamedTuple):
    """A word and where it stands: `text[start:end]` of the segmented text.

    Attributes:
        text: The word.
        start: Its first character, counted in code points.
        end: After its last character.
        label: Its label, if it is an entry of the user dictionary that has one; else None.
        probability: How likely the model holds this to be one word, from 0 to 1; 1 for white space. The weight of an
            entry of the user dictionary is added to its log-odds.
    """

    text: str
    start: int
    end: int
    label: str | None
    probability: float


def _open_hmm(folder: str, config: Mapping[str, Any]) -> NativePredictor:
    from cws.labelers.hmm import open_hmm  # here, because the default model should not wait for it

    return open_hmm(folder, config)


def _open_dictionary_model(folder: str, config: Mapping[str, Any]) -> NativePredictor:
    from cws.labelers.dictionary import open_dictionary

    return open_dictionary(folder, config)


def _open_neural(folder: str, config: Mapping[str, Any], device: Device) -> NativePredictor | TorchPredictor:
    if device.precision not in PRECISIONS:
        raise InputError(f"no precision {device.precision!r}: take one of {', '.join(PRECISIONS)}")
    if (native := _open_in_core(folder, config, device)) is not None:
        return native
    try:
        from cws.labelers.neural.labeler import load_neural
        from cws.labelers.neural.torch_predictor import TorchPredictor
    except ImportError as error:
        raise InputError(f"{error}: a model of kind {config['kind']} needs pip install 'cws[neural]'") from error
    return TorchPredictor(load_neural(folder, config), *device)


def _open_in_core(folder: str, config: Mapping[str, Any], device: Device) -> NativePredictor | None:
    """Return the model, or None if it has to run on PyTorch."""
    if device.device not in (None, "cpu") or device.precision == "bf16":
        return None
    integers = device.precision != "float32"
    if not config["kind"].startswith("bert"):
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


class Device(NamedTuple):
    """Where and how a neural model computes; see `Segmenter`."""

    device: str | None = None
    precision: str = "auto"
    batch_characters: int | None = None


_OPEN: dict[str, Callable[[str, Mapping[str, Any]], NativePredictor]] = {
    "linear": open_linear,
    "hmm": _open_hmm,
    "dictionary": _open_dictionary_model,
}


class Segmenter:
    """A model, ready to segment. Safe to share between threads, and picklable (as the model's path and the dictionary).

    Nothing of it changes but its user dictionary, and that never under a call.

    For every text the words, joined, are the text: white space and control characters become words of their own, one
    for each run, which ends after a line feed.

    Args:
        model: The name of a bundled model (`cws models` lists them) or the folder of a trained one.
        user_dictionary: A file (see `cws.user_dictionary`), a list of words, or a UserDictionary, which may be shared.
            By default the one saved with the model, if there is one.
        device: Where a neural model computes: `cpu`, `cuda`, `cuda:1`; by default the CPU for bilstm and cnn, and for
            bert CUDA where there is some. The CPU needs no PyTorch, but for encoders that only PyTorch computes
            (docs/neural.md). Other models are always on the CPU.
        precision: Of a neural model: `float32`, `bf16`, `int8` (on the CPU), or `auto`: bf16 on CUDA; on the CPU
            integers of 16 bits, which bilstm and cnn have for `int8` too, or float32 where PyTorch computes.
        batch_characters: How many characters a neural model computes together; the words are the same for any number.

    Raises:
        InputError: An unknown name; a device that is not there; a model that needs `pip install cws[neural]`.
        FileError, ModelError: A folder without a model, or with a broken one.
        CorpusError: A file that is no user dictionary.

    >>> Segmenter("pku").segment("他来到了网易杭研大厦")
    ['他', '来到', '了', '网易', '杭研', '大厦']
    """

    __slots__ = ("_device", "_dictionary", "_model", "config", "native", "path")

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        user_dictionary: Dictionary | None = None,
        device: str | None = None,
        precision: str = "auto",
        batch_characters: int | None = None,
    ) -> None:
        self._model, self.path = _find_model(model)
        self.config: dict[str, Any] = model_io.read_config(self.path)
        kind = self.config.get("kind")
        self._device = Device(device, precision, batch_characters)
        self.native: NativePredictor | TorchPredictor
        if kind in NEURAL_KINDS:
            self.native = _open_neural(self.path, self.config, self._device)
        elif isinstance(kind, str) and kind in _OPEN:
            if self._device._replace(device=None) != Device() or device not in (None, "cpu"):
                raise InputError(f"device, precision and batch_characters are for neural models; this one is {kind}")
            self.native = _OPEN[kind](self.path, self.config)
        else:
            raise ModelError(
                f"{self.path}: a model of kind {kind!r}: this release knows {', '.join([*_OPEN, *NEURAL_KINDS])}"
            )
        self._dictionary: UserDictionary | None = None
        if user_dictionary is None and os.path.exists(saved := os.path.join(self.path, DICTIONARY_FILE)):
            user_dictionary = saved
        if user_dictionary is not None:
            self._use(_open_dictionary(user_dictionary))

    def _use(self, dictionary: UserDictionary) -> None:
        self._dictionary = dictionary
        self.native.set_dictionary(dictionary.native)

    @property
    def user_dictionary(self) -> UserDictionary:
        """The user dictionary, empty if none was given. What is added to it counts from the next call on."""
        if self._dictionary is None:
            empty = _open_dictionary([])
            with _lock:  # one for all threads that ask first
                if self._dictionary is None:
                    self._use(empty)
        assert self._dictionary is not None
        return self._dictionary

    def add_word(self, word: str, weight: float | str | None = None, label: str | None = None) -> None:
        """Add an entry to the user dictionary; see `UserDictionary.add_word`.

        >>> segmenter = Segmenter()
        >>> segmenter.add_word("网易杭研", "!")
        >>> segmenter.segment("他来到了网易杭研大厦")
        ['他', '来到', '了', '网易杭研', '大厦']
        """
        self.user_dictionary.add_word(word, weight, label)

    def remove_word(self, word: str) -> None:
        """Take an entry out of the user dictionary; see `UserDictionary.remove_word`."""
        self.user_dictionary.remove_word(word)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the model and its user dictionary into a folder, which `load` takes.

        Raises:
            FileError: A file instead of a folder, no permission, a full disk.
        """
        model_io.copy_model(self.path, folder)
        path = os.path.join(folder, DICTIONARY_FILE)
        if self._dictionary is not None:
            self._dictionary.save(path)
        elif os.path.exists(path):  # of another model that was there
            os.unlink(path)

    def segment(self, text: str) -> list[str]:
        """Return the words of the text."""
        if not isinstance(text, str):
            raise InputError(f"segment expects a str, got {type(text).__name__}: decode bytes first")
        return self.native.segment(text)

    def segment_batch(self, texts: Iterable[str], *, threads: int = 1) -> list[list[str]]:
        """Return the words of each text, in order; the same for any number of threads.

        Args:
            texts: Any number of texts, of any length.
            threads: How many threads segment, beside the calling one, which builds the lists.
        """
        if isinstance(texts, str) or not hasattr(texts, "__iter__"):
            raise InputError(f"segment_batch expects a list of str, got {type(texts).__name__}: segment takes one text")
        texts = list(texts)
        for at, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(f"segment_batch expects str, text {at} is {type(text).__name__}: decode bytes first")
        return self.native.segment_batch(texts, check_threads(threads))

    def tokens(self, text: str) -> list[Token]:
        """Return the words of the text with their places and probabilities, those of `segment` and in that order.

        The probability of a word is its marginal under the model, by forward-backward over all segmentations.
        """
        if not isinstance(text, str):
            raise InputError(f"tokens expects a str, got {type(text).__name__}: decode bytes first")
        found = self.native.tokens(text)
        return [Token(text[start:end], start, end, label, probability) for start, end, label, probability in found]

    def nbest(self, text: str, n: int = 5) -> list[tuple[float, list[str]]]:
        """Return the n best segmentations, that of `segment` first, as (score, words); fewer if there are fewer.

        The difference of two scores is the log of how much likelier the model holds the one than the other. With a user
        dictionary these are the model's best, each with the entries in it, and their weights are added to the scores.
        """
        if not isinstance(text, str):
            raise InputError(f"nbest expects a str, got {type(text).__name__}: decode bytes first")
        if not isinstance(n, int) or not 1 <= n <= NBEST_LIMIT:
            raise InputError(f"n must be from 1 to {NBEST_LIMIT}, got {n!r}")
        return self.native.nbest(text, n)

    def __reduce__(self) -> tuple[type[Segmenter], tuple[Any, ...]]:
        return Segmenter, (self._model, self._dictionary, *self._device)

    def __repr__(self) -> str:
        return f"Segmenter({self._model!r})"


def models() -> list[str]:
    """Return the names of the bundled models, the default one first."""
    names = [name for name in os.listdir(_DATA) if os.path.isfile(os.path.join(_DATA, name, "cws.json"))]
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name))


def load(
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    user_dictionary: Dictionary | None = None,
    device: str | None = None,
    precision: str = "auto",
    batch_characters: int | None = None,
) -> Segmenter:
    """Return the segmenter of a bundled model, by name, or of a trained one, by folder; see `Segmenter`."""
    return Segmenter(model, user_dictionary, device, precision, batch_characters)


def _open_dictionary(dictionary: Dictionary) -> UserDictionary:
    from cws.user_dictionary import UserDictionary  # here, because the default model should not wait for it

    if isinstance(dictionary, UserDictionary):
        return dictionary
    if not hasattr(dictionary, "__iter__") and not hasattr(dictionary, "__fspath__"):
        raise InputError(f"expected a user dictionary, a file or a list of words, got {type(dictionary).__name__}")
    if hasattr(dictionary, "keys"):
        raise InputError("expected a user dictionary, a file or a list of words, got a mapping: add_word takes weights")
    return UserDictionary.read(dictionary) if isinstance(dictionary, (str, os.PathLike)) else UserDictionary(dictionary)


def _find_model(model: str | os.PathLike[str]) -> tuple[str, str]:
    """Return what finds the model again from any working directory (its name or absolute path), and its folder."""
    if not isinstance(model, (str, os.PathLike)):
        raise InputError(f"expected the name or the folder of a model, got {type(model).__name__}")
    name = os.fsdecode(model)
    if name in models():
        return name, os.path.join(_DATA, name)
    if not os.path.isdir(name):
        raise InputError(f"no model {name!r}: give a folder made by cws train, or one of {', '.join(models())}")
    folder = os.path.abspath(name)
    return folder, folder


_lock = Lock()
_default: Segmenter | None = None


def _renew_lock() -> None:
    global _lock
    _lock = Lock()  # a thread that held the old one is not in this child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def segment(text: str) -> list[str]:
    """Return the words of a text, by the default model, which the first call loads.

    >>> segment("今天天气真好")
    ['今天', '天气', '真', '好']
    """
    global _default
    if _default is None:
        with _lock:
            if _default is None:
                _default = Segmenter()
    return _default.segment(text)
