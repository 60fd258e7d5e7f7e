from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text

import cws.streaming
from cws.errors import EncodingError, InputError
from cws.segmenter import Segmenter
from cws.streaming import FORMATS, segment_blocks
from cws.text import SPACE, character_type, decode

THREADS = (1, 2, 5)
SMALL_BLOCK = 8192  # bytes; a sequence, 1024 characters, still fits
small_blocks = mock.patch.object(cws.streaming, "BLOCK", SMALL_BLOCK)  # lines beyond it are long enough to be cut


@pytest.fixture(scope="module")
def segmenter():
    return Segmenter()


def run(segmenter, blocks, format="text", threads=1):
    return b"".join(segment_blocks(segmenter, blocks, format=format, threads=threads))


def run_until_error(segmenter, blocks, threads):
    """What is yielded, and the error that ends it."""
    output = []
    with pytest.raises(EncodingError) as caught:
        for words in segment_blocks(segmenter, blocks, threads=threads, path="a.txt"):
            output.append(words)  # one by one: what came before the error counts too
    return b"".join(output), caught.value


def tokens(segmenter, line):
    """The tokens of a line that are not white space."""
    words = segmenter.segment(line)
    found = segmenter.tokens(line)
    assert [token.text for token in found] == words
    return [token for token in found if character_type(token.text[-1]) != SPACE]


def format_line(format, found):
    if format == "text":
        return " ".join(token.text for token in found) + "\n"
    if format == "conll":
        return "".join(f"{token.text}\t{token.type}\n" for token in found) + "\n"
    if format == "spans":
        return " ".join(f"{token.start}-{token.end}" for token in found) + "\n"
    objects = [{"text": one.text, "start": one.start, "end": one.end, "type": one.type} for one in found]
    return json.dumps({"tokens": objects}, ensure_ascii=False, separators=(",", ":")) + "\n"


def lines_of(text):
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def expected(segmenter, text, format="text"):
    """The output for a text, made of what Segmenter.segment says of each of its lines."""
    return "".join(format_line(format, tokens(segmenter, line)) for line in lines_of(text)).encode()


def cut(data, places):
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def utf8_text(max_size=40):
    return any_text(max_size=max_size).map(lambda text: text.encode("utf-8", "replace").decode())


def cuts():
    return st.lists(st.integers(0, 10_000), max_size=8)


@pytest.mark.parametrize(
    ("format", "output"),
    [
        ("text", "我 爱 北京\n\n你 好\n"),
        ("conll", "我\tword\n爱\tword\n北京\tword\n\n\n你\tword\n好\tword\n\n"),
        ("spans", "0-1 1-2 2-4\n\n1-2 3-4\n"),
        (
            "json",
            '{"tokens":[{"text":"我","start":0,"end":1,"type":"word"},{"text":"爱","start":1,"end":2,"type":"word"},'
            '{"text":"北京","start":2,"end":4,"type":"word"}]}\n'
            '{"tokens":[]}\n'
            '{"tokens":[{"text":"你","start":1,"end":2,"type":"word"},{"text":"好","start":3,"end":4,"type":"word"}]}\n',
        ),
    ],
)
def test_streaming_golden_bytes(segmenter, format, output):
    assert run(segmenter, ["我爱北京\n \n\u3000你 好".encode()], format).decode() == output


@given(text=utf8_text(), places=cuts(), format=st.sampled_from(FORMATS), threads=st.sampled_from(THREADS))
@settings(max_examples=300)
def test_streaming_says_what_segment_says_line_by_line(segmenter, text, places, format, threads):
    blocks = cut(text.encode(), places)
    assert run(segmenter, blocks, format, threads) == expected(segmenter, text.removeprefix("\ufeff"), format)


@pytest.mark.parametrize("format", FORMATS)
def test_streaming_cut_at_every_byte(segmenter, format):
    data = "\ufeff今天，天气😀 好\r\n\r\n a\0é\u2028中文".encode()
    whole = run(segmenter, [data], format)
    assert whole == expected(segmenter, data.decode()[1:], format)
    for at in range(len(data)):
        assert run(segmenter, [data[:at], data[at:]], format) == whole
    assert run(segmenter, [data[at : at + 1] for at in range(len(data))], format, threads=5) == whole


PIECES = [
    "今天天气真好我们去北京大学吧",
    "，今天天气真好，",
    " ",
    "\u3000",
    "\0",
    "a",
    "1",
    "é",
    "𠀀",
    "😀",
    "\ufeff",
    "他说：“好。”",
]


