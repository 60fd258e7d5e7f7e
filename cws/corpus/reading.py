"""Reading corpora: one sentence a line, words separated by white space; other layouts for what they are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from os import PathLike

from cws.corpus.check import SegmentationCheck
from cws.corpus.layouts import NumberedLine, find_layout, is_clearly_plain
from cws.errors import CorpusError
from cws.files import display_name, read_lines
from cws.text import split_words

log = logging.getLogger(__name__)

_HEAD = 1000  # lines that are looked at before the layout of a file is settled


def read_segmented(
    path: str | PathLike[str], *, encoding: str = "utf-8", errors: str = "strict", strict: bool = True
) -> Iterator[list[str]]:
    """Yield the words of each sentence, as the file is read.

    A file of another layout that is certain (`word/tag`, a character and its tag a line, CoNLL) is read for its words,
    and a warning of the log says so.

    Args:
        path: One sentence a line; words separated by white space, such as spaces, ideographic spaces, tabs. A run of
            control characters is a word of its own. Blank lines are skipped. `.xz`, `.gz` and `.zst` are decompressed,
            `-` is stdin.
        encoding: Any text encoding Python knows.
        errors: What to do with invalid bytes: `strict`, `replace`, or another of Python's error handlers.
        strict: Whether a file that is not segmented is an error, or only a warning of the log. Either comes after the
            last sentence.

    Raises:
        FileError: A missing file, a directory, no permission.
        EncodingError: Invalid bytes, with path:line:byte and the likely encoding.
        CorpusError: A file with no sentence at all, or one that is not segmented, with path:line and the remedy.
    """
    name = display_name(path)
    lines = enumerate(read_lines(path, encoding=encoding, errors=errors), 1)
    head = _head(lines)
    layout = find_layout(head, name)
    if layout is not None:
        log.warning("%s:%d: %s", name, layout.line, layout.note)
    check = SegmentationCheck(encoding)
    whole = check.watch(chain(head, lines))
    for number, words in _plain(whole) if layout is None else layout.read(whole, name):
        check.add(words, number)
        yield words
    if not check.sentences:
        remedy = "give a file with one sentence a line, words separated by spaces"
        raise CorpusError(f"no sentence in this file: {remedy}", name)
    for fault in check.faults():
        if strict and fault.is_certain:
            raise CorpusError(fault.message, name, fault.place)
        log.warning("%s:%d: %s", name, fault.place, fault.message)


def _head(lines: Iterator[NumberedLine]) -> list[NumberedLine]:
    """Return the lines that the layout is found by: as few as can be, because more may have to be waited for."""
    head: list[NumberedLine] = []
    for number, line in lines:
        head.append((number, line))
        if len(head) >= _HEAD or is_clearly_plain(line):
            break
    return head


def _plain(lines: Iterable[NumberedLine]) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        if words := split_words(line):
            yield number, words


def read_tagged(
    path: str | PathLike[str], *, encoding: str = "utf-8", errors: str = "strict"
) -> Iterator[list[tuple[str, str]]]:
    """Yield the (word, tag) pairs of each sentence; the tag follows the last slash, so `1/2/m` is the word `1/2`.

    Raises:
        FileError, EncodingError, CorpusError: As `read_segmented`; also CorpusError for a word without a tag.
    """
    empty = True
    for number, line in enumerate(read_lines(path, encoding=encoding, errors=errors), 1):
        pairs = []
        for item in line.split():
            word, _, tag = item.rpartition("/")
            if not word or not tag:
                raise CorpusError(f"expected word/tag, got {item!r}", display_name(path), number)
            pairs.append((word, tag))
        if pairs:
            empty = False
            yield pairs
    if empty:
        raise CorpusError("no sentence in this file: give one sentence a line, word/tag", display_name(path))
