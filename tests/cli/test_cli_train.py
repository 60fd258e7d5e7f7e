"""`cws train` for the models that the core trains."""

from __future__ import annotations

import os
import re
import signal

import pytest
from commands import (
    GOLD,
    fails,
    files,
    is_misused,
    run,
    start,
    works,
)


def test_cli_train_interrupted(here):
    (here / "long.txt").write_text(GOLD * 10_000, encoding="utf-8")
    before = files(here)
    with start("train", "--train", "long.txt", "--no-jieba", "-o", "model", cwd=here) as process:
        while b"epoch" not in (line := process.stderr.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read().decode().endswith("cws: error: interrupted\n")
    assert files(here) == before


def test_cli_train_says_where_the_model_is(trained):
    result = run("train", "--train", "gold.txt", "--dev", "gold.txt", "-o", "deep/in/model", "--no-jieba", cwd=trained)
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr.decode().splitlines()[-1] == (
        "the model is in deep/in/model: cws segment --model deep/in/model input.txt"
    )


def test_cli_train_is_deterministic(trained):
    assert run("train", "--train", "gold.txt", "-o", "again", "--no-jieba", cwd=trained).returncode == 0
    for name in ("weights.safetensors", "cws.json"):
        same = (trained / "model" / name).read_bytes(), (trained / "again" / name).read_bytes()
        assert same[0] == same[1]


def test_cli_train_replaces_a_model(trained, tmp_path):
    args = ("train", "--train", trained / "gold.txt", "-o", "m", "--no-jieba", "--overwrite")
    for _ in range(2):
        assert run(*args, cwd=tmp_path).returncode == 0
    assert sorted(os.listdir(tmp_path / "m")) == ["cws.json", "weights.safetensors"]


def test_cli_train_with_lexicon_and_jieba(here):
    (here / "words.txt").write_text("天气 10\n北京大学\n", encoding="utf-8")
    result = run("train", "--train", "gold.txt", "--lexicon", "words.txt", "-o", "model", cwd=here)
    assert result.returncode == 0
    assert works("segment", "-m", "model", cwd=here, stdin="今天天气真好".encode()) == "今天 天气 真好\n"


def test_cli_train_encoding(here):
    (here / "gold.txt").write_bytes(GOLD.encode("gb18030"))
    args = ("train", "--train", "gold.txt", "--no-jieba", "-o", "model", "--encoding", "gb18030")
    assert run(*args, cwd=here).returncode == 0
    assert works("segment", "-m", "model", cwd=here, stdin="今天天气真好".encode()) == "今天 天气 真好\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--train", "empty.txt"), r"empty\.txt: no sentence in this file: give a file with one sentence a line"),
        (("--train", "blank.txt"), r"blank\.txt: no sentence in this file: give a file with one sentence a line"),
        (("--train", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (("--train", "one.txt"), r"one\.txt:1: one sentence cannot be split in training and dev: give more"),
        (("--train", "gbk.txt"), r"gbk\.txt:1:0: byte 0xbd .*: this looks like gb18030: try --encoding gb18030$"),
        (("--train", "gold.txt", "--dev", "empty.txt"), r"empty\.txt: no sentence in this file: give"),
        (("--train", "gold.txt", "--dev", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (
            ("--train", "gold.txt", "--lexicon", "missing.txt"),
            r"missing\.txt: No such file or directory: check the path$",
        ),
        (("--train", "gold.txt", "--lexicon", "blank.txt"), r"blank\.txt: no word in this file: give a word list"),
        (("--train", "gold.txt", "-o", "gold.txt"), r"gold\.txt: Not a directory: check the path: one of its folders"),
        (
            ("--train", "gold.txt", "-o", "gold.txt/m"),
            r"gold\.txt/m: Not a directory: check the path: one of its folders",
        ),
    ],
)
def test_cli_train_errors(here, args, message):
    (here / "empty.txt").touch()
    (here / "blank.txt").write_text("  \n\n\u3000\t\n")
    (here / "one.txt").write_text("今天 天气 好\n", encoding="utf-8")
    (here / "gbk.txt").write_bytes(GOLD.encode("gbk"))
    fails(message, "train", "-o", "model", *args, "--no-jieba", cwd=here)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-o", "model"), "linear needs --train FILE"),
        (("-o", "model", "-m", "hmm"), "hmm needs --train FILE or --init MODEL"),
        (("-o", "model", "-m", "hmm", "--train", "gold.txt", "--init", "pku"), "one of them"),
        (("-o", "model", "-m", "hmm", "--order", "2", "--init", "jieba"), "are for models of order 1"),
        (("-o", "model", "-m", "hmm", "--order", "3", "--train", "gold.txt"), "3 is not in the range"),
        (("-o", "model", "-m", "hmm", "--init", "pku"), "needs --raw FILE"),
        (("--train", "gold.txt", "--learning-rate", "0.1"), "--learning-rate is for bilstm, bilstm-crf"),
        (("-m", "dictionary", "--order", "2"), "it means nothing to dictionary"),
        (("-m", "bert", "--init", "x", "--encoder", "y"), "--encoder means nothing beside --init"),
        (("-m", "cnn", "--crf-lr-multiplier", "2"), "--crf-lr-multiplier is for bilstm-crf, cnn-crf, bert-crf"),
        (("--train", "gold.txt", "-o", "model", "-m", "transformer"), "'transformer' is not"),
        (("--train", "gold.txt", "-o", "model", "--seed", "-1"), "-1 is not in the range"),
        (("--train", "gold.txt", "-o", "model", "--seed", "99999999999999999999"), "is not in the range"),
    ],
)
def test_cli_train_wrong_usage(here, args, message):
    is_misused(message, "train", *args, cwd=here)


@pytest.mark.parametrize(
    "args",
    [
        ("--train", "gold.txt"),
        ("--train", "gold.txt", "--order", "2"),
        ("--train", "gold.txt", "--raw", "raw.txt", "--iterations", "2"),
        ("--init", "pku", "--raw", "raw.txt", "--iterations", "2"),
        ("--init", "jieba"),
    ],
)
def test_cli_train_hmm(here, args):
    (here / "raw.txt").write_text("今天天气真好\n他来到了 网易杭研大厦\n", encoding="utf-8")
    result = run("train", "-m", "hmm", *args, "-o", "model", cwd=here)
    assert result.returncode == 0
    *progress, last = result.stderr.decode().splitlines()
    assert last == "the model is in model: cws segment --model model input.txt"
    assert len(progress) == (3 if "--raw" in args else 0)
    assert all(re.fullmatch(r"iteration \d: log-likelihood -\d+\.\d+ a character", line) for line in progress)
    assert (
        works("segment", "--model", "model", "raw.txt", cwd=here).replace(" ", "")
        == "今天天气真好\n他来到了网易杭研大厦\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--init", "pku", "--raw", "empty.txt"), "no words to learn from"),
        (("--train", "gold.txt", "--raw", "empty.txt"), "no text to learn from"),
        (("--init", "nowhere", "--raw", "gold.txt"), "no model 'nowhere'"),
        (("--train", "nowhere.txt"), r"nowhere\.txt: No such file"),
        (("--train", "gold.txt", "--raw", "nowhere.txt"), r"nowhere\.txt: No such file"),
    ],
)
def test_cli_train_hmm_errors(here, args, message):
    (here / "empty.txt").touch()
    fails(message, "train", "-m", "hmm", "-o", "model", *args, cwd=here)
