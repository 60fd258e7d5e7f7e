"""`cws segment`: inputs and outputs, formats, encodings, and answers to whoever waits for them."""

from __future__ import annotations

import gzip
import lzma
import os
import pty
import random
import re
import select
import time

import pytest
from commands import (
    TEXT,
    WORDS,
    fails,
    run,
    start,
    wait_for,
    works,
)

import cws
from cws.text import SPACE, character_type


def test_cli_segment_to_stdout(here):
    assert works("segment", "input.txt", cwd=here) == WORDS


def test_cli_segment_to_a_file(here):
    assert works("segment", "input.txt", "-o", "words.txt", cwd=here) == ""
    assert (here / "words.txt").read_text(encoding="utf-8") == WORDS
    assert sorted(os.listdir(here)) == ["gold.txt", "input.txt", "words.txt"]


def test_cli_segment_several_inputs(here):
    (here / "no end.txt").write_text("\ufeff北京", encoding="utf-8")
    stdout = works("segment", "no end.txt", "input.txt", "-", "input.txt", cwd=here, stdin="我爱".encode())
    assert stdout == f"北京\n{WORDS}我 爱\n{WORDS}"


@pytest.mark.parametrize("args", [(), ("-",)])
def test_cli_segment_stdin(here, args):
    assert works("segment", *args, cwd=here, stdin=TEXT.encode()) == WORDS


def test_cli_segment_nothing(here):
    assert works("segment", cwd=here) == ""


@pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".xz", lzma)])
def test_cli_segment_compressed(here, suffix, module):
    (here / f"input{suffix}").write_bytes(module.compress(TEXT.encode()))
    works("segment", f"input{suffix}", "-o", f"words{suffix}", cwd=here)
    assert module.decompress((here / f"words{suffix}").read_bytes()).decode() == WORDS


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_cli_segment_compressed_output_is_the_same_however_the_input_comes(here, suffix):
    works("segment", "input.txt", "-o", f"file{suffix}", cwd=here)
    with start("segment", "-o", f"pipe{suffix}", cwd=here) as process:
        wait_for(lambda: any(name.startswith(".cws-") for name in os.listdir(here)))
        for line in TEXT.splitlines(keepends=True):
            time.sleep(0.1)
            process.stdin.write(line.encode())
            process.stdin.flush()
    assert process.returncode == 0
    assert (here / f"file{suffix}").read_bytes() == (here / f"pipe{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("format", "first"),
    [
        ("text", "今天 天气 好"),
        ("conll", "今天\tword"),
        ("spans", "0-2 2-4 4-5"),
        (
            "json",
            '{"tokens":[{"text":"今天","start":0,"end":2,"type":"word"},{"text":"天气","start":2,"end":4,"type":"word"},'
            '{"text":"好","start":4,"end":5,"type":"word"}]}',
        ),
    ],
)
def test_cli_segment_formats(here, format, first):
    assert works("segment", "--format", format, "input.txt", cwd=here).splitlines()[0] == first


def test_cli_segment_is_the_same_for_any_number_of_threads(here):
    (here / "long.txt").write_text(TEXT * 20_000, encoding="utf-8")
    outputs = [run("segment", "long.txt", "--threads", threads, cwd=here).stdout for threads in (1, 2, 7)]
    assert outputs == [WORDS.encode() * 20_000] * 3


def test_cli_segment_writes_everything_but_white_space(here):
    generator = random.Random(1)
    pools = ["的一是在不了有和人这中大来到他", 'aZ09 ,."\\', "\t\r\0\u3000\xa0\u2028\x85\ufeff\u200b", None]
    text = "".join(
        generator.choice(
            generator.choice(pools) or chr(generator.choice([0x4E00, 0x10000, 0x20000]) + generator.randrange(5000))
        )
        for _ in range(50_000)
    )
    text = re.sub("。{3}|的的", "\n", text)
    kept = "".join(character for character in text if character == "\n" or character_type(character) != SPACE)
    assert works("segment", cwd=here, stdin=text.encode()).replace(" ", "").rstrip("\n") == kept.rstrip("\n")


