"""Readers' marks: what nearly every reader demands of a segmentation, and forbids, whatever the guideline.

    id TAB marked sentence

Between two characters a blank is a cut that must be there, `¦` may be cut or not, and nothing means that a cut is
wrong. `␣` is a blank of the text; what is beside it counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from os import PathLike

from cws.errors import CorpusError, InputError
from cws.files import display_name, read_lines

JOIN, CUT, OPEN = 0, 1, 2
_MARKS = {"": JOIN, " ": CUT, "¦": OPEN}
_MARKED_CHARACTER = re.compile(r"([ ¦]*)([^ ¦])", re.DOTALL)
_BLANK = "␣"
_HEAD = 100  # lines that tell a file of marks


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence and what readers say of its words.

    Attributes:
        name: Its id.
        text: The text that is segmented, with blanks for `␣`.
        places: Length max(len(text) - 1, 0); the place between the characters i and i + 1 is JOIN (0, a cut is wrong),
            CUT (1, a cut must be there) or OPEN (2, either). Beside white space of the text it is OPEN.
        demanded_words: One more than the marks for a cut; those beside a `␣` count here too, as if it were a word.
    """

    name: str
    text: str
    places: bytes
    demanded_words: int


def parse_marks(marked: str, name: str = "") -> MarkedSentence:
    """Return the sentence that marks are written in.

    >>> parse_marks("我 用¦过 app")
    MarkedSentence(name='', text='我用过app', places=b'\\x01\\x02\\x01\\x00\\x00', demanded_words=3)

    Raises:
        InputError: Nothing to segment, a mark with no character on one side, or both marks at one place.
    """
    pairs = _MARKED_CHARACTER.findall(marked)
    text = "".join(character for _, character in pairs).replace(_BLANK, " ")
    if not text.strip():
        raise InputError("the sentence is empty: expected characters with marks between them")
    if pairs[0][0] or marked[-1] in _MARKS:
        raise InputError(f"a mark stands between two characters, got {marked[0]!r} first and {marked[-1]!r} last")
    for before, character in pairs:
        if len(set(before)) > 1:
            raise InputError(f"a cut must be there or may be, got both marks before {character!r}: take one away")
    marks = [_MARKS[before[:1]] for before, _ in pairs[1:]]
    is_space = [character.isspace() for character in text]
    beside_space = map(max, is_space, is_space[1:])
    places = bytes(OPEN if beside else mark for mark, beside in zip(marks, beside_space, strict=False))
    return MarkedSentence(name, text, places, marks.count(CUT) + 1)


def has_marks(path: str | PathLike[str], *, encoding: str = "utf-8") -> bool:
    """Whether a file is one of marked sentences: its lines have a tab, and `¦` or `␣` after it soon.

    Raises:
        FileError, EncodingError: As `read_marks`.
    """
    head = [line for line in islice(read_lines(path, encoding=encoding), _HEAD) if line.strip()]
    return all("\t" in line for line in head) and any({_BLANK, "¦"} & set(line.partition("\t")[2]) for line in head)


def read_marks(
    path: str | PathLike[str], *, encoding: str = "utf-8", errors: str = "strict"
) -> Iterator[MarkedSentence]:
    """Yield the marked sentences of a file, as it is read.

    Args:
        path: A sentence a line, `id TAB marked sentence`; blank lines are skipped. `.xz`, `.gz` and `.zst` are
            decompressed, `-` is stdin.
        encoding: Any text encoding Python knows.
        errors: What to do with invalid bytes: `strict`, `replace`, or another of Python's error handlers.

    Raises:
        FileError: A missing file, a directory, no permission.
        EncodingError: Invalid bytes, with path:line:byte and the likely encoding.
        CorpusError: A line without a tab or with marks that `parse_marks` refuses, with path:line; no sentence at all.
    """
    shown, empty = display_name(path), True
    for number, line in enumerate(read_lines(path, encoding=encoding, errors=errors), 1):
        if not line.strip():
            continue
        empty = False
        name, tab, marked = line.partition("\t")
        if not tab:
            raise CorpusError(f"expected id TAB marked sentence, got no tab in {line[:20]!r}", shown, number)
        try:
            yield parse_marks(marked, name)
        except InputError as error:
            raise CorpusError(str(error), shown, number) from None
    if empty:
        raise CorpusError("no sentence in this file: give one a line, id TAB marked sentence", shown)
