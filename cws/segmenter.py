"""Text to words: the `Segmenter`, and the default one of `cws.segment`."""

from __future__ import annotations

import os
from _thread import allocate_lock  # that of threading, which is slow to import
from typing import NamedTuple

from cws import model_io
from cws.bundled import DEFAULT_MODEL, find_model
from cws.errors import InputError
from cws.labelers.device import Device
from cws.predictor import open_predictor
from cws.threads import check_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TypeAlias

    from cws.predictor import Predictor
    from cws.user_dictionary import UserDictionary
    from cws.user_dictionary.report import EntryReport

    Words: TypeAlias = Iterable[str | tuple[str, float | str | None] | tuple[str, float | str | None, str | None]]
    Dictionary: TypeAlias = str | os.PathLike[str] | Words | Mapping[str, float | str | None] | UserDictionary

# What a token is; all but word and space are also what no model cuts (`cws.units`).
TOKEN_TYPES = (
    "word", "number", "date", "time", "latin", "url", "email", "path", "mention", "hashtag", "markup", "emoji",
    "punctuation", "space",
)  # fmt: skip
NO_WORDS = ("space", "punctuation")
NBEST_LIMIT = 10_000  # keeps nbest below a gigabyte
DICTIONARY_FILE = "user_dictionary.safetensors"  # in a model directory


class Token(NamedTuple):
    """A word and where it stands: `text[start:end]` of the segmented text.

    Attributes:
        text: The word.
        start: Its first character, counted in code points.
        end: After its last character.
        label: Its label, if it is an entry of the user dictionary that has one; else None.
        probability: How likely the model holds this to be one word, from 0 to 1; 1 for white space. The weight of an
            entry of the user dictionary is added to its log-odds.
        type: One of `cws.segmenter.TOKEN_TYPES`.
    """

    text: str
    start: int
    end: int
    label: str | None
    probability: float
    type: str


