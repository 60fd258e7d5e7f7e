from __future__ import annotations

import codecs
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text

import cws.text
from cws.errors import EncodingError, InputError
from cws.text import (
    DIGIT,
    HANZI,
    KANA_HANGUL,
    LETTER,
    NUMERAL,
    OTHER,
    PUNCTUATION,
    SPACE,
    TYPE_NAMES,
    character_type,
    decode,
    decode_lines,
    fold,
    folded_bmp,
    guess_encoding,
)

SENTENCE = "他来到了网易杭研大厦，今天的天气很好。"
TRADITIONAL = "他來到了網易杭研大廈，今天的天氣很好。"


@given(text=any_text())
def test_text_fold_keeps_the_length_and_folds_once(text):
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded


@given(left=any_text(), right=any_text())
def test_text_fold_looks_at_one_character_at_a_time(left, right):
    assert fold(left + right) == fold(left) + fold(right)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("在ＰＫＵ讀書２０年", "在aaa读书00年"),
        ("ABCxyz0189", "aaaaaa0000"),
        ("！～　，．", "!~ ,."),
        ("ÉΔЖ", "éδж"),
        ("İß", "İß"),  # their other case has two characters or is another letter
        ("乾隆著作", "干隆著作"),
        ("薴苧", "苎苎"),
        ("\0\ud800\U0001f600", "\0\ud800\U0001f600"),
    ],
)
def test_text_fold_examples(text, folded):
    assert fold(text) == folded


def test_text_folded_bmp_is_fold():
    codes = folded_bmp()
    assert len(codes) == 65536
    assert [codes[ord(character)] for character in "Ａ９漢汉"] == list(map(ord, "a0汉汉"))
    assert all(codes[code] == code for code in codes)  # folding twice changes nothing more


def test_text_fold_leaves_what_lies_beyond_the_bmp():
    beyond = "".join(map(chr, range(0x10000, 0x110000, 7)))
    assert fold(beyond) == beyond


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("他𠀀々體⺀", HANZI),
        ("0９", DIGIT),
        ("aZＱéЖㄅ", LETTER),
        ("〇零一十百萬亿兩廿", NUMERAL),
        ("，。,.·・—《$￥+😀", PUNCTUATION),
        (" \u3000\t\n\0\xa0\u2028\x7f", SPACE),
        ("のカｶ한ㄱ", KANA_HANGUL),
        ("\ud800\u200d\u0301\U0010ffff٣", OTHER),
    ],
)
def test_text_character_types(characters, expected):
    assert {character_type(character) for character in characters} == {expected}


def test_text_character_types_fit_in_three_bits():
    assert len(TYPE_NAMES) == 8
    assert (TYPE_NAMES[HANZI], TYPE_NAMES[KANA_HANGUL]) == ("hanzi", "kana_hangul")


@given(character=st.characters(codec=None, exclude_categories=()))
def test_text_character_type_is_that_of_the_folded_character(character):
    assert character_type(character) == character_type(fold(character)) in range(8)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030", "big5"])
def test_text_decode_reads_and_drops_a_byte_order_mark(encoding):
    assert decode(TRADITIONAL.encode(encoding), path="a", encoding=encoding.removesuffix("-sig")) == TRADITIONAL


def test_text_decode_drops_one_byte_order_mark_only():
    assert decode(codecs.BOM_UTF8 * 2 + b"a", path="a") == "\ufeffa"
    assert decode(b"a" + codecs.BOM_UTF8, path="a") == "a\ufeff"


def test_text_decode_names_line_byte_and_remedy():
    data = codecs.BOM_UTF8 + "一二\n三".encode() + b"\xff\n"
    with pytest.raises(EncodingError) as caught:
        decode(data, path="a.txt")
    remedy = "mend the file (cws segment has --errors replace)"
    assert str(caught.value) == f"a.txt:2:13: byte 0xff is not valid utf-8: {remedy}"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_text_decode_names_the_likely_encoding():
    with pytest.raises(EncodingError, match="^a:1:0: byte 0xcb .*: this looks like gb18030: try --encoding gb18030$"):
        decode(SENTENCE.encode("gb18030"), path="a")


def test_text_decode_finds_the_encoding_far_down_the_file():
    data = b"0123456789\n" * 1000 + SENTENCE.encode("gb18030")
    with pytest.raises(EncodingError, match="^a:1001:11000: .* looks like gb18030"):
        decode(data, path="a")


