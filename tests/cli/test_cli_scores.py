"""`cws evaluate` and `cws score`."""

from __future__ import annotations

import json
import re

import pytest
from commands import (
    GOLD,
    fails,
    is_misused,
    works,
)


def test_cli_evaluate(trained):
    rows = works("evaluate", "model", "gold.txt", cwd=trained).splitlines()
    assert rows[0].split(" | ")[-1].strip(" |") == "F1"
    assert re.search(r"\| 100\.00 \|$", rows[2])


def test_cli_evaluate_with_training_words(trained):
    figures = json.loads(works("evaluate", "model", "gold.txt", "--train-words", "gold.txt", "--json", cwd=trained))
    assert (figures["sentences"], figures["f1"], figures["oov_rate"]) == (12, 1.0, 0.0)


def test_cli_evaluate_encoding(trained):
    (trained / "gbk.txt").write_bytes(GOLD.encode("gbk"))
    args = ("evaluate", "model", "gbk.txt", "--train-words", "gbk.txt", "--encoding", "gbk")
    assert "100.00" in works(*args, cwd=trained)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("pkuu", "gold.txt"), "no model 'pkuu': did you mean pku. give a folder made by cws train"),
        (("pku", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (("pku", "gold.txt", "--train-words", "missing.txt"), r"missing\.txt: No such file or directory"),
        (("pku", "empty.txt"), r"empty\.txt: no sentence in this file"),
        (("pku", "gbk.txt"), r"gbk\.txt:1:0: .*: this looks like gb18030: try --encoding gb18030$"),
    ],
)
def test_cli_evaluate_errors(here, args, message):
    (here / "empty.txt").touch()
    (here / "gbk.txt").write_bytes(GOLD.encode("gbk"))
    fails(message, "evaluate", *args, cwd=here)


MARKS = "a1\t今天 天气 真好\na2\t我 们 去 北京大学 吧\n\na3\t他 来¦到 了 大厦\n"
OF_MARKS = {
    "sentences": 3, "demanded_words": 12, "wrong_cuts": 1, "wrong_joins": 1, "objections": 2, "per_hundred": 100 / 6
}  # fmt: skip


@pytest.fixture
def marked(trained):
    """The folder of the model, with marks.txt, of which one sentence is not as the model was trained."""
    (trained / "marks.txt").write_text(MARKS, encoding="utf-8")
    return trained


def test_cli_evaluate_marks(marked):
    header, _, row = works("evaluate", "model", "--marks", "marks.txt", cwd=marked).splitlines()
    assert re.fullmatch(r"\|\s*3 \|\s*12 \|\s*1 \|\s*1 \|\s*16\.67 \|", row)
    assert "wrong cuts | wrong joins | per 100 words" in header


def test_cli_evaluate_marks_lists_objections(marked):
    lines = works("evaluate", "model", "--marks", "marks.txt", "--objections", cwd=marked).splitlines()
    assert lines[3:] == ["", "a2: join 我+们去北京", "a2: cut 们去北京/大学吧"]


def test_cli_evaluate_marks_and_gold_in_one_run(marked):
    args = ("evaluate", "model", "gold.txt", "--marks", "marks.txt")
    figures = json.loads(works(*args, "--json", "--objections", cwd=marked))
    assert (figures["f1"], figures["marks"]) == (1.0, OF_MARKS)
    assert figures["objections"] == [
        {"id": "a2", "kind": "join", "place": 0, "context": "我+们去北京"},
        {"id": "a2", "kind": "cut", "place": 4, "context": "们去北京/大学吧"},
    ]
    gold, marks = works(*args, cwd=marked).split("\n\n")
    assert (gold.count("\n"), marks.count("\n")) == (2, 3)


def test_cli_evaluate_marks_as_json_alone(marked):
    assert json.loads(works("evaluate", "model", "--marks", "marks.txt", "--json", cwd=marked)) == {"marks": OF_MARKS}


