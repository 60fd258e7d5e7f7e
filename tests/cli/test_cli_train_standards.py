"""`cws train` of linear models: several standards, marks, weights, what is chosen on, and a model to begin with."""

from __future__ import annotations

import json
import os

import pytest
from commands import fails, is_misused, run, works

TOGETHER = "我们 去 北京大学 吧\n北京大学 天气 真好\n他 来到 了 北京大学\n" * 4
MARKED = "".join(f"{at}\t{one}\n" for at, one in enumerate(["我们 去 北京大学¦吧", "北京大学 天气 真好"] * 3))
TEXT = "我们去北京大学吧".encode()
APART, WHOLE = "我们 去 北京 大学 吧\n", "我们 去 北京大学 吧\n"


@pytest.fixture
def folder(here):
    """A folder with gold.txt, other.txt of another standard, and marks.txt."""
    (here / "other.txt").write_text(TOGETHER, encoding="utf-8")
    (here / "marks.txt").write_text(MARKED, encoding="utf-8")
    return here


def train(*args, cwd):
    """The lines of stderr of a training that succeeds."""
    result = run("train", "--no-jieba", *args, cwd=cwd)
    assert (result.returncode, result.stdout) == (0, b""), result.stderr.decode()
    return result.stderr.decode().splitlines()


def segment(model, cwd):
    return works("segment", "--model", model, cwd=cwd, stdin=TEXT)


def config(folder):
    return json.loads((folder / "cws.json").read_text("utf-8"))


def test_cli_train_also_makes_a_folder_for_each_standard(folder):
    said = train("--train", "gold.txt", "--also", "whole=other.txt", "-o", "models", cwd=folder)
    assert sorted(os.listdir(folder / "models")) == ["gold", "whole"]
    assert (segment("models/gold", folder), segment("models/whole", folder)) == (APART, WHOLE)
    assert said[-2:] == [
        f"the model is in models/{name}: cws segment --model models/{name} input.txt" for name in ("gold", "whole")
    ]
    assert [config(folder / "models" / name)["name"] for name in ("gold", "whole")] == ["gold", "whole"]
    assert config(folder / "models" / "gold")["training"]["standards"] == {"gold": 12, "whole": 12}


def test_cli_train_also_names_standards_by_their_files(folder):
    train("--train", "gold.txt", "--standard", "mine", "--also", "other.txt", "-o", "models", cwd=folder)
    assert sorted(os.listdir(folder / "models")) == ["mine", "other"]


def test_cli_train_with_one_standard_makes_no_folders(folder):
    train("--train", "gold.txt", "--standard", "mine", "-o", "model", cwd=folder)
    assert sorted(os.listdir(folder / "model")) == ["cws.json", "weights.safetensors"]
    assert "name" not in config(folder / "model")


def test_cli_train_with_marks_and_weights(folder):
    args = ("--train", "gold.txt", "--marks", "marks.txt", "--weight", "marks.txt=8", "--weight", "gold.txt=0.5")
    said = train(*args, "-o", "model", cwd=folder)
    assert said[0].startswith("17 sentences to train on, 1 to choose on")
    assert segment("model", folder) == WHOLE
    train("--train", "gold.txt", "--marks", "marks.txt", "--weight", "marks.txt=0.01", "-o", "other", cwd=folder)
    assert segment("other", folder) == APART


def test_cli_train_on_marks_alone(folder):
    said = train("--marks", "marks.txt", "-o", "model", cwd=folder)
    assert any("100 - objections" in line for line in said)
    assert segment("model", folder) == WHOLE


def test_cli_train_chooses_on_files(folder):
    args = ("--train", "gold.txt", "--choose-on", "dev", "--choose-on", "marks.txt=3", "--choose-on", "other.txt")
    said = train(*args, "-o", "model", cwd=folder)
    assert said[0].startswith("11 sentences to train on, 19 to choose on")  # 1 of dev, 6 and 12
    assert "mean figure" in said[1]
    said = train("--train", "gold.txt", "--choose-on", "marks.txt", "-o", "marked", cwd=folder)
    assert "100 - objections" in said[1]


def test_cli_train_goes_on_from_a_model(folder, trained):
    train("--init", trained / "model", "--train", "other.txt", "-o", "model", cwd=folder)
    assert segment("model", folder) == WHOLE
    before = config(trained / "model")
    assert config(folder / "model")["training"]["init"] == before["id"]
    assert segment(trained / "model", folder) == APART


