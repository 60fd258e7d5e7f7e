"""Characters as classes: small numbers, one for each character that a model knows, and one for each type of others."""

from __future__ import annotations

from cws.text import HANZI, PUNCTUATION, SPACE

EDGE = 0  # the class of what lies before and after a text
UNKNOWN = 1  # UNKNOWN + type is the class of a character the model has not met
FIRST_KNOWN = UNKNOWN + 8
SEPARATOR = UNKNOWN + SPACE
ABSENT = 0xFFFF  # no class: what follows an n-gram's end in its key


def classes_of(characters: memoryview, text: str) -> list[int]:
    """Return the class of each character.

    Args:
        characters: The bytes of a model's table, the class of each code point of the BMP.
        text: Any text.
    """
    table = characters.cast("H")
    supplementary = UNKNOWN + PUNCTUATION, UNKNOWN + HANZI  # symbols, and the ideographs of planes 2 and 3
    return [
        table[code] if (code := ord(character)) < 0x10000 else supplementary[0x20000 <= code < 0x40000]
        for character in text
    ]