class Segmenter:
    """A model, ready to segment. Safe to share between threads, and picklable (as the model's path and the dictionary).

    Nothing of it changes but its user dictionary, and that never under a call.

    For every text the words, joined, are the text: white space and control characters become words of their own, one
    for each run, which ends after a line feed.

    Args:
        model: The name of a bundled model (`cws models` lists them) or the folder of a trained one.
        user_dictionary: A file (see `cws.user_dictionary`), a list of words, a mapping of words to weights, or a
            UserDictionary, which may be shared. By default the one saved with the model, if there is one.
        device: Where a neural model computes: `cpu`, `cuda`, `cuda:1`; by default the CPU for bilstm and cnn, and for
            bert CUDA where there is some. The CPU needs no PyTorch, but for encoders that only PyTorch computes
            (docs/guide/neural.md). Other models are always on the CPU.
        precision: Of a neural model: `float32`, `bf16`, `int8` (on the CPU), or `auto`: bf16 on CUDA; on the CPU
            integers of 16 bits, which bilstm and cnn have for `int8` too, or float32 where PyTorch computes.
        batch_characters: How many characters a neural model computes together; the words are the same for any number.
        units: Whether what is one thing in every standard stays whole, alike in every context: numbers, dates,
            addresses, names in Latin letters, emoji (`cws.units`). Without, the model decides.
        force: Whether what the user dictionary decides, its words without a number, is one word wherever it stands. It
            is then a copy.

    Raises:
        InputError: An unknown name; a device that is not there; a model that needs `pip install cws-toolkit[neural]`.
        FileError, ModelError: A folder without a model, or with a broken one.
        CorpusError: A file that is no user dictionary.

    >>> Segmenter("pku").segment("他来到了网易杭研大厦")
    ['他', '来到', '了', '网易', '杭研', '大厦']
    """

    __slots__ = ("_device", "_dictionary", "_force", "_model", "_units", "config", "path", "predictor")

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        user_dictionary: Dictionary | None = None,
        device: str | None = None,
        precision: str = "auto",
        batch_characters: int | None = None,
        units: bool = True,
        force: bool = False,
    ) -> None:
        self._model, self.path = find_model(model)
        self.config: dict[str, Any] = model_io.read_config(self.path)
        self._device = Device(device, precision, batch_characters)
        self.predictor: Predictor = open_predictor(self.path, self.config, self._device)
        self._units = bool(units)
        self.predictor.set_units(self._units)
        self._dictionary: UserDictionary | None = None
        self._force = bool(force)
        if user_dictionary is None and os.path.exists(saved := os.path.join(self.path, DICTIONARY_FILE)):
            user_dictionary = saved
        if user_dictionary is not None:
            dictionary = _open_dictionary(user_dictionary)
            self._use(dictionary.forced() if force else dictionary)

    def _use(self, dictionary: UserDictionary) -> None:
        self._dictionary = dictionary
        self.predictor.set_dictionary(dictionary.native)

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
        """Add an entry to the user dictionary; see `UserDictionary.add_word`. With `force`, no weight is `!`.

        >>> segmenter = Segmenter()
        >>> segmenter.add_word("网易杭研", "!")
        >>> segmenter.segment("他来到了网易杭研大厦")
        ['他', '来到', '了', '网易杭研', '大厦']
        """
        self.user_dictionary.add_word(word, "!" if weight is None and self._force else weight, label)

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
        return self.predictor.segment(text)

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
        return self.predictor.segment_batch(texts, check_threads(threads))

    def segment_document(self, text: str) -> list[str]:
        """Return the words of a whole document, such as a book, so that a word it repeats is cut in one way.

        It is segmented twice: what the first pass agrees on (`cws.document`) is evidence for the second. A text that
        repeats nothing three times has the words of `segment`.

        >>> text = "沈砚走进院子。他没看见沈砚。沈砚道：你好。我问沈砚去哪里。"
        >>> Segmenter("pku").segment(text)[-6:], Segmenter("pku").segment_document(text)[-5:]
        (['问', '沈', '砚', '去', '哪里', '。'], ['问', '沈砚', '去', '哪里', '。'])
        """
        from cws.document import evidence_of  # here, because the default model should not wait for it

        words = self.segment(text)
        evidence = evidence_of([words])
        return self.with_evidence(evidence).segment(text) if evidence else words

    def with_evidence(self, weights: Mapping[str, float]) -> Segmenter:
        """Return another segmenter of the model, with words that are evidence beside those of the user dictionary.

        Args:
            weights: Nats of log-odds. The entries of the user dictionary stay as they are.
        """
        return Segmenter(
            self._model, self.user_dictionary.with_evidence(weights), *self._device, self._units, self._force
        )

    def tokens(self, text: str) -> list[Token]:
        """Return the words of the text with their places and probabilities, those of `segment` and in that order.

        The probability of a word is its marginal under the model, by forward-backward over all segmentations.
        """
        if not isinstance(text, str):
            raise InputError(f"tokens expects a str, got {type(text).__name__}: decode bytes first")
        found = self.predictor.tokens(text)
        return [Token(text[one[0] : one[1]], *one) for one in found]

    def words(self, text: str) -> list[str]:
        """Return the words of the text without white space and punctuation: what is counted, indexed, compared."""
        return [token.text for token in self.tokens(text) if token.type not in NO_WORDS]

    def nbest(self, text: str, n: int = 5) -> list[tuple[float, list[str]]]:
        """Return the n best segmentations, that of `segment` first, as (score, words); fewer if there are fewer.

        The difference of two scores is the log of how much likelier the model holds the one than the other. With a user
        dictionary these are the model's best, each with the entries in it, and their weights are added to the scores.
        """
        if not isinstance(text, str):
            raise InputError(f"nbest expects a str, got {type(text).__name__}: decode bytes first")
        if not isinstance(n, int) or not 1 <= n <= NBEST_LIMIT:
            raise InputError(f"n must be from 1 to {NBEST_LIMIT}, got {n!r}")
        return self.predictor.nbest(text, n)

    def dictionary_report(self, texts: Iterable[str]) -> list[EntryReport]:
        """Return what becomes of each entry of the user dictionary in texts, the most often declined first.

        Args:
            texts: Any number of texts; an iterator is read once, and nothing of it is kept.

        >>> segmenter = Segmenter("pku", user_dictionary=["和服"])
        >>> [(entry.word, entry.declined, entry.beaten_by) for entry in segmenter.dictionary_report(["产品和服务"])]
        [('和服', 1, '和 服务')]
        """
        if isinstance(texts, str) or not hasattr(texts, "__iter__"):
            raise InputError(f"dictionary_report expects a list of str, got {type(texts).__name__}")
        from cws.user_dictionary.report import report_texts  # here, because the default model should not wait for it

        return report_texts(self.user_dictionary, texts, self.segment)

    def __reduce__(self) -> tuple[type[Segmenter], tuple[Any, ...]]:
        return Segmenter, (self._model, self._dictionary, *self._device, self._units, self._force)

    def __repr__(self) -> str:
        return f"Segmenter({self._model!r})"


def load(
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    user_dictionary: Dictionary | None = None,
    device: str | None = None,
    precision: str = "auto",
    batch_characters: int | None = None,
    units: bool = True,
    force: bool = False,
) -> Segmenter:
    """Return the segmenter of a bundled model, by name, or of a trained one, by folder; see `Segmenter`."""
    return Segmenter(model, user_dictionary, device, precision, batch_characters, units, force)


def _open_dictionary(dictionary: Dictionary) -> UserDictionary:
    from cws.user_dictionary import UserDictionary  # here, because the default model should not wait for it

    if isinstance(dictionary, UserDictionary):
        return dictionary
    if not hasattr(dictionary, "__iter__") and not hasattr(dictionary, "__fspath__"):
        raise InputError(f"expected a user dictionary, a file or a list of words, got {type(dictionary).__name__}")
    return UserDictionary.read(dictionary) if isinstance(dictionary, (str, os.PathLike)) else UserDictionary(dictionary)


_lock = allocate_lock()
_default: Segmenter | None = None


def _renew_lock() -> None:
    global _lock
    _lock = allocate_lock()  # a thread that held the old one is not in this child


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
