"""What the benchmark of readers' marks does around the systems that it measures."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from strategies import segmented_sentences

from cws.errors import InputError
from scripts.benchmarks import peer_worker
from scripts.benchmarks.readers import GOLD, ask_peer, mean_f1, of_gold, of_marks, of_raw, parse_peers, render, respell


@pytest.mark.parametrize(
    ("text", "words", "spelled"),
    [
        ("用App Store吧", ["用", "App", "Store", "吧"], ["用", "App", " ", "Store", "吧"]),
        ("用App Store吧", ["用", "App Store", "吧"], ["用", "App", " ", "Store", "吧"]),
        ("ＡＢ　好", ["AB", " ", "好"], ["ＡＢ", "\u3000", "好"]),
        (" 好 ", ["好"], [" ", "好", " "]),
        ("", [], []),
        (" ", [], [" "]),
    ],
)
def test_readers_respell_gives_the_words_of_the_text(text, words, spelled):
    assert respell(text, words) == spelled


@given(segmented_sentences())
def test_readers_respell_leaves_words_that_spell_the_text(words):
    assert respell("".join(words), words) == words


@pytest.mark.parametrize("words", [["他", "来", "了"], ["他"], []])
def test_readers_respell_refuses_other_lengths(words):
    with pytest.raises(InputError, match="the words must spell 2 characters of '他来'"):
        respell("他来", words)


def test_readers_peer_is_asked_in_its_own_process():
    versions, words = ask_peer("jieba", sys.executable, ["他来到了网易杭研大厦", " ", "Ａ b"])
    assert versions.keys() == {"version", "python"}
    assert words == [["他", "来到", "了", "网易", "杭研", "大厦"], [" "], ["Ａ", " ", "b"]]


def test_readers_peer_that_is_not_installed_gives_nothing(tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')  # without site-packages
    python.chmod(0o755)
    assert ask_peer("jieba", str(python), ["好"]) is None


def test_readers_peer_without_a_python_fails(tmp_path):
    with pytest.raises(click.ClickException, match="--peer jieba=.*No such file"):
        ask_peer("jieba", str(tmp_path / "python"), ["好"])


def test_readers_peer_that_fails_says_why(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho out of paper >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(click.ClickException, match="jieba failed:\nout of paper"):
        ask_peer("jieba", str(python), [])


def test_readers_worker_writes_nothing_but_answers():
    command = [sys.executable, "-c", Path(peer_worker.__file__).read_text("utf-8"), "jieba"]
    lines = subprocess.run(command, input='"好"\n', capture_output=True, text=True, check=True).stdout.splitlines()
    assert json.loads(lines[1]) == ["好"]
    assert len(lines) == 2


def test_readers_parse_peers():
    pythons = parse_peers(["thulac=/a/python"])
    assert (pythons["thulac"], pythons["jieba"]) == ("/a/python", sys.executable)
    for wrong in ("hanlp=python", "thulac", "thulac="):
        with pytest.raises(click.UsageError, match=f"expected --peer NAME=PYTHON, .* got {wrong}$"):
            parse_peers([wrong])


def test_readers_figures_of_materials(tmp_path):
    (tmp_path / "marks.txt").write_text("a\t他 来到\n", encoding="utf-8")
    (tmp_path / "gold.txt").write_text("他 来到 了\n", encoding="utf-8")
    marks = of_marks("readers", tmp_path / "marks.txt")
    assert (marks.texts, marks.measure([["他来到"]])["wrong_joins"]) == (["他来到"], 1)
    gold = of_gold("pku.test", tmp_path / "gold.txt")
    assert (gold.texts, gold.measure([["他", "来到了"]])["f1"]) == (["他来到了"], 0.4)


def test_readers_raw_text_is_measured_chunk_by_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr("scripts.consistency.CHUNK", 5)
    monkeypatch.setattr("scripts.consistency.EVERY", 1)
    (tmp_path / "raw.xz").write_bytes(lzma.compress("语言\n语言语言好语言".encode()))
    raw = of_raw("uneven", tmp_path / "raw.xz")
    assert raw.texts == ["语言", "语言", "语言好语言"]
    figures = raw.measure([["语言"], ["语", "言"], ["语言", "好", "语言"]])
    assert figures == {"repeated": 2, "uneven": 1, "share": 0.5}


def test_readers_page_has_a_row_for_each_system_in_order():
    def figures(objections):
        marks = {"per_hundred": objections, "wrong_cuts": 1, "wrong_joins": 2}
        f1 = {name: {"f1": at / 10} for at, name in enumerate(GOLD)}
        return {"readers": marks, "own": marks, **f1, "uneven": {"share": 0.0625}}

    assert mean_f1(figures(1)) == pytest.approx(0.3)
    made = {"commit": "0" * 40, "python": "3", "processor": "one", "versions": {"a": "1"}}
    systems = {"b": figures(10.0), "a": figures(9.0)}
    page = render({"setting": made, "options": "", "not_installed": ["c"], "systems": systems})
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert rows[1].startswith("| a | 9.00 (1 + 2) | 9.00 (1 + 2) | 0.00 | 10.00 |")
    assert rows[1].endswith("| 60.00 | 30.00 | 6.25 |")
    assert rows[2].startswith("| b | 10.00 ")
    assert "not measured: c." in page
