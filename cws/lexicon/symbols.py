"""Raw text as the lexicon builder sees it: symbols, in runs.

A symbol is a Han character, or a whole number (`0`: digits, or two and more Chinese numerals) or a whole Latin word
(`a`). A run is as many symbols as stand in a row; no word crosses its edge. Everything else is between the runs.

>>> runs("在ＰＫＵ读了20年（二十年！）书")
'在a读了0年\\n0年\\n书'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

NUMBER, LATIN = "0", "a"

# HANZI and NUMERAL of cws/text.py.
_HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ASCII = {**dict.fromkeys(range(0x30, 0x3A), NUMBER)} | {
    code: LATIN for first in (0x41, 0x61) for code in range(first, first + 26)
}
_SHAPES = str.maketrans({shifted: shape for code, shape in _ASCII.items() for shifted in (code, code + 0xFEE0)})
_WHOLE = "0+(?:[.．]0+)*[%％]?|a+|[〇零一二两三四五六七八九十百千万亿]{2,}"
_SYMBOL = re.compile(f"{_WHOLE}|[{_HAN}]")
_RUN = re.compile(f"(?:{_WHOLE}|[{_HAN}])+")
_NUMBER = re.compile(r"[0-9\uff10-\uff19]+(?:[.．][0-9\uff10-\uff19]+)*[%％]?|[〇零一二两三四五六七八九十百千万亿]{2,}")
_LATIN = re.compile(r"[A-Za-z\uff21-\uff3a\uff41-\uff5a]+")
_SHORT_RUN = re.compile(f"[{NUMBER}{LATIN}{_HAN}]+")
_BETWEEN = re.compile(r"[^\S\n]*\n|[^\S\n]+|(.)\1*", re.DOTALL)


def runs(text: str) -> str:
    """Return the runs of a text, one a line."""
    return "\n".join(_SHORT_RUN.findall(_shorten(text)))


def _shorten(text: str) -> str:
    return _NUMBER.sub(NUMBER, _LATIN.sub(LATIN, text))


def split(text: str, cut_run: Callable[[str], list[str]]) -> list[str]:
    """Return the words of a text; joined, they are the text.

    Between the runs, white space is a word of its own, one for each stretch of it, which ends after a line feed; so is
    any other character, with its repetitions.

    Args:
        text: Any text.
        cut_run: Returns the words of a run of symbols.
    """
    words: list[str] = []
    at = 0
    for match in _RUN.finditer(text.translate(_SHAPES)):
        words.extend(_between(text[at : match.start()]))
        words.extend(_words_of_run(text, match, cut_run))
        at = match.end()
    words.extend(_between(text[at:]))
    return words


def _words_of_run(text: str, match: re.Match[str], cut_run: Callable[[str], list[str]]) -> Iterator[str]:
    ends = [symbol.end() for symbol in _SYMBOL.finditer(match.group())]
    begin = symbols = 0
    for word in cut_run(_shorten(match.group())):
        symbols += len(word)
        end = ends[symbols - 1]
        yield text[match.start() + begin : match.start() + end]
        begin = end


def _between(text: str) -> Iterator[str]:
    return (match.group() for match in _BETWEEN.finditer(text))