def test_cli_segment_a_model_by_folder(trained):
    assert works("segment", "-m", "model", cwd=trained, stdin="我们去北京大学吧".encode()) == "我们 去 北京 大学 吧\n"


def test_cli_segment_with_each_bundled_model(here):
    for name in cws.models():
        assert works("segment", "--model", name, "input.txt", cwd=here) == WORDS


def test_cli_segment_into_a_pipe_that_closes(here):
    (here / "long.txt").write_text(TEXT * 50_000, encoding="utf-8")
    with start("segment", "long.txt", cwd=here) as process:
        assert process.stdout.readline().decode() == "今天 天气 好\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_cli_segment_progress(here):
    result = run("segment", "input.txt", "-o", "words.txt", "--progress", cwd=here)
    assert result.returncode == 0
    assert "segmenting: 100%" in result.stderr.decode()


@pytest.mark.parametrize(
    ("threads", "encoding", "terminal"),
    [(3, "utf-8", False), (3, "utf-8", True), (3, "gbk", False), (1, "utf-8", False)],
)
def test_cli_segment_answers_each_line_at_once(here, threads, encoding, terminal):
    ours, theirs = pty.openpty() if terminal else reversed(os.pipe())
    args = ("segment", "--threads", threads, "--encoding", encoding)
    with start(*args, cwd=here, stdin=theirs) as process:
        os.close(theirs)
        for _ in range(3):
            os.write(ours, "我爱北京\n".encode(encoding))
            assert select.select([process.stdout], [], [], 60)[0]
            assert process.stdout.readline().decode() == "我 爱 北京\n"
        os.write(ours, b"\x04" * terminal)  # Ctrl-D
        if not terminal:
            os.close(ours)
        assert process.stdout.read() == b""
        greeting = b"cws: reading what you type; Ctrl-D ends it\n"
        assert process.stderr.read() == greeting * terminal
    assert process.returncode == 0
    if terminal:
        os.close(ours)


def test_cli_segment_answers_through_a_named_pipe(here):
    os.mkfifo(here / "pipe")
    with start("segment", "pipe", cwd=here) as process, open(here / "pipe", "wb", buffering=0) as pipe:
        pipe.write("我爱北京\n".encode())
        assert process.stdout.readline().decode() == "我 爱 北京\n"


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-16", "utf-16-be", "UTF_8", "utf-8-sig"])
def test_cli_segment_encoding(here, encoding):
    (here / "old.txt").write_bytes(TEXT.encode(encoding))
    assert works("segment", "old.txt", "--encoding", encoding, cwd=here) == WORDS


def test_cli_segment_replaces_invalid_bytes(here):
    stdout = works("segment", "--errors", "replace", cwd=here, stdin=b"\xff" + TEXT.encode())
    assert stdout.replace(" ", "") == "\ufffd" + TEXT


@pytest.mark.parametrize("threads", [1, 3])
def test_cli_segment_invalid_utf8(here, threads):
    (here / "bad.txt").write_bytes(TEXT.encode() + b"\xff\n")
    message = r"bad\.txt:3:29: byte 0xff is not valid utf-8: mend the file \(cws segment has --errors replace\)$"
    fails(message, "segment", "input.txt", "bad.txt", "-o", "words.txt", "--threads", threads, cwd=here)


@pytest.mark.parametrize(
    ("encoding", "place", "guess"),
    [("utf-16", "0", "utf-16"), ("utf-16-le", "[0-9]+", "utf-16-le"), ("gbk", "0", "gb18030")],
)
def test_cli_segment_names_the_encoding_of_foreign_text(here, encoding, place, guess):
    (here / "old.txt").write_bytes((TEXT * 50).encode(encoding))
    message = rf"old\.txt:1:{place}: byte 0x.. is not valid utf-8: this looks like {guess}: try --encoding {guess}$"
    fails(message, "segment", "old.txt", cwd=here)
    assert works("segment", "old.txt", "--encoding", guess, cwd=here) == WORDS * 50


def test_cli_segment_unknown_encoding(here):
    message = "unknown encoding: klingon: try utf-8, gb18030 or big5"
    fails(message, "segment", "input.txt", "-o", "words.txt", "--encoding", "klingon", cwd=here)
