"""What models see of a text, and how bytes become text.

Models look at a folded copy with one code point for each of the original, so that positions agree: 在ＰＫＵ讀書２０年
is seen as 在aaa读书00年. Words are always slices of the original.
"""

from __future__ import annotations

import codecs
import os
from itertools import groupby

from cws.errors import EncodingError, InputError

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

TYPE_NAMES = ("other", "hanzi", "digit", "letter", "numeral", "punctuation", "space", "kana_hangul")
OTHER, HANZI, DIGIT, LETTER, NUMERAL, PUNCTUATION, SPACE, KANA_HANGUL = range(8)

# Only those that hardly ever mean anything else: 伍 and 陆 are surnames, 拾 is to pick up.
_NUMERALS = frozenset("〇零一二两三四五六七八九十百千万亿兆廿卅卌")
# Of all Han characters, numerals too, folded or not.
HANZI_RANGES = (
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
# Without U+30FB, the middle dot, which Chinese text uses in foreign names.
_KANA_HANGUL = (
    (0x1100, 0x11FF), (0x3040, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x3130, 0x318F), (0x31F0, 0x31FF),
    (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xFF66, 0xFFDC),
)  # fmt: skip

# The capitals of the Latin, Greek, Cyrillic and Armenian scripts. Walking all of Unicode would cost every start 50 ms.
_CASED = (*range(0xC0, 0x590), *range(0x1E00, 0x2000))

# UTF-32 first, because the mark of UTF-16 begins the mark of UTF-32.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

# The control characters that str.split does not take for white space.
_CONTROLS = frozenset(map(chr, (*range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0x85), *range(0x86, 0xA0))))
_fold_table: dict[int, int] = {}  # made by the first call of fold


def split_words(line: str) -> list[str]:
    """Return the words of a line of segmented text, which are separated by white space.

    A run of control characters is a word of its own, as `cws.segment` has it: no model puts them into a word.

    >>> split_words("今天\\0天气\\u3000真 好")
    ['今天', '\\x00', '天气', '真', '好']
    """
    if _CONTROLS.isdisjoint(line):
        return line.split()
    runs = groupby(line, _CONTROLS.__contains__)
    return "".join(f" {''.join(run)} " if is_control else "".join(run) for is_control, run in runs).split()


def is_written(word: str) -> bool:
    """Whether `cws segment` writes this word: all but those of white space and control characters alone."""
    return not (word.isspace() or all(character.isspace() or character in _CONTROLS for character in word))


def fold(text: str) -> str:
    """Return what models see of the text: exactly one code point for each of the original.

    Full-width ASCII becomes half-width and the ideographic space a space, traditional characters simplified (OpenCC's
    table), capitals small; then every digit becomes `0` and every letter of a-z becomes `a`. Folding twice changes
    nothing more.

    >>> fold("在ＰＫＵ讀書２０年")
    '在aaa读书00年'
    """
    return text.translate(_fold_table or _load_fold_table())


def folding_table(*, case: bool, width: bool) -> dict[int, int]:
    """Return what `str.translate` takes to make letters small, or full-width ASCII (and space) half-width.

    >>> "Ａb".translate(folding_table(case=True, width=True))
    'ab'
    """
    table = {}
    if width:
        table = {code + 0xFEE0: code for code in range(0x21, 0x7F)} | {0x3000: ord(" ")}
    if case:
        capitals = (*range(0x41, 0x5B), *range(0xFF21, 0xFF3B), *_CASED)
        small = {code: ord(lower) for code in capitals if len(lower := chr(table.get(code, code)).lower()) == 1}
        table |= {code: lower for code, lower in small.items() if lower != code}
    return table


def folded_bmp() -> list[int]:
    """Return the folded code point of each of the 65,536 code points of the BMP. Beyond it, folding changes nothing."""
    return list(map(ord, fold("".join(map(chr, range(0x10000))))))


def _load_fold_table() -> dict[int, int]:
    global _fold_table
    # Not importlib.resources, whose import takes longer than all the rest of a start.
    path = os.path.join(os.path.dirname(__file__), "data", "variants.txt")
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n") for line in file if not line.startswith("#")]
    table = str.maketrans("".join(rows[::2]), "".join(rows[1::2]))
    table.update((capital, ord(small)) for capital in _CASED if len(small := chr(capital).lower()) == 1)
    table[0x3000] = ord(" ")
    for ascii_code in range(0x21, 0x7F):
        character = chr(ascii_code)
        seen = "0" if character.isdigit() else "a" if character.isalpha() else character
        table[ascii_code] = table[ascii_code + 0xFEE0] = ord(seen)
    _fold_table = table  # at once and complete, so that threads may race here
    return table


def character_type(character: str) -> int:
    """Return the type of one character, folded or not: OTHER, HANZI ... KANA_HANGUL, which fit in three bits."""
    return _types(fold(character))[0]


def bmp_types() -> bytes:
    """Return the type of each of the 65,536 code points of the BMP."""
    return _types(fold("".join(map(chr, range(0x10000)))))


