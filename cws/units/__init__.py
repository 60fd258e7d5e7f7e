"""What no model may cut: numbers, addresses, names, emoji. See cws/units/reference.py for what units are."""

from __future__ import annotations

from cws import _native

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from typing import Literal

    UnitType = Literal[
        "word", "number", "date", "time", "latin", "url", "email", "path", "mention", "hashtag", "markup", "emoji",
        "punctuation",
    ]  # fmt: skip

FREE, BOUNDARY, NO_BOUNDARY = 0, 1, 2  # of a place between two characters, as in native/base/labeler.h

# At both ends of these there is a cut; the ends of the others are the model's to decide.
CUT_TYPES = frozenset(("url", "email", "path", "mention", "hashtag", "markup", "emoji", "punctuation"))


def find_units(text: str) -> list[tuple[int, int, UnitType]]:
    """Return start, end and type of each unit, in code points of the text, from the left; they do not overlap.

    >>> find_units("见http://t.cn/x。")
    [(1, 14, 'url')]
    """
    return _native.find_units(text)  # type: ignore[return-value]


def boundaries(text: str) -> bytes:
    """Return, for the place after each character, whether a word ends there: FREE, BOUNDARY or NO_BOUNDARY.

    The places beside and inside white space are free, except in units; after the last character there is a boundary.
    """
    return _native.find_boundaries(text)
