"""Whether sentences are segmented at all: what is not would train a model that joins everything, with a dev F1 of 100.

Chinese words have 1.6 characters on average, and four to six of ten have one: so it is in every public corpus, of
whatever standard. The limits here are far from that.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cws.corpus.layouts import han_characters, has_han, tag_separator
from cws.errors import InputError
from cws.text import guess_encoding

REMEDY = "give one sentence a line, words separated by spaces"

_SAMPLE = 1000  # sentences that are looked at closely
_LONGEST = 12  # Han characters; a line of one word of more is none
_MEAN = 4.0  # Han characters a word
_NEARLY_ALL = 0.9
_MANY = 0.2
_SEPARATORS = re.compile(r"(?<=\w)[/|_\\·¦,;+\u200b\u200c](?=\w)")
_MARKUP = re.compile(r"</?[A-Za-z!?][^<>]*>")
_JSON = re.compile(r'\s*(?:[\[{]\s*["\[{]|[\[{}\],]+\s*$|"[^"]*"\s*:|".*",?\s*$)')


class Fault(NamedTuple):
    """What is wrong with sentences: where it begins, and whether it can be nothing else.

    Attributes:
        place: The place of a sentence that shows it, as it was added.
        message: What was found, what was expected, what to do.
        is_certain: Whether these can be no segmented sentences.
    """

    place: int
    message: str
    is_certain: bool = True


class SegmentationCheck:
    """Counts sentences as they come, and says in the end what is wrong with them.

    Args:
        encoding: What the text was read as, if it comes from a file.
        least: How many Han characters it takes to find that words are too long.
    """

    def __init__(self, encoding: str | None = None, *, least: int = 8) -> None:
        self.sentences = 0
        self._encoding, self._least = encoding, least
        self._words = self._characters = self._single = 0
        self._lone: list[int] = []  # places of sentences of one word
        self._long: list[int] = []  # places of those whose word is too long for one
        self._sample: list[tuple[int, Sequence[str]]] = []
        self._lines: list[tuple[int, str]] = []

    def add(self, words: Sequence[str], place: int) -> None:
        """Count a sentence; `place` is what `Fault.place` names it by."""
        lengths = list(map(len, words))
        self.sentences += 1
        self._words += len(words)
        self._characters += sum(lengths)
        self._single += lengths.count(1)
        if len(words) == 1:
            self._lone.append(place)
            if lengths[0] > _LONGEST and han_characters(words[0]) > _LONGEST:
                self._long.append(place)
        if len(self._sample) < _SAMPLE:
            self._sample.append((place, words))

    def watch(self, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Yield the numbered lines of a file, and look at the first."""
        for number, line in lines:
            if line and len(self._lines) < _SAMPLE:
                self._lines.append((number, line))
            yield number, line

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong, the cause before what it causes."""
        for find in (self._markup, self._encodings, self._tags, self._unsegmented, self._characters_only):
            if fault := find():
                yield fault
                if fault.is_certain:
                    return

    def _markup(self) -> Fault | None:
        lines = self._lines or [(place, " ".join(words)) for place, words in self._sample]
        enough = len(lines) >= 3 or self._characters >= 20
        for name, pattern, least in (("JSON", _JSON.match, 0.5), ("HTML or XML", _MARKUP.search, 0.3)):
            found = [place for place, line in lines if pattern(line)]
            if enough and len(found) >= least * len(lines):
                return Fault(found[0], f"this is {name}, not segmented text: take the text out of it, and {REMEDY}")
        return None

    def _encodings(self) -> Fault | None:
        text = "\n".join(line for _, line in self._lines)
        for read_as in (self._encoding, "latin-1", "cp1252"):
            if read_as is None or (read_as != self._encoding and has_han(text)):
                continue
            found = _really(text, read_as)
            if found is not None:
                remedy = "leave --encoding out" if found == "utf-8" else f"try --encoding {found}"
                if read_as != self._encoding:
                    remedy = "it was saved so by another program: convert the original"
                is_certain = found == "utf-8" or not has_han(text)
                return Fault(self._lines[0][0], f"this looks like {found} read as {read_as}: {remedy}", is_certain)
        return None

    def _tags(self) -> Fault | None:
        separator = tag_separator([word for _, words in self._sample for word in words])
        if separator is None:
            return None
        place, word = next((place, word) for place, words in self._sample for word in words if separator in word[1:-1])
        return Fault(place, f"the words have tags, such as {word}: take {separator}tag away, it is no part of the word")

    def _unsegmented(self) -> Fault | None:
        lone = len(self._lone)
        if lone >= _NEARLY_ALL * self.sentences and (lone >= 10 or len(self._long)) and self._is_chinese():
            of_all = f"{lone:,} of {self.sentences:,} lines are one word" if self.sentences > 1 else "this is one word"
            return Fault(self._lone[0], f"this is not segmented: {of_all}{self._hint()}: {REMEDY}")
        if self._characters >= _MEAN * self._words:
            lengths = [han_characters(word) for _, words in self._sample for word in words if has_han(word)]
            mean = sum(lengths) / max(1, len(lengths))
            if mean >= _MEAN and sum(lengths) >= self._least and len(lengths) > 1:
                place = next(place for place, words in self._sample if any(han_characters(w) >= _MEAN for w in words))
                found = f"words have {mean:.1f} Han characters on average, and those of Chinese have 1 to 2"
                return Fault(place, f"this is not segmented: {found}{self._hint()}: {REMEDY}")
        if len(self._long) >= 3 and len(self._long) >= 0.02 * self.sentences:
            found = f"{len(self._long):,} of {self.sentences:,} lines are one word of more than {_LONGEST} characters"
            is_certain = len(self._long) >= _MANY * self.sentences
            return Fault(self._long[0], f"a part of this is not segmented: {found}: {REMEDY}", is_certain)
        return None

    def _is_chinese(self) -> bool:
        return sum(has_han("".join(words)) for _, words in self._sample) >= 0.5 * len(self._sample)

    def _hint(self) -> str:
        """Return what else may separate the words, or what else the lines may be."""
        text = "\n".join(" ".join(words) for _, words in self._sample)
        separators = _SEPARATORS.findall(text)
        if separators and len(separators) * 8 >= len(text):
            likely = max(set(separators), key=separators.count)
            return f" (do {likely!r} separate them? put spaces in their place)"
        if self._lone and self._characters < _MEAN * self._words:
            return " (a word list goes to --lexicon; of one word a line, join the words of a sentence)"
        return " (cws segment segments text)"

    def _characters_only(self) -> Fault | None:
        if self._words < 20 or self._single < 0.98 * self._words:
            return None
        han = [word for _, words in self._sample for word in words if has_han(word)]
        if len(han) < 20 or sum(len(word) == 1 for word in han) < 0.98 * len(han):
            return None
        found = "nearly every word is one character, and in Chinese half of them are longer"
        return Fault(self._sample[0][0], f"this is cut into characters, not words: {found}: {REMEDY}")


def _really(text: str, read_as: str) -> str | None:
    """Return what the bytes of a text seem to be, if they are not what they were read as."""
    if codecs.lookup(read_as).name in ("utf-8", "utf-8-sig") or text.isascii():
        return None
    try:
        data = text.encode(read_as)
    except UnicodeEncodeError:
        return None
    found = guess_encoding(data)
    family = ("gb2312", "gbk", "gb18030")
    if found is None or codecs.lookup(found) == codecs.lookup(read_as) or (found in family and read_as in family):
        return None
    return None if found.startswith("utf-16") or found.startswith("utf-32") else found


def check_sentences(sentences: Iterable[Sequence[str]], name: str = "training") -> None:
    """Check that sentences are segmented: that words are neither whole sentences nor characters only, and have no tags.

    Args:
        sentences: Lists of words.
        name: Whose sentences they are, for the message.

    Raises:
        InputError: They are not, with the number of a sentence that shows it.
    """
    check = SegmentationCheck(least=20)
    for number, words in enumerate(sentences, 1):
        if words:
            check.add(words, number)
    for fault in check.faults():
        if fault.is_certain:
            raise InputError(f"{name} sentence {fault.place}: {fault.message}")