def _types(folded: str) -> bytes:
    from unicodedata import category  # here, because most processes find the types in their model

    def type_of(character: str) -> int:
        if character in _NUMERALS:
            return NUMERAL
        if "\u4e00" <= character <= "\u9fff":  # most characters, without walking through the ranges
            return HANZI
        code = ord(character)
        if any(first <= code <= last for first, last in HANZI_RANGES):
            return HANZI
        if character == "0":
            return DIGIT
        kind = category(character)
        if character.isspace() or kind == "Cc":
            return SPACE
        if kind[0] in "PS":
            return PUNCTUATION
        if any(first <= code <= last for first, last in _KANA_HANGUL):
            return KANA_HANGUL
        return LETTER if character.isalpha() else OTHER

    return bytes(map(type_of, folded))


def decode(data: bytes, *, path: str | PathLike[str], encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return the text of a whole file.

    Args:
        data: The bytes of the file, from its beginning; a byte order mark is dropped.
        path: Where they come from, for messages.
        encoding: Any text encoding Python knows.
        errors: `strict`, `replace`, or another of Python's error handlers.

    Raises:
        EncodingError: Bytes that are not text in this encoding, with path:line:byte and the remedy.
        InputError: An unknown encoding or error handler.
    """
    return "".join(decode_blocks([data], path, encoding, errors))


def decode_lines(
    blocks: Iterable[bytes], *, path: str | PathLike[str], encoding: str = "utf-8", errors: str = "strict"
) -> Iterator[str]:
    """Yield the lines of a file that comes in blocks, as `decode` does; at most a block and a line are held.

    Lines end in `\\n` or `\\r\\n`, which are taken off, and nowhere else: U+2028 and form feeds stay inside a line.
    """
    pieces: list[str] = []  # of a line that goes on in the next block
    for text in decode_blocks(blocks, path, encoding, errors):
        first, *lines = text.split("\n")
        pieces.append(first)
        if lines:
            yield "".join(pieces).removesuffix("\r")
            pieces = [lines.pop()]
            for line in lines:
                yield line.removesuffix("\r")
    if any(pieces):
        yield "".join(pieces).removesuffix("\r")


def decode_blocks(
    blocks: Iterable[bytes], path: str | PathLike[str], encoding: str = "utf-8", errors: str = "strict"
) -> Iterator[str]:
    """Yield the text of each block of a file that is cut anywhere, as `decode` does."""
    decoder = _decoder(encoding, errors)
    line, offset, at_start = 1, 0, True
    for block in _with_end(blocks):
        before = decoder.getstate()
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            # The decoder may hold bytes of earlier blocks, so count from the end, which is also the block's end.
            good = len(block) - (len(error.object) - error.start)
            decoder.setstate(before)
            line += decoder.decode(block[: max(good, 0)]).count("\n")
            raise EncodingError(explain_invalid(error, encoding), path, line, offset + good) from None
        except UnicodeError as error:  # of UTF-16 and UTF-32 without a byte order mark
            raise EncodingError(f"{error}: try --encoding utf-16-le or utf-16-be", path, line, offset) from None
        line += text.count("\n")
        offset += len(block)
        if text and at_start:
            text = text.removeprefix("\ufeff")
            at_start = False
        yield text


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield from filter(None, blocks)
    yield b""


def _decoder(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    try:
        b" ".decode(encoding, "replace")  # unlike the next line, this also refuses codecs that are not for text
        codecs.lookup_error(errors)
        return codecs.getincrementaldecoder(encoding)(errors)
    except (LookupError, ValueError) as error:
        raise InputError(f"{error}: try utf-8, gb18030 or big5, and errors strict or replace") from None


def explain_invalid(error: UnicodeDecodeError, encoding: str) -> str:
    """Return what is wrong with the bytes and what to do, guessing their encoding."""
    # Guess from the head of the file, or where the trouble is further down, from the line it is in.
    start = 0 if error.start < 4096 else error.object.rfind(b"\n", 0, error.start) + 1
    guess = guess_encoding(error.object[start : error.start + 4096])
    known = guess is not None and codecs.lookup(guess) != codecs.lookup(encoding)
    remedy = (
        f"this looks like {guess}: try --encoding {guess}"
        if known
        else "mend the file (cws segment has --errors replace)"
    )
    return f"byte 0x{error.object[error.start]:02x} is not valid {encoding}: {remedy}"


def guess_encoding(head: bytes) -> str | None:
    """Return the likely encoding of the head of a Chinese text, or None.

    Both GB 2312 and Big5 put the common characters in rows of their own. So each candidate is tried, and the one that
    yields the largest share of common characters is taken, if that is the better part.
    """
    for bom, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(bom):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character cut off at the end is no error here
        return "utf-8"
    except UnicodeDecodeError:
        pass
    gb, big5 = _rows("gb2312", 0xB0, 0xD7), _rows("big5", 0xA4, 0xC6)
    candidates = dict.fromkeys(("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"), gb | big5)
    candidates |= {"gb18030": gb, "big5": big5}
    shares = {name: _share(head.decode(name, "replace"), common) for name, common in candidates.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > 0.7 else None


def _rows(codec: str, first: int, last: int) -> frozenset[str]:
    """Return the characters whose lead byte is a punctuation row (0xA1 to 0xA3) or one of first to last."""
    leads = (*range(0xA1, 0xA4), *range(first, last + 1))
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    return frozenset("".join(bytes((a, b)).decode(codec, "ignore") for a in leads for b in trails))


def _share(text: str, common: frozenset[str]) -> float:
    # ASCII tells nothing, except NUL: UTF-32 that is read as UTF-16 is full of them.
    telling = [character for character in text if not "\1" <= character <= "\x7f"]
    return sum(character in common for character in telling) / max(1, len(telling))
