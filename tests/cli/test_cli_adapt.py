"""`cws adapt`: a model made one's own."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from commands import GOLD, fails, files, is_misused, run, works

from cws.bundled import bundled_raw_weights

DOMAIN = "我们 去 北京大学 吧\n北京大学 天气 真好\n他 来到 了 北京大学\n" * 5
MARKED = "".join(f"{at}\t{one}\n" for at, one in enumerate(["我们 去 北京大学¦吧", "北京大学 天气 真好"] * 6))
SAID = "the model is in mine: cws segment --model mine input.txt"
needs_raw_weights = pytest.mark.skipif(
    not os.path.exists(bundled_raw_weights()), reason="needs what raw text is worth, a file of the package"
)


@pytest.fixture
def domain(trained, tmp_path):
    """A folder with the model `model`, sentences, marks and raw text of a domain."""
    shutil.copytree(trained / "model", tmp_path / "model")
    for name, content in (("train", DOMAIN), ("marks", MARKED), ("gold", GOLD)):
        (tmp_path / f"{name}.txt").write_text(content, encoding="utf-8")
    (tmp_path / "raw.txt").write_text("我们去天气大厦\n他来到了天气大厦\n真好天气大厦吧\n" * 10, encoding="utf-8")
    return tmp_path


def table(text):
    """The figures below each heading of a table in Markdown, as text."""
    header, _, row = (line.strip("|").split("|") for line in text.strip().splitlines())
    return {name.strip(): cell.strip() for name, cell in zip(header, row, strict=True)}


def before_and_after(stdout):
    match = re.fullmatch(r"the fifth that was held out, before:\n(.*)\nafter:\n(.*)\n", stdout.decode(), re.DOTALL)
    assert match, stdout.decode()
    return table(match[1]), table(match[2])


def test_cli_adapt_to_sentences(domain):
    result = run("adapt", "model", "--train", "train.txt", "-o", "mine", cwd=domain)
    assert result.returncode == 0, result.stderr
    before, after = before_and_after(result.stdout)
    assert float(before["F1"]) < float(after["F1"])
    assert before.keys() == after.keys()
    assert result.stderr.decode().splitlines()[-1] == SAID
    text = "我们去北京大学吧".encode()
    assert works("segment", "--model", "mine", cwd=domain, stdin=text) == "我们 去 北京大学 吧\n"
    assert works("segment", "--model", "model", cwd=domain, stdin=text) == "我们 去 北京 大学 吧\n"


def test_cli_adapt_to_marks(domain):
    result = run("adapt", "model", "--marks", "marks.txt", "-o", "mine", "--seed", "3", cwd=domain)
    assert result.returncode == 0, result.stderr
    before, after = before_and_after(result.stdout)
    assert float(after["per 100 words"]) <= float(before["per 100 words"])
    assert result.stderr.decode().splitlines()[-1] == SAID


def test_cli_adapt_is_deterministic(domain):
    for name in ("a", "b"):
        assert run("adapt", "model", "--train", "train.txt", "-o", name, cwd=domain).returncode == 0
    for name in ("weights.safetensors", "cws.json"):
        assert (domain / "a" / name).read_bytes() == (domain / "b" / name).read_bytes()


@needs_raw_weights
def test_cli_adapt_to_raw_text(domain):
    result = run("adapt", "model", "--raw", "raw.txt", "-o", "mine", "--memory", "500M", cwd=domain)
    assert result.returncode == 0, result.stderr
    assert all(re.match(r" *[\d,]+  \S+ -> \S+   …", line) for line in result.stdout.decode().splitlines()[:20])
    assert re.match(r"\d+ n-grams of the raw text have classes\n", result.stderr.decode())
    text = (domain / "raw.txt").read_text("utf-8")
    assert works("segment", "--model", "mine", "raw.txt", cwd=domain).replace(" ", "") == text


def test_cli_adapt_replaces_a_model_only_when_told(domain):
    args = ("adapt", "model", "--train", "train.txt", "-o", "mine")
    shutil.copytree(domain / "model", domain / "mine")
    (domain / "mine" / "history.jsonl").write_text("{}\n")  # of the model before
    fails("mine holds a model: choose another folder, or give --overwrite to replace the model", *args, cwd=domain)
    assert run(*args, "--overwrite", cwd=domain).returncode == 0
    assert sorted(os.listdir(domain / "mine")) == ["cws.json", "weights.safetensors"]
    assert (domain / "mine" / "cws.json").read_bytes() != (domain / "model" / "cws.json").read_bytes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("model", "-o", "mine"), "nothing to adapt to: give --raw FILE, --train FILE or --marks FILE"),
        (("model", "--train", "train.txt"), "Missing option '-o'"),
        (("--train", "train.txt", "-o", "mine"), "Missing argument 'MODEL'"),
        (("model", "--train", "train.txt", "-o", "mine", "--seed", "-1"), "-1 is not in the range"),
    ],
)
def test_cli_adapt_wrong_usage(domain, args, message):
    is_misused(message, "adapt", *args, cwd=domain)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("nowhere", "--train", "train.txt"), "no model 'nowhere'"),
        (("model", "--train", "missing.txt"), r"missing\.txt: No such file"),
        (("model", "--marks", "missing.txt"), r"missing\.txt: No such file"),
        (("model", "--raw", "missing.txt"), r"missing\.txt: No such file"),
        (("model", "--train", "few.txt"), "a few sentences cannot be split to show what was won: give 10 or more"),
        (("model", "--train", "other.txt"), "knows 0% of the characters of the training text"),
        (("model", "--marks", "train.txt"), r"train\.txt:1: expected id TAB marked sentence"),
        (
            ("model", "--raw", "latin.txt"),
            "no Chinese character in the raw text: give Chinese text, in the right --enc",
        ),
        (("model", "--raw", "raw.txt", "--memory", "lots"), "lots"),
        (("model", "--train", "gbk.txt"), r"gbk\.txt:1:0: byte .* try --encoding gb18030"),
        (("model", "--train", "train.txt", "-o", "model", "--overwrite"), "model is an input and the output"),
        (("model", "--train", "train.txt", "-o", "train.txt"), r"train\.txt: Not a directory"),
        (("hmm", "--train", "train.txt"), "is a model of kind hmm: expected a linear model to begin with"),
    ],
)
def test_cli_adapt_errors(domain, args, message):
    (domain / "few.txt").write_text("我们 去 大学\n他 来 了\n", encoding="utf-8")
    (domain / "other.txt").write_text("甲乙 丙丁\n" * 12, encoding="utf-8")
    (domain / "latin.txt").write_text("nothing\n" * 12, encoding="utf-8")
    (domain / "gbk.txt").write_bytes(DOMAIN.encode("gbk"))
    if args[0] == "hmm":
        assert run("train", "-m", "hmm", "--train", "gold.txt", "-o", "hmm", cwd=domain).returncode == 0
    fails(message, "adapt", "-o", "mine", *args, cwd=domain)


def test_cli_adapt_leaves_what_it_was_given(domain):
    before = files(domain)
    assert run("adapt", "model", "--train", "train.txt", "-o", "mine", cwd=domain).returncode == 0
    after = files(domain)
    assert {path: after[path] for path in before} == before
