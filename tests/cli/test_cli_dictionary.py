"""User dictionaries on the command line."""

from __future__ import annotations

import subprocess
import sys

from commands import (
    ENVIRONMENT,
    TEXT,
    fails,
    is_misused,
    works,
)

ENTRIES = "天天 !\n爱北京 5.5 TERM\nNew York\t!\n好 -\n"


def test_user_dictionaries_change_words(tmp_path):
    (tmp_path / "words.txt").write_text(ENTRIES, "utf-8")
    (tmp_path / "gb.txt").write_text("我爱 !\n", "gb18030")
    text = "今天天气好，New York\n我爱北京\n".encode()
    by_text = works("segment", "--user-dict", "words.txt", cwd=tmp_path, stdin=text)
    assert by_text.startswith("今 天天 气")
    assert "New York\n" in by_text
    works("dictionary", "compile", "words.txt", "-o", "words.dict", cwd=tmp_path, said=b"4 entries are in words.dict\n")
    assert works("segment", "--user-dict", "words.dict", cwd=tmp_path, stdin=text) == by_text
    both = works("segment", "--user-dict", "gb.txt", "--user-dict-encoding", "gb18030", cwd=tmp_path, stdin=text)
    assert both.endswith("我爱 北京\n")
    spans = works("segment", "--user-dict", "words.txt", "--format", "spans", cwd=tmp_path, stdin=text)
    assert "6-14\n" in spans


def test_user_dictionaries_ignore_case_and_width_when_asked(tmp_path):
    (tmp_path / "words.txt").write_text("爱iPhone !\n", "utf-8")
    text = "我爱IPHONE，我爱ｉＰｈｏｎｅ\n".encode()
    folded = works("segment", "--user-dict", "words.txt", "--ignore-case", "--ignore-width", cwd=tmp_path, stdin=text)
    assert folded.split() == ["我", "爱IPHONE", "，", "我", "爱ｉＰｈｏｎｅ"]
    is_misused("--user-dict", "segment", "--ignore-case", cwd=tmp_path)


def test_user_dictionaries_may_live_with_a_model(tmp_path):
    (tmp_path / "list.txt").write_text("今天 9\n天气 8\n北京 7\n", "utf-8")
    (tmp_path / "words.txt").write_text(ENTRIES, "utf-8")
    options = ("train", "--model", "dictionary", "--lexicon", "list.txt", "--no-jieba", "-o", "own")
    works(*options, cwd=tmp_path, said=b"the model is in own: cws segment --model own input.txt\n")
    assert works("segment", "-m", "own", cwd=tmp_path, stdin=TEXT.encode()) == "今天 天气 好\n我 爱 北京\n"
    works("dictionary", "compile", "words.txt", "-o", "own", cwd=tmp_path,
          said=b"4 entries are in own/user_dictionary.safetensors\n")  # fmt: skip
    assert works("segment", "-m", "own", cwd=tmp_path, stdin=TEXT.encode()) == "今 天天 气 好\n我 爱北京\n"


def test_bad_user_dictionaries_are_named(tmp_path):
    (tmp_path / "words.txt").write_text("好\n天 气\n", "utf-8")
    (tmp_path / "gb.txt").write_text("天气\n", "gb18030")
    (tmp_path / "twice.txt").write_text("天气\n天气\n天气 !\n", "utf-8")
    (tmp_path / "noise.dict").write_bytes(b"\x09\0\0\0\0\0\0\0{")
    fails("words.txt:2: expected a weight, ! or -", "segment", "--user-dict", "words.txt", cwd=tmp_path)
    fails("gb.txt:1:0: .*gb18030", "segment", "--user-dict", "gb.txt", cwd=tmp_path)
    fails("none.txt: .*check the path", "dictionary", "compile", "none.txt", "-o", "x", cwd=tmp_path)
    fails("noise.dict: not a safetensors file", "segment", "--user-dict", "noise.dict", cwd=tmp_path)
    is_misused("--lexicon", "train", "--model", "dictionary", "--train", "words.txt", "-o", "x", cwd=tmp_path)
    warned = subprocess.run(
        [sys.executable, "-m", "cws", "evaluate", "pku", "gold.txt", "--user-dict", "twice.txt"], cwd=tmp_path,
        capture_output=True, env=ENVIRONMENT,
    )  # fmt: skip
    first, second, error = warned.stderr.decode().splitlines()
    assert first == "cws: warning: 1 entry is given twice, first 天气 at twice.txt:1 and twice.txt:2"
    assert second.startswith("cws: warning: 1 entry is given twice and differ")
    assert error.startswith("cws: error: gold.txt: ")