def test_cli_train_with_raw_text_is_deterministic(folder):
    (folder / "raw.txt").write_text("我们去天气大厦\n他来到了天气大厦\n真好天气大厦吧\n" * 10, encoding="utf-8")
    for name in ("a", "b"):
        train("--train", "gold.txt", "--raw", "raw.txt", "-o", name, cwd=folder)
    train("--train", "gold.txt", "-o", "c", cwd=folder)
    weights = [(folder / name / "weights.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--also", "gold=other.txt"), "two corpora of a standard called gold: give each a name, or join their files"),
        (("--also", "a=other.txt", "--also", "a=gold.txt"), "two corpora of a standard called a"),
        (("--also", "other.txt", "--standard", "other"), "two corpora of a standard called other"),
        (("--also", "=other.txt"), "expected STANDARD=FILE, got '=other.txt': the name of a standard is that of a"),
        (("--also", "../up=other.txt"), "expected STANDARD=FILE, got '../up=other.txt'"),
        (("--also", "..=other.txt"), "expected STANDARD=FILE, got '..=other.txt'"),
        (("--also", "a=missing.txt"), r"missing\.txt: No such file"),
        (("--also", "other.txt", "--standard", "../up"), "--standard '../up': the name of a standard is that of a"),
        (("--also", "other.txt", "--standard", ""), "--standard '': the name of a standard is that of a folder"),
        (("--weight", "other.txt=2"), "--weight other.txt: not one of the files to learn from"),
        (("--weight", "gold.txt"), "expected --weight FILE=NUMBER, got 'gold.txt'"),
        (("--weight", "gold.txt=much"), "expected --weight FILE=NUMBER, got 'gold.txt=much'"),
        (("--weight", "gold.txt=0"), "the weight of sentences must be above 0 and at most 1000, got 0.0"),
        (("--choose-on", "dev=-1"), "the weight of what to choose on must be above 0, got -1.0"),
        (("--choose-on", "missing.txt"), r"missing\.txt: No such file"),
        (("--choose-on", "bad.txt"), r"bad\.txt:2: a cut must be there or may be, got both marks"),
        (("--marks", "gold.txt"), r"gold\.txt:1: expected id TAB marked sentence"),
        (("--raw", "latin.txt"), "no Chinese character in the raw text: give Chinese text"),
        (("--init", "nowhere"), "no model 'nowhere'"),
    ],
)
def test_cli_train_standards_errors(folder, args, message):
    (folder / "latin.txt").write_text("nothing\n" * 5)
    (folder / "bad.txt").write_text("a\t好¦人\nb\t好 ¦人\n", encoding="utf-8")
    fails(message, "train", "--train", "gold.txt", "--no-jieba", "-o", "model", *args, cwd=folder)


def test_cli_train_init_refuses_other_kinds(folder):
    assert run("train", "-m", "hmm", "--train", "gold.txt", "-o", "hmm", cwd=folder).returncode == 0
    args = ("train", "--train", "gold.txt", "--no-jieba", "-o", "model")
    fails("hmm is a model of kind hmm: expected a linear model to begin with", *args, "--init", "hmm", cwd=folder)


def test_cli_train_init_refuses_to_write_over_it(folder, trained):
    args = ("train", "--train", "gold.txt", "--no-jieba", "--overwrite")
    model = trained / "model"
    fails("is an input and the output: choose another", *args, "--init", model, "-o", model, cwd=trained)


def test_cli_train_init_refuses_another_script(folder, trained):
    (folder / "far.txt").write_text("甲乙 丙丁\n戊己 庚\n" * 3, encoding="utf-8")
    args = ("train", "--train", "far.txt", "--no-jieba", "-o", "model", "--init", trained / "model")
    fails("knows 0% of the characters of the training text: is it of another script, or encoding", *args, cwd=folder)


def test_cli_train_also_overwrites_no_model(folder):
    train("--train", "gold.txt", "-o", "models/other", cwd=folder)
    args = ("train", "--train", "gold.txt", "--no-jieba", "--also", "other.txt", "-o", "models")
    fails("models/other holds a model: choose another folder, or give --overwrite", *args, cwd=folder)
    assert run(*args, "--overwrite", cwd=folder).returncode == 0
    assert (segment("models/gold", folder), segment("models/other", folder)) == (APART, WHOLE)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-m", "hmm", "--marks", "marks.txt"), "--marks is for linear; it means nothing to hmm"),
        (("-m", "hmm", "--also", "a=gold.txt"), "--also is for linear, bilstm"),
        (("-m", "cnn", "--choose-on", "gold.txt"), "--choose-on is for linear; it means nothing to cnn"),
        (("-m", "cnn", "--weight", "gold.txt=2"), "--weight is for linear; it means nothing to cnn"),
        (("-m", "dictionary", "--standard", "a"), "--standard is for linear; it means nothing to dictionary"),
    ],
)
def test_cli_train_standards_are_for_linear(folder, args, message):
    is_misused(message, "train", "--train", "gold.txt", "-o", "model", *args, cwd=folder)


def test_cli_train_takes_a_file_of_one_sentence_beside_others(folder):
    (folder / "one.txt").write_text("北京大学 真 好\n", encoding="utf-8")
    said = train("--train", "gold.txt", "--train", "one.txt", "-o", "model", cwd=folder)
    assert said[0].startswith("12 sentences to train on, 1 to choose on")
    assert config(folder / "model")["training"]["sentences"] == 13
