"""Layouts of segmented text other than plain words: found by the first lines of a file, and read for the words.

    word/tag           今天/t 天气/n          also word_tag, word|tag, word#tag; PFR's numbers and brackets are dropped
    character columns  今 TAB B               B, M, E, S (or B, I, ...) spell the words; a blank line ends a sentence
    word columns       今天 TAB NT            one word a line; a blank line ends a sentence
    CoNLL              1 TAB 今天 TAB ...     FORM is taken; a blank line ends a sentence

A layout is taken only where it is certain; columns that spell no words are an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from cws.errors import CorpusError
from cws.text import HANZI_RANGES, split_words

NumberedLine = tuple[int, str]  # the first line is 1


class Layout(NamedTuple):
    """How the words of a file are written.

    Attributes:
        line: The first line that shows it.
        note: What to say of it.
        read: Yields the line number and the words of each sentence, from numbered lines and the name of the file.
    """

    line: int
    note: str
    read: Callable[[Iterable[NumberedLine], str], Iterator[tuple[int, list[str]]]]


_HAN = f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in HANZI_RANGES)}]"
_HAS_HAN = re.compile(_HAN)
_TAG = r"[A-Za-z][A-Za-z0-9$-]{0,15}"
_TAGGED = {  # a word with its tag, by what stands between them
    separator: re.compile(rf"\[*(?P<word>.+){re.escape(separator)}(?P<tag>{_TAG})(?:\](?:/?[A-Za-z]+)?)*")
    for separator in "/_|#／"
}
_TAGGED_OTHERWISE = {  # tags of any script, taken for some only where they are few
    separator: re.compile(rf"(?P<word>.+){re.escape(separator)}(?P<tag>[^\W_]{{1,8}})") for separator in "/_|#／"
}
_MOST_TAGS = 64
_LIKE_TAGGED = re.compile(r".+[/_|#／].+")
_COLUMN_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_$+,.;-]{0,23}")
_PARAGRAPH = re.compile(r"\d{8}-\d\d-\d{3}-\d{3}(?:/m)?")
_PINYIN = re.compile(r"(?<=.)\{[^{}]*\}")
_CONLL_INDEX = re.compile(r"\d+(?:[-.]\d+)?")

# What a character with this tag is in its word, in any of the usual schemes: it begins it, ends it, both or neither.
_BEGINS, _ENDS = frozenset("SBU"), frozenset("SEUL")
_POSITIONS = frozenset(["S", "B", "M", "E", "I", "U", "L", "B2", "B3", "M1", "M2"])
_CERTAIN = 0.95  # of the lines or words


def is_clearly_plain(line: str) -> bool:
    """Whether a line can only be one of plain words, so that no more of the file need be seen to know."""
    words = split_words(line)
    if "\t" in line or line.startswith(("#", "<", "{", "[", "-DOCSTART-")):
        return False
    return sum(map(has_han, words)) >= 2 and not any(map(_LIKE_TAGGED.fullmatch, words))


def has_han(text: str) -> bool:
    """Whether there is a Han character in the text."""
    return _HAS_HAN.search(text) is not None


def han_characters(text: str) -> int:
    """Return the number of Han characters in the text."""
    return len(_HAS_HAN.findall(text))


def find_layout(head: Sequence[NumberedLine], path: str) -> Layout | None:
    """Return the layout of a file by its first lines; None where nothing speaks against plain words.

    Raises:
        CorpusError: Columns, but such as spell no words.
    """
    lines = [(number, line) for number, line in head if split_words(line)]
    return _conll(lines) or _columns(lines, len(head) > len(lines), path) or _tagged(lines)


def tag_separator(words: Sequence[str]) -> str | None:
    """Return what stands between words and their tags, if these are tagged words."""
    if len(words) < 3 or sum(map(has_han, words)) < 0.3 * len(words):
        return None
    for separator, pattern in _TAGGED.items():
        share = sum(pattern.fullmatch(word) is not None for word in words) / len(words)
        if share == 1 or (share >= _CERTAIN and len(words) >= 20):
            return separator
    for separator, pattern in _TAGGED_OTHERWISE.items() if len(words) >= 20 else ():
        tags = [match["tag"] for word in words if (match := pattern.fullmatch(word))]
        if len(tags) >= _CERTAIN * len(words) and len(set(tags)) <= min(_MOST_TAGS, len(tags) / 4):
            return separator
    return None


# Words with tags


def _tagged(lines: Sequence[NumberedLine]) -> Layout | None:
    items = [item for _, line in lines for item in line.split() if not _PARAGRAPH.fullmatch(item)]
    separator = tag_separator(items)
    if separator is None:
        return None
    pairs = [(match["word"], match["tag"]) for item in items if (match := _TAGGED[separator].fullmatch(item))]
    line = lines[0][0]
    if pairs and all(len(word) == 1 for word, _ in pairs) and _spell_words([tag for _, tag in pairs]):
        note = f"these are characters with tags, such as {items[0]}: read as the words that the tags spell"
        return Layout(line, note, partial(_read_tagged_characters, separator=separator))
    note = f"the words have tags, such as {items[0]}: the tags are dropped"
    return Layout(line, note, partial(_read_tagged, separator=separator))


def _pairs(line: str, separator: str, path: str, number: int) -> Iterator[tuple[str, str]]:
    for item in line.split():
        if _PARAGRAPH.fullmatch(item):
            continue
        match = _TAGGED[separator].fullmatch(item)
        # PFR has tags such as Tg and /w for itself, which the pattern knows; others may have any: `1/2/m`, `//w`.
        word, _, tag = (match["word"], "", match["tag"]) if match else item.rpartition(separator)
        if not word or not tag:
            raise CorpusError(
                f"expected word{separator}tag, as in the lines before, got {item!r}: give it a tag or none to all",
                path,
                number,
            )
        yield _PINYIN.sub("", word), tag


def _read_tagged(lines: Iterable[NumberedLine], path: str, *, separator: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        if words := [part for word, _ in _pairs(line, separator, path, number) for part in split_words(word)]:
            yield number, words


def _read_tagged_characters(
    lines: Iterable[NumberedLine], path: str, *, separator: str
) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        if pairs := list(_pairs(line, separator, path, number)):
            yield number, _words_of([word for word, _ in pairs], [tag for _, tag in pairs], path, [number] * len(pairs))


# CoNLL


def _conll(lines: Sequence[NumberedLine]) -> Layout | None:
    rows = [(number, line.split("\t")) for number, line in lines if not line.startswith("#")]
    fit = [number for number, row in rows if len(row) >= 4 and _CONLL_INDEX.fullmatch(row[0])]
    if not fit or len(fit) < _CERTAIN * len(rows):
        return None
    return Layout(fit[0], "this is CoNLL, a word a line: read for its words, the second column", _read_conll)


def _read_conll(lines: Iterable[NumberedLine], path: str) -> Iterator[tuple[int, list[str]]]:
    for number, block in _blocks(line for line in lines if not line[1].startswith("#")):
        words: list[str] = []
        for at, line in block:
            row = line.split("\t")
            if len(row) < 4:
                raise CorpusError(f"expected columns of CoNLL, as in the lines before, got {line!r}", path, at)
            if row[0].isdecimal():
                words += split_words(row[1])
        if words:
            yield number, words


def _blocks(lines: Iterable[NumberedLine]) -> Iterator[tuple[int, list[NumberedLine]]]:
    """Yield the lines between blank lines, with the number of the first."""
    block: list[NumberedLine] = []
    for number, line in lines:
        if split_words(line):
            block.append((number, line))
        elif block:
            yield block[0][0], block
            block = []
    if block:
        yield block[0][0], block


# Columns


def _fields(line: str) -> list[str]:
    """Return the columns of a line, of which the first may be a blank itself."""
    is_blank_first = line.startswith(("\u3000", "\xa0"))
    fields = line.split("\t") if "\t" in line else line.split(" ") if is_blank_first else line.split()
    return [field for field in fields if field]


def _columns(lines: Sequence[NumberedLine], has_blank_lines: bool, path: str) -> Layout | None:
    """Return the layout of lines such as `character TAB tag` and `word TAB tag`."""
    rows = [(number, _fields(line)) for number, line in lines if not line.startswith("-DOCSTART-")]
    fit = [
        (number, row) for number, row in rows if 2 <= len(row) <= 12 and _COLUMN_TAG.fullmatch(row[-1].strip())
    ]  # fmt: skip
    if len(fit) < 4 or len(fit) < _CERTAIN * len(rows) or len({len(row) for _, row in fit}) > 2:
        return None
    firsts, tags = [row[0] for _, row in fit], [row[-1].strip() for _, row in fit]
    if sum(map(has_han, firsts)) < 0.3 * len(fit):
        return None
    line, sample = fit[0][0], " ".join(fit[0][1])
    is_character = [len(first.rstrip("0123456789") or first[:1]) == 1 for first in firsts]
    if sum(is_character) >= _CERTAIN * len(fit):
        if not _spell_words(tags):
            raise CorpusError(
                f"a character and a tag a line, such as {sample!r}, but the tags spell no words: give tags such as"
                " B, M, E, S, or one sentence a line, words separated by spaces",
                path,
                line,
            )
        note = f"a character and its tag a line, such as {sample!r}: read as the words that the tags spell"
        return Layout(line, note, _read_character_columns)
    if has_blank_lines and not all(map(str.isdecimal, tags)):
        note = f"a word and its tag a line, such as {sample!r}: the words are taken, a blank line ends a sentence"
        return Layout(line, note, _read_word_columns)
    if len(fit) >= 10:
        raise CorpusError(
            f"this looks like a word list, with lines such as {sample!r}: give it by --lexicon, and here one sentence a"
            " line, words separated by spaces",
            path,
            line,
        )
    return None


def _position(tag: str) -> str:
    return re.split("[-_]", tag, maxsplit=1)[0].upper()


def _spell_words(tags: Sequence[str]) -> bool:
    """Whether tags are those of a segmentation: nearly all B, M, E, S or the like, with labels or without."""
    found = [position for position in map(_position, tags) if position in _POSITIONS]
    positions = set(found)
    return len(found) >= _CERTAIN * len(tags) and bool(positions & _BEGINS) and bool(positions - {"S", "U"})


def _words_of(characters: Sequence[str], tags: Sequence[str], path: str, lines: Sequence[int]) -> list[str]:
    """Return the words that tags spell, legal or not: one begins at B and S, and after E and S."""
    words: list[str] = []
    ended = True
    for character, tag, line in zip(characters, tags, lines, strict=True):
        position = _position(tag)
        if position not in _POSITIONS:
            raise CorpusError(f"expected a tag such as B, M, E, S, as in the lines before, got {tag!r}", path, line)
        if ended or position in _BEGINS:
            words.append(character)
        else:
            words[-1] += character
        ended = position in _ENDS
    return [part for word in words for part in split_words(word)]


def _read_character_columns(lines: Iterable[NumberedLine], path: str) -> Iterator[tuple[int, list[str]]]:
    for number, block in _blocks(line for line in lines if not line[1].startswith("-DOCSTART-")):
        rows = [(at, _fields(line)) for at, line in block]
        for at, row in rows:
            if len(row) < 2:
                raise CorpusError(f"expected a character and its tag, got {' '.join(row)!r}", path, at)
        characters, tags = [row[0] for _, row in rows], [row[-1].strip() for _, row in rows]
        if words := _words_of(characters, tags, path, [at for at, _ in rows]):
            yield number, words


def _read_word_columns(lines: Iterable[NumberedLine], path: str) -> Iterator[tuple[int, list[str]]]:
    for number, block in _blocks(line for line in lines if not line[1].startswith("-DOCSTART-")):
        if words := [word for _, line in block for word in split_words(_fields(line)[0])]:
            yield number, words
