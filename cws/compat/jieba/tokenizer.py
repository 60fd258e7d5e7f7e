"""jieba's `Tokenizer`: a word list that can be changed, and the modes of segmentation with it."""

from __future__ import annotations

import os
import re
from io import BytesIO
from math import log
from threading import RLock

from cws._native import JiebaWordList
from cws.compat.jieba import tables
from cws.compat.jieba.frequencies import Frequencies, log_total
from cws.word_list import jieba_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any

# A line of a user dictionary: the word, then a count and a tag, each of which may be missing.
_USER_LINE = re.compile(r"(.+?)(?: ([0-9]+))?(?: ([a-z]+))?$")

# Strings; changes take time from every text, and taking so many over pays after a hundred thousand characters.
_MANY_CHANGES = 1 << 14


def to_text(sentence: Any) -> str:
    """Return a str as it is, and bytes decoded: as UTF-8 or else as GBK, without what is neither."""
    if isinstance(sentence, str):
        return sentence
    try:
        decoded: str = sentence.decode("utf-8")
    except UnicodeDecodeError:
        decoded = sentence.decode("gbk", "ignore")
    return decoded


class Tokenizer:
    """Segments text with a word list, jieba's own by default, which is read when it is first needed.

    Safe to share between threads, also while one of them changes the list: a text is segmented with the list before
    a change or after it.

    Args:
        dictionary: The path of a list of lines `word count [tag]`, in UTF-8.
    """

    def __init__(self, dictionary: str | None = None) -> None:
        self.lock = RLock()
        self.dictionary = dictionary if dictionary is None else _absolute(dictionary)
        self.user_word_tag_tab: dict[str, str] = {}
        self.initialized = False
        self.tmp_dir: str | None = None
        self.cache_file: str | None = None
        self._frequencies = Frequencies(None)
        self._total = 0
        self._words: Any = None  # the JiebaWordList of _frequencies: one look-up less for every text

    def __repr__(self) -> str:
        return f"<Tokenizer dictionary={self.dictionary!r}>"

    @property
    def FREQ(self) -> Frequencies:
        """The count of every word, and 0 for every string that only begins one."""
        return self._frequencies

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return self._total

    @total.setter
    def total(self, total: int) -> None:
        self._total = total
        if self._words is not None:
            self._words.set_log_total(log_total(total))

    def initialize(self, dictionary: str | None = None) -> None:
        """Read the word list, if that is not done.

        Args:
            dictionary: The path of another list than the one so far.

        Raises:
            OSError: The file cannot be read.
            ValueError: A line that is no entry of a word list.
        """
        if dictionary:
            path = _absolute(dictionary)
            if self.dictionary == path and self.initialized:
                return
            self.dictionary = path
            self.initialized = False
        with self.lock:
            if self.initialized:
                return
            with self.get_dict_file() as file:
                frequencies, total = _read(file.read(), file.name)
            self._words = frequencies.words
            self._frequencies = frequencies
            self.total = total
            self.initialized = True

    def check_initialized(self) -> None:
        """Read the word list, if that is not done."""
        if not self.initialized:
            self.initialize()

    def get_dict_file(self) -> IO[bytes]:
        """Return the file of the word list, opened."""
        return open(self.dictionary or os.path.join(jieba_folder(), "dict.txt"), "rb")

    def set_dictionary(self, dictionary_path: str) -> None:
        """Take another word list from the next text on; changes made to the old one are lost.

        Raises:
            Exception: No such file.
        """
        with self.lock:
            path = _absolute(dictionary_path)
            if not os.path.isfile(path):
                raise Exception(f"jieba: file does not exist: {path}")
            self.dictionary = path
            self.initialized = False

    def cut(
        self, sentence: str | bytes, cut_all: bool = False, HMM: bool = True, use_paddle: bool = False
    ) -> Iterator[str]:
        """Yield the words of a text; see `lcut`."""
        yield from self.lcut(sentence, cut_all, HMM)

    def lcut(
        self, sentence: str | bytes, cut_all: bool = False, HMM: bool = True, use_paddle: bool = False
    ) -> list[str]:
        """Return the words of a text.

        Args:
            sentence: A str, or bytes in UTF-8 or GBK.
            cut_all: All words of the list that the text has, also where they overlap.
            HMM: Join single characters to words that are not in the list.
            use_paddle: Ignored.
        """
        if not self.initialized:
            self.initialize()
        if not isinstance(sentence, str):
            sentence = to_text(sentence)
        words: list[str] = self._words.cut_all(sentence) if cut_all else self._words.cut(sentence, bool(HMM))
        return words

    def cut_for_search(self, sentence: str | bytes, HMM: bool = True) -> Iterator[str]:
        """Yield the words of a text, each after the shorter words in it; see `lcut_for_search`."""
        yield from self.lcut_for_search(sentence, HMM)

    def lcut_for_search(self, sentence: str | bytes, HMM: bool = True) -> list[str]:
        """Return the words of a text, each after the words of two and three characters in it."""
        self.check_initialized()
        words: list[str] = self._words.cut_for_search(to_text(sentence), bool(HMM))
        return words

    def tokenize(
        self, unicode_sentence: str, mode: str = "default", HMM: bool = True
    ) -> Iterator[tuple[str, int, int]]:
        """Yield (word, begin, end) of the words of a text.

        Args:
            unicode_sentence: The text.
            mode: "default", or "search" for the words of `cut_for_search`.
            HMM: As in `lcut`.

        Raises:
            ValueError: The text is no str.
        """
        if not isinstance(unicode_sentence, str):
            raise ValueError("jieba: the input parameter should be unicode.")
        self.check_initialized()
        yield from self._words.tokenize(unicode_sentence, bool(HMM), mode != "default")

    def load_userdict(self, f: str | Iterable[str | bytes]) -> None:
        """Add the words of a file, a word a line, then its count and its tag, which may both be missing.

        Args:
            f: A path, or the lines, for example an open file.

        Raises:
            OSError: The file cannot be read.
            ValueError: A line is not UTF-8.
        """
        self.check_initialized()
        if isinstance(f, str):
            with open(f, "rb") as file:
                self._add_lines(file, f)
        else:
            self._add_lines(f, getattr(f, "name", None) or repr(f))
        with self.lock:
            if self._words.change_count() >= _MANY_CHANGES:
                self._words.compact()

    def _add_lines(self, lines: Iterable[str | bytes], name: str) -> None:
        for line in lines:
            line = line.strip()
            if not isinstance(line, str):
                try:
                    line = line.decode("utf-8").lstrip("\ufeff")
                except UnicodeDecodeError:
                    raise ValueError(f"dictionary file {name} must be utf-8") from None
            if line:
                match: Any = _USER_LINE.match(line)  # None: a line end inside the line, which jieba does not expect
                self.add_word(*match.groups())

    def add_word(self, word: str | bytes, freq: int | str | None = None, tag: str | None = None) -> None:
        """Add a word to the list, or change it.

        Args:
            word: The word.
            freq: Its count; by default one that is large enough for the word to be found. 0 deletes the word and
                keeps HMM from joining it.
            tag: Its part of speech.
        """
        self.check_initialized()
        word = to_text(word)
        count = int(freq) if freq is not None else self.suggest_freq(word, False)
        with self.lock:
            self._frequencies.set(word, count)
            self.total += count
            if tag:
                self.user_word_tag_tab[word] = tag
            if count == 0:
                tables.FORCED_SPLITS.add(word)

    def del_word(self, word: str | bytes) -> None:
        """Delete a word from the list."""
        self.add_word(word, 0)

    def suggest_freq(self, segment: str | Iterable[str | bytes], tune: bool = False) -> int:
        """Return the count that makes a word one, or makes the parts of a word several.

        Args:
            segment: The word, or its parts.
            tune: Set the word's count to that, too.
        """
        self.check_initialized()
        total = float(self._total)
        frequencies: Any = self._frequencies
        chance: Any = 1  # the arithmetic is jieba's, in its order, for equal roundings
        if isinstance(segment, str):
            word = segment
            for part in self.lcut(word, HMM=False):
                chance *= frequencies.get(part, 1) / total
            count: int = max(int(chance * self._total) + 1, frequencies.get(word, 1))
        else:
            parts = [to_text(part) for part in segment]
            word = "".join(parts)
            for part in parts:
                chance *= frequencies.get(part, 1) / total
            count = min(int(chance * self._total), frequencies.get(word, 0))
        if tune:
            self.add_word(word, count)
        return count

    def get_DAG(self, sentence: str) -> dict[int, list[int]]:
        """Return for each place of a text the last places of the words that begin there; see `calc`."""
        self.check_initialized()
        frequencies = self._frequencies
        graph = {}
        for begin in range(len(sentence)):
            last_places = []
            for last in range(begin, len(sentence)):
                count = frequencies.get(sentence[begin : last + 1])
                if count is None:
                    break
                if count:
                    last_places.append(last)
            graph[begin] = last_places or [begin]
        return graph

    def calc(self, sentence: str, DAG: dict[int, list[int]], route: dict[int, tuple[float, int]]) -> None:
        """Set route[i] for each place of a text: the score of the best path from it, and its first word's last place.

        Segmentation itself does that in the core.
        """
        frequencies: Any = self._frequencies
        whole = log(self._total)
        route[len(sentence)] = (0, 0)
        for begin in range(len(sentence) - 1, -1, -1):
            route[begin] = max(
                (log(frequencies.get(sentence[begin : last + 1]) or 1) - whole + route[last + 1][0], last)
                for last in DAG[begin]
            )


def _absolute(path: str) -> str:
    return os.path.normpath(os.path.join(os.getcwd(), path))


def _read(data: bytes, name: str) -> tuple[Frequencies, int]:
    """Return the counts of a word list and their sum."""
    words = JiebaWordList.parse(data, tables.hmm(), tables.FORCED_SPLITS)
    if words is not None:
        return Frequencies(words), words.total
    counts: dict[str, int] = {}  # something in it is odd: Python says what it means, or that it means nothing
    total = 0
    line: str | bytes
    for number, line in enumerate(BytesIO(data), 1):
        try:
            line = line.strip().decode("utf-8")
            word, count = line.split(" ")[:2]
            counts[word] = int(count)
        except ValueError:
            raise ValueError(f"invalid dictionary entry in {name} at Line {number}: {line!s}") from None
        total += counts[word]
    return _build(counts), total


def _build(counts: dict[str, int]) -> Frequencies:
    plain = [(word, count) for word, count in counts.items() if 0 <= count < 2**53]
    frequencies = Frequencies(JiebaWordList.build(plain, tables.hmm(), tables.FORCED_SPLITS))
    for word, count in counts.items():
        if not 0 <= count < 2**53:
            frequencies.set(word, count)
    return frequencies