def test_text_decode_suggests_utf8_for_other_encodings():
    with pytest.raises(EncodingError, match="is not valid big5: this looks like utf-8: try --encoding utf-8"):
        decode(SENTENCE.encode(), path="a", encoding="big5")


def test_text_decode_of_a_file_cut_off_does_not_suggest_what_was_tried():
    with pytest.raises(EncodingError, match="^a:1:54: byte 0xe3 is not valid utf-8: mend the file"):
        decode(SENTENCE.encode()[:-1], path="a")


def test_text_decode_can_replace():
    assert decode(b"a\xffb", path="a", errors="replace") == "a\ufffdb"


@pytest.mark.parametrize(
    ("encoding", "errors", "message"),
    [
        ("klingon", "strict", "unknown encoding"),
        ("hex", "strict", "not a text"),
        ("utf-8", "x", "unknown error handler"),
    ],
)
def test_text_decode_refuses_unknown_codecs(encoding, errors, message):
    with pytest.raises(InputError, match=f"{message}.*try utf-8, gb18030 or big5"):
        decode(b"", path="a", encoding=encoding, errors=errors)


@given(text=any_text(), size=st.integers(1, 7), encoding=st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_text_decode_lines_does_not_depend_on_the_blocks(text, size, encoding):
    data = text.encode(encoding, "replace")
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    lines = list(decode_lines(blocks, path="a", encoding=encoding))
    whole = decode(data, path="a", encoding=encoding)
    expected = whole.removesuffix("\n").split("\n") if whole else []
    assert lines == [line.removesuffix("\r") for line in expected]


@given(
    text=any_text(),
    size=st.integers(1, 7),
    cut=st.integers(0),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "big5"]),
)
def test_text_decode_errors_do_not_depend_on_the_blocks(text, size, cut, encoding):
    data = text.encode(encoding, "replace")
    cut %= len(data) + 1
    data = data[:cut] + b"\xff\xdf\n" + data[cut:]
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    places = []
    for pieces in (blocks, [data]):
        try:
            list(decode_lines(pieces, path="a", encoding=encoding))
        except EncodingError as error:
            places.append((error.line, error.byte))
    assert len(places) in (0, 2)
    assert len(set(places)) <= 1


def test_text_decode_lines_ends_lines_at_newlines_only():
    assert list(decode_lines([b"a\x0cb\r\n\r\n\xe2\x80\xa8c\rd"], path="a")) == ["a\x0cb", "", "\u2028c\rd"]


def test_text_decode_lines_streams():
    def blocks():
        yield b"a\nb"
        raise AssertionError("read too far")

    assert next(decode_lines(blocks(), path="a")) == "a"


@pytest.mark.parametrize("text", [SENTENCE, SENTENCE * 100, SENTENCE + "\nabc 123\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_text_guess_encoding_by_common_characters(text, encoding):
    assert guess_encoding(text.encode(encoding)) == encoding


def test_text_guess_encoding_tells_big5_from_gb18030():
    assert guess_encoding(TRADITIONAL.encode("big5")) == "big5"
    assert guess_encoding(TRADITIONAL.encode("gb18030")[: 19 * 2 - 1]) is not None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_text_guess_encoding_by_byte_order_mark(encoding):
    assert guess_encoding("hello".encode(encoding)) == encoding
    assert guess_encoding(("\ufeff" + "hello").encode(encoding + "-be")) == encoding


@pytest.mark.parametrize("data", [bytes(range(256)), "café au lait, naïve, à la carte".encode("latin-1"), b"\xff\xff"])
def test_text_guess_encoding_does_not_guess_wildly(data):
    assert guess_encoding(data) is None


def test_text_modules_of_the_ground_floor_import_next_to_nothing():
    folder = str(Path(cws.text.__file__).parent)
    code = (
        f"import sys; cws = type(sys)('cws'); cws.__path__ = [{folder!r}]; sys.modules['cws'] = cws\n"
        "import cws.errors, cws.tags, cws.text; cws.text.fold('漢'); cws.tags.SBME.words_to_tags(['漢'])\n"
        "print(*{'numpy', 'dataclasses', 'typing', 'enum', 're', 'functools', 'collections'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
