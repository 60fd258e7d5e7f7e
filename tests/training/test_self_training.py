"""Raw text that neural models learn in the words of a linear one."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

from click.testing import CliRunner  # noqa: E402
from hypothesis import given  # noqa: E402
from strategies import any_text  # noqa: E402

from cws.cli import cli  # noqa: E402
from cws.training.self_training import pseudo_labels, sentences_of  # noqa: E402

SENTENCES = [
    line.split()
    for line in """\
今天 天气 真 好 。
我们 明天 去 公园 看 花 。
他 在 图书馆 看 书 。
老师 说 明天 不 上课 。
火车 下午 三点 到 北京 。
北京 的 冬天 很 冷 。""".splitlines()
] * 6


@given(any_text())
def test_sentences_lose_nothing_but_white_space(text: str) -> None:
    found = sentences_of(text)
    assert "".join(found) == "".join(text.split())
    assert all(found)


def test_raw_text_comes_back_in_words() -> None:
    log: list[str] = []
    lines = ["天气真好。明天去北京。", "", "   ", "公园 很冷"]
    found = pseudo_labels(lines, SENTENCES, SENTENCES[:6], [{"北京": 1}], log_line=log.append)
    assert found == [["天气", "真", "好", "。"], ["明天", "去", "北京", "。"], ["公园", "很", "冷"]]
    assert "15 characters" in log[-1]
    assert "dev F1 is 100.00" in log[-1]


def test_many_lines_are_segmented_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["天气真好。明天去北京。他在图书馆看书。"] * 5
    whole = pseudo_labels(lines, SENTENCES, SENTENCES[:6], [], log_line=lambda line: None)
    monkeypatch.setattr("cws.training.self_training._TOGETHER", 4)
    assert pseudo_labels(lines, SENTENCES, SENTENCES[:6], [], log_line=lambda line: None) == whole
    assert len(whole) == 15


def test_command_line_learns_raw_text(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.txt").write_text("\n".join(map(" ".join, SENTENCES)), "utf-8")
    (tmp_path / "one.txt").write_text("天气真好。明天去北京。\n", "utf-8")
    (tmp_path / "two.txt").write_text("他在图书馆看书。\n", "utf-8")
    command = ["train", "--model", "cnn-crf", "--train", "train.txt", "--epochs", "1", "--no-jieba", "-o"]
    result = CliRunner().invoke(cli, [*command, "with-raw", "--raw", "one.txt", "--raw", "two.txt"])
    assert result.exit_code == 0, result.output
    assert "19 characters of raw text" in result.output
    assert CliRunner().invoke(cli, [*command, "alone"]).exit_code == 0
    with_raw, alone = (
        json.loads((tmp_path / name / "cws.json").read_text("utf-8"))["training"] for name in ("with-raw", "alone")
    )
    assert with_raw["sentences"] == alone["sentences"] + 3


def test_raw_text_that_is_not_there_is_an_error(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.txt").write_text("\n".join(map(" ".join, SENTENCES)), "utf-8")
    command = ["train", "--model", "cnn-crf", "--train", "train.txt", "--epochs", "1", "-o", "out", "--raw", "none.txt"]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 1
    assert "none.txt: No such file" in str(result.exception)
    result = CliRunner().invoke(cli, ["train", "--model", "dictionary", "--lexicon", "train.txt", "--raw", "x"])
    assert result.exit_code == 2
    assert "--raw is for linear, hmm" in result.output