def test_cli_evaluate_marks_from_stdin_in_another_encoding(marked):
    args = ("evaluate", "model", "--marks", "-", "--encoding", "gbk")
    text = MARKS.replace("¦", "")  # GBK has none
    assert "16.67" in works(*args, stdin=text.encode("gbk"), cwd=marked)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "nothing to score: give GOLD, --marks FILE, or both"),
        (("gold.txt", "--objections"), "--objections is for readers' marks: give --marks FILE with it"),
        (("--marks", "gold.txt", "--train-words", "gold.txt"), "--train-words is for gold words: give GOLD with it"),
    ],
)
def test_cli_evaluate_misused(here, args, message):
    is_misused(message, "evaluate", "pku", *args, cwd=here)


def test_cli_evaluate_marks_errors(here):
    fails(r"gold\.txt:1: expected id TAB marked sentence", "evaluate", "pku", "--marks", "gold.txt", cwd=here)


IN_ONE_WORD = (
    b"cws: warning: b.txt:1: this is not segmented: 12 of 12 lines are one word (cws segment segments text):"
    b" give one sentence a line, words separated by spaces\n"
)


@pytest.fixture
def predictions(here):
    """Also a.txt, with one word of gold.txt too few in each third sentence, and b.txt, with all of it in one word."""
    (here / "a.txt").write_text(GOLD.replace("北京 大学", "北京大学"), encoding="utf-8")
    (here / "b.txt").write_text(GOLD.replace(" ", ""), encoding="utf-8")
    return here


def test_cli_score(predictions):
    row = works("score", "gold.txt", "a.txt", cwd=predictions).splitlines()[2]
    precision, recall = 10 / 11, 10 / 12
    f1 = 2 * precision * recall / (precision + recall)
    assert row.strip("| ").split(" | ")[-3:] == [f"{100 * figure:.2f}" for figure in (precision, recall, f1)]


def test_cli_score_json(predictions):
    figures = json.loads(works("score", "gold.txt", "a.txt", "--json", "--train-words", "a.txt", cwd=predictions))
    assert (figures["gold_words"], figures["predicted_words"], figures["correct_words"]) == (48, 44, 40)
    assert (figures["oov_gold"], figures["oov_correct"]) == (8, 0)


@pytest.mark.parametrize("predicted", ["a.txt", "-"])
def test_cli_score_against(predictions, predicted):
    stdin = (predictions / "a.txt").read_bytes()
    stdout = works("score", "gold.txt", predicted, "--against", "b.txt", cwd=predictions, stdin=stdin, said=IN_ONE_WORD)
    assert re.search(r"against b\.txt: F1 0\.00, difference \+86\.96 \(95 % of samples .*\), p = 0\.0001\n$", stdout)


def test_cli_score_against_json(predictions):
    figures = json.loads(
        works("score", "gold.txt", "a.txt", "--against", "b.txt", "--json", cwd=predictions, said=IN_ONE_WORD)
    )
    assert figures["against"]["f1_a"] == figures["f1"]
    assert figures["against"]["f1_b"] == 0


def test_cli_score_encoding(predictions):
    for name in ("gold.txt", "a.txt", "b.txt"):
        path = predictions / name
        path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    args = ("score", "gold.txt", "a.txt", "--against", "b.txt", "--train-words", "gold.txt", "--encoding", "gbk")
    assert "against b.txt" in works(*args, cwd=predictions, said=IN_ONE_WORD)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("gold.txt", "other.txt"),
            "sentence 2: gold and predicted must spell the same text, but at character 3 gold has",
        ),
        (("gold.txt", "short.txt"), "predicted ends after 1 sentences, gold goes on: score the same sentences$"),
        (("short.txt", "gold.txt"), "gold ends after 1 sentences, predicted goes on: score the same sentences$"),
        (("gold.txt", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (("gold.txt", "empty.txt"), r"empty\.txt: no sentence in this file"),
        (("gold.txt", "gold.txt", "--against", "short.txt"), "predicted ends after 1 sentences"),
        (("gold.txt", "gold.txt", "--train-words", "empty.txt"), r"empty\.txt: no sentence in this file"),
    ],
)
def test_cli_score_errors(here, args, message):
    (here / "other.txt").write_text(GOLD.replace("北京", "南京", 1), encoding="utf-8")
    (here / "short.txt").write_text("今天 天气 真好\n", encoding="utf-8")
    (here / "empty.txt").touch()
    fails(message, "score", *args, cwd=here)


def test_cli_score_wrong_usage(here):
    is_misused("Missing argument 'PREDICTED'", "score", "gold.txt", cwd=here)
