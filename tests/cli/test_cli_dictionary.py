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


def test_formats_of_user_dictionaries_are_said_and_settled(tmp_path):
    (tmp_path / "list.txt").write_text("天天 3\n", "utf-8")
    (tmp_path / "tags.txt").write_text("天天 3 n\n爱北京 2 v\n", "utf-8")
    text = "今天天气好\n我爱北京\n".encode()
    fails("list.txt:1: 3 may be nats.*--user-dict-format", "segment", "--user-dict", "list.txt", cwd=tmp_path)
    said = "cws: warning: tags.txt: read in jieba's format, word [count] [tag]: 2 entries are decided words, whose tags"
    said += " are labels; --user-dict-format jieba, or cws, says so or otherwise\n"
    done = subprocess.run([sys.executable, "-m", "cws", "segment", "--user-dict", "tags.txt"], cwd=tmp_path, input=text,
                          capture_output=True, env=ENVIRONMENT, check=True)  # fmt: skip
    assert done.stderr.decode() == said
    plain = done.stdout.decode()
    jieba = ("--user-dict", "tags.txt", "--user-dict-format", "jieba")
    assert works("segment", *jieba, cwd=tmp_path, stdin=text) == plain
    forced = works("segment", *jieba, "--force-user-dict", cwd=tmp_path, stdin=text)
    assert forced == "今 天天 气 好\n我 爱北京\n"
    (tmp_path / "gold.txt").write_text(forced, "utf-8")
    assert "100.00" in works("evaluate", "pku", "gold.txt", *jieba, "--force-user-dict", cwd=tmp_path)
    is_misused("--user-dict FILE", "segment", "--force-user-dict", cwd=tmp_path)
    is_misused("--user-dict FILE", "segment", "--user-dict-format", "cws", cwd=tmp_path)
    works("dictionary", "compile", "list.txt", "-o", "list.dict", "--user-dict-format", "jieba", cwd=tmp_path,
          said=b"1 entries are in list.dict\n")  # fmt: skip


def test_dictionaries_are_converted(tmp_path):
    (tmp_path / "jieba.txt").write_text("天天 3 n\n好 0\n北京 7\n", "utf-8")
    works("dictionary", "convert", "--from", "jieba", "jieba.txt", "-o", "words.txt", cwd=tmp_path,
          said=b"3 entries are in words.txt\n")  # fmt: skip
    assert (tmp_path / "words.txt").read_text("utf-8") == "# cws user dictionary\n北京\n天天\t\tn\n好 -\n"
    with (tmp_path / "words.txt").open("a", encoding="utf-8") as file:
        file.write("爱北京 2\n")
    back = works("dictionary", "convert", "--to", "jieba", "words.txt", cwd=tmp_path,
                 said=b"3 entries are in -, 1 with a weight left out\n")  # fmt: skip
    assert back == "北京\n天天 n\n好 0\n"


def test_reports_say_what_became_of_entries(tmp_path):
    (tmp_path / "words.txt").write_text("和服\n我爱 !\n", "utf-8")
    (tmp_path / "in.txt").write_text("产品和服务\n我爱北京\n", "utf-8")
    options = ("segment", "--user-dict", "words.txt", "in.txt")
    plain = works(*options, cwd=tmp_path)
    for threads in ("1", "3"):
        report = ("--dictionary-report", "report.tsv", "--threads", threads)
        assert works(*options, *report, cwd=tmp_path) == plain
        assert (tmp_path / "report.tsv").read_text("utf-8").splitlines() == [
            "# word\tweight\tlabel\tmatches\ttaken\tdeclined\tbeaten_by\tnote",
            "和服\t\t\t1\t0\t1\t和 服务\t",
            "我爱\t!\t\t1\t1\t0\t\t",
        ]
    fails("give --user-dict FILE", "segment", "in.txt", "--dictionary-report", "report.tsv", cwd=tmp_path)
    is_misused("dictionary-report is not for --engine spark", "segment", ".", "-o", "out", "--engine", "spark",
               "--dictionary-report", "report.tsv", cwd=tmp_path)  # fmt: skip


def test_cli_dictionary_never_writes_over_its_input(here):
    (here / "own.txt").write_text("云计算\n", encoding="utf-8")
    for command in ("compile", "convert"):
        fails("is the output too", "dictionary", command, "own.txt", "-o", "./own.txt", cwd=here)
    assert (here / "own.txt").read_text("utf-8") == "云计算\n"