@st.composite
def long_lines(draw):
    """Some lines, many of them longer than SMALL_BLOCK bytes: runs of one piece, up to 3,000 times."""
    runs = draw(st.lists(st.tuples(st.sampled_from([*PIECES, "\n"]), st.integers(1, 3000)), min_size=1, max_size=6))
    return "".join(
        piece if piece == "\n" else piece * (count if len(piece) == 1 else count // 8) for piece, count in runs
    )


@small_blocks
@given(text=long_lines(), places=cuts(), format=st.sampled_from(FORMATS), threads=st.sampled_from(THREADS))
@settings(max_examples=60)
def test_streaming_long_lines(segmenter, text, places, format, threads):
    blocks = cut(text.encode(), [place * 13 for place in places])
    assert run(segmenter, blocks, format, threads) == expected(segmenter, text.removeprefix("\ufeff"), format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("piece", PIECES)
@small_blocks
def test_streaming_one_line_without_a_line_feed(segmenter, piece, threads, format):
    text = "始" + piece * (30_000 // len(piece.encode()))
    blocks = cut(text.encode(), range(0, 30_000, 1000))
    assert run(segmenter, blocks, format, threads) == expected(segmenter, text, format)


@small_blocks
def test_streaming_long_line_is_cut(segmenter):
    blocks = list(segment_blocks(segmenter, cut("今天天气好".encode() * 4000, range(0, 60_000, 1000))))
    assert len(blocks) >= 6
    assert max(map(len, blocks)) < 3 * SMALL_BLOCK


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize(
    ("data", "output"),
    [
        (b"", ""),
        (b"\n", "\n"),
        (b"\n\n", "\n\n"),
        (b" ", "\n"),
        (b"\xef\xbb\xbf", ""),
        (b"\xef\xbb\xbf\n", "\n"),
        ("\ufeff北京".encode(), "北京\n"),
        ("\ufeff\ufeff北京".encode(), "\ufeff 北京\n"),
        ("北京\n\ufeff北京".encode(), "北京\n\ufeff 北京\n"),
        ("北京".encode(), "北京\n"),
        ("北京\r\n北京\r\n".encode(), "北京\n北京\n"),
        ("北京\u2028北京\x0c北京\x85北京".encode(), "北京 北京 北京 北京\n"),
        ("北京\0北京\n\0".encode(), "北京 北京\n\n"),
    ],
)
def test_streaming_line_ends_and_marks(segmenter, data, output, threads):
    assert run(segmenter, [data], threads=threads).decode() == output


def test_streaming_byte_order_mark_is_one_only_where_the_file_begins(segmenter):
    assert run(segmenter, [b"a\n", "\ufeff京".encode()]) == expected(segmenter, "a\n\ufeff京")


def test_streaming_without_blocks(segmenter):
    assert run(segmenter, []) == b""


@given(text=utf8_text())
def test_streaming_json_slices_the_line(segmenter, text):
    text = text.removeprefix("\ufeff")
    output = run(segmenter, [b"\xef\xbb\xbf", text.encode()], "json").decode()
    assert len(output.split("\n")) == len(lines_of(text)) + 1
    for line, result in zip(lines_of(text), output.split("\n"), strict=False):
        for token in json.loads(result)["tokens"]:
            assert line[token["start"] : token["end"]] == token["text"]


def test_streaming_json_escapes_quotes_and_backslashes(segmenter):
    found = json.loads(run(segmenter, ['他说"好\\'.encode()], "json"))["tokens"]
    assert "".join(token["text"] for token in found) == '他说"好\\'


INVALID = {
    "stray continuation": b"\x80",
    "never a byte": b"\xff",
    "overlong": b"\xc0\xaf",
    "overlong of three": b"\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "lead before ASCII": b"\xe4\xbd" + b"a",
}


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("bad", INVALID.values(), ids=INVALID.keys())
def test_streaming_invalid_bytes_are_placed_and_come_after_what_is_good(segmenter, bad, threads):
    good = ["今天天气好\n".encode()] * 20
    output, error = run_until_error(segmenter, [*good, "北京".encode() + bad + b"\n", *good], threads)
    assert (error.path, error.line, error.byte) == ("a.txt", 21, 20 * 16 + 6)
    assert output == "今天 天气 好\n".encode() * 20
    assert "--e" in str(error)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("end", [b"\xe4", b"\xe4\xbd", b"\xf0\x9f\x98", b"\xef\xbb"])
def test_streaming_character_cut_off_at_the_end(segmenter, end, threads):
    output, error = run_until_error(segmenter, ["北京\n".encode(), "北".encode() + end], threads)
    assert (output, error.line, error.byte) == ("北京\n".encode(), 2, 10)


@given(
    data=st.lists(st.one_of(utf8_text(8).map(str.encode), st.binary(max_size=3))).map(b"".join),
    places=cuts(),
    threads=st.sampled_from(THREADS),
)
def test_streaming_places_errors_as_decode_does(segmenter, data, places, threads):
    try:
        text = decode(data, path="a.txt")
    except EncodingError as error:
        _, ours = run_until_error(segmenter, cut(data, places), threads)
        assert (ours.line, ours.byte) == (error.line, error.byte)
    else:
        assert run(segmenter, cut(data, places), threads=threads) == expected(segmenter, text)


@small_blocks
@given(at=st.integers(0, 40_000), places=cuts(), threads=st.sampled_from(THREADS), has_mark=st.booleans())
@settings(max_examples=30)
def test_streaming_invalid_byte_in_a_long_line(segmenter, at, places, threads, has_mark):
    data = b"\xef\xbb\xbf" * has_mark + "北\n".encode() + b"a" * at + b"\xff" + b"a" * 10_000
    output, error = run_until_error(segmenter, cut(data, [place * 5 for place in places]), threads)
    assert (error.line, error.byte) == (2, 3 * has_mark + 4 + at)
    assert expected(segmenter, "北\n" + "a" * at).startswith(output)


@pytest.mark.parametrize("threads", THREADS)
def test_streaming_error_of_the_source_comes_after_what_it_gave(segmenter, threads):
    def source():
        yield from ["北京\n".encode()] * 7
        raise OSError("the cable was pulled")

    output = []
    with pytest.raises(OSError, match="the cable was pulled"):
        output.extend(segment_blocks(segmenter, source(), threads=threads))
    assert output == ["北京\n".encode()] * 7


@pytest.mark.parametrize("threads", THREADS)
def test_streaming_empty_block_brings_out_all_lines_so_far(segmenter, threads):
    seen = []

    def source():
        for _ in range(3):
            yield "北京\n北".encode()
            yield b""
            seen.append(b"".join(output).decode())
            yield "京\n".encode()

    output = []
    for words in segment_blocks(segmenter, source(), threads=threads):
        output.append(words)  # one by one: source looks at it meanwhile
    assert seen == ["北京\n", "北京\n" * 3, "北京\n" * 5]


@pytest.mark.parametrize("threads", THREADS)
def test_streaming_reads_no_further_ahead_than_the_threads_need(segmenter, threads):
    asked = 0

    def source():
        nonlocal asked
        for asked in range(1, 100):  # noqa: B007 - counts
            yield b"a\n"

    output = segment_blocks(segmenter, source(), threads=threads)
    next(output)
    assert asked <= 2 * threads + 1
    output.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "xml"}, "unknown format 'xml': take one of text, json, conll, spans"),
        ({"threads": 0}, "threads must be from 1 to 256, got 0"),
        ({"threads": 257}, "threads must be from 1 to 256, got 257"),
    ],
)
def test_streaming_refuses_invalid_options(segmenter, options, message):
    with pytest.raises(InputError, match=message):
        list(segment_blocks(segmenter, [b"a"], **options))


def test_streaming_keeps_the_order_of_many_blocks(segmenter):
    lines = [f"第{number}行\n" for number in range(2000)]
    output = run(segmenter, map(str.encode, lines), threads=5).decode()
    assert output.replace(" ", "") == "".join(lines)


MEMORY = """
from cws.segmenter import Segmenter
from cws.streaming import segment_blocks
block = ("今天天气真好我们去北京大学吧" * 1000).encode()
for words in segment_blocks(Segmenter(), (block for _ in range(60_000_000 // len(block))), format="json", threads=2):
    pass
with open("/proc/self/status") as status:  # not getrusage, which counts the memory of the parent before exec
    print(next(line for line in status if line.startswith("VmHWM:")).split()[1])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc for the memory of a process")
def test_streaming_memory_is_flat_for_a_line_of_60_mb():
    kilobytes = int(subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, check=True).stdout)
    assert kilobytes < 150_000
