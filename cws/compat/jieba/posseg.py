"""jieba's parts of speech: `import cws.compat.jieba.posseg as pseg`."""

from __future__ import annotations

from io import BytesIO

from cws._native import parse_jieba_tags
from cws.compat.jieba import dt as default_tokenizer
from cws.compat.jieba import tables
from cws.compat.jieba.tokenizer import Tokenizer, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any


class pair:
    """A word and its tag."""

    __slots__ = ("flag", "word")

    def __init__(self, word: str, flag: str) -> None:
        self.word = word
        self.flag = flag

    def __str__(self) -> str:
        return f"{self.word}/{self.flag}"

    def __repr__(self) -> str:
        return f"pair({self.word!r}, {self.flag!r})"

    def __iter__(self) -> Iterator[str]:
        return iter((self.word, self.flag))

    def __lt__(self, other: pair) -> bool:
        return self.word < other.word

    def __eq__(self, other: object) -> bool:
        return isinstance(other, pair) and self.word == other.word and self.flag == other.flag

    def __hash__(self) -> int:
        return hash(self.word)

    def encode(self, arg: str) -> bytes:
        """Return `word/tag` in an encoding."""
        return str(self).encode(arg)


class POSTokenizer:
    """Segments text to words with tags. What it has not itself it has from its tokenizer.

    Args:
        tokenizer: Whose word list to use; by default a new one of jieba's list.
    """

    def __init__(self, tokenizer: Tokenizer | None = None) -> None:
        self.tokenizer = tokenizer or Tokenizer()
        self._tags: dict[str, str] | None = None
        if self.tokenizer.dictionary is not None:
            self.load_word_tag(self.tokenizer.get_dict_file())

    def __repr__(self) -> str:
        return f"<POSTokenizer tokenizer={self.tokenizer!r}>"

    def __getattr__(self, name: str) -> Any:
        if name in ("cut_for_search", "lcut_for_search", "tokenize"):
            raise NotImplementedError(f"{name} has no tags: use the tokenizer's")
        return getattr(self.tokenizer, name)

    @property
    def word_tag_tab(self) -> dict[str, str]:
        """The tag of each word of the list, and of words added to it."""
        if self._tags is None:
            with self.tokenizer.lock:
                if self._tags is None:
                    self.load_word_tag(Tokenizer().get_dict_file())
        assert self._tags is not None
        return self._tags

    @word_tag_tab.setter
    def word_tag_tab(self, tags: dict[str, str]) -> None:
        self._tags = tags

    def initialize(self, dictionary: str | None = None) -> None:
        """Read the word list, or another one, and the tags in it."""
        self.tokenizer.initialize(dictionary)
        self.load_word_tag(self.tokenizer.get_dict_file())

    def load_word_tag(self, f: IO[bytes]) -> None:
        """Read the tags of a list of lines `word count tag`, and close its file.

        Raises:
            ValueError: A line is something else.
        """
        with f:
            data = f.read()
        tags: dict[str, str] | None = parse_jieba_tags(data)
        self._tags = tags if tags is not None else _read_tags(data, getattr(f, "name", None) or repr(f))

    def makesure_userdict_loaded(self) -> None:
        """Take over the tags of words added to the tokenizer."""
        if self.tokenizer.user_word_tag_tab:
            self.word_tag_tab.update(self.tokenizer.user_word_tag_tab)
            self.tokenizer.user_word_tag_tab = {}

    def cut(self, sentence: str | bytes, HMM: bool = True) -> Iterator[pair]:
        """Yield the words of a text with their tags; see `lcut`."""
        yield from self.lcut(sentence, HMM)

    def lcut(self, sentence: str | bytes, HMM: bool = True) -> list[pair]:
        """Return the words of a text with their tags.

        Args:
            sentence: A str, or bytes in UTF-8 or GBK.
            HMM: Join single characters to words that are not in the list.
        """
        self.makesure_userdict_loaded()
        self.tokenizer.check_initialized()
        text = to_text(sentence)
        words, flags = self.tokenizer._words.cut_tagged(tables.tag_model(), text, bool(HMM), self.word_tag_tab)
        return list(map(pair, words, flags))


def _read_tags(data: bytes, name: str) -> dict[str, str]:
    """Return the tags of a list that has odd lines, which Python reads or rejects."""
    tags = {}
    line: str | bytes
    for number, line in enumerate(BytesIO(data), 1):
        try:
            line = line.strip().decode("utf-8")
            if line:
                word, _, tag = line.split(" ")
                tags[word] = tag
        except Exception:
            raise ValueError(f"invalid POS dictionary entry in {name} at Line {number}: {line!s}") from None
    return tags


dt = POSTokenizer(default_tokenizer)
initialize = dt.initialize


def cut(sentence: str | bytes, HMM: bool = True, use_paddle: bool = False) -> Iterator[pair]:
    """Yield the words of a text with their tags; use_paddle is ignored."""
    yield from dt.lcut(sentence, HMM)


def lcut(sentence: str | bytes, HMM: bool = True, use_paddle: bool = False) -> list[pair]:
    """Return the words of a text with their tags; use_paddle is ignored."""
    return dt.lcut(sentence, HMM)
