"""`cws corpora` and corpus:NAME as their users meet them."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import cws

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cws.__file__).parent.parent)}
GOLD = "今天  天气  真好\n我们  去  北京  大学  吧\n他  来到  了  大厦\n" * 4


@pytest.fixture
def run(tmp_path):
    """Runs the command line with corpora in tmp_path/root; returns (status, stdout, stderr)."""

    def run(*args):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "cws", *map(str, args)], cwd=tmp_path, capture_output=True,
            timeout=100, env={**ENVIRONMENT, "CWS_CORPORA": str(tmp_path / "root")}, text=True, encoding="utf-8",
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def bakeoff(tmp_path):
    """An archive as the bakeoff's, with sentences made up here."""
    path = tmp_path / "icwb2-data.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("icwb2-data/training/pku_training.utf8", GOLD)
        file.writestr("icwb2-data/gold/pku_test_gold.utf8", GOLD)
    return path


def test_list_shows_what_there_is_and_what_was_fetched(run, bakeoff):
    status, shown, said = run("corpora", "list")
    assert (status, said) == (0, "")
    assert [line.split()[0] for line in shown.splitlines()][:3] == ["cluener", "msr", "pfr"]
    run("corpora", "get", "pku", "--from", bakeoff, "--accept", hashlib.sha256(bakeoff.read_bytes()).hexdigest())
    assert [line[2:5] for line in run("corpora", "list")[1].splitlines() if line.startswith("*")] == ["pku"]


def test_show_prints_terms_and_addresses(run):
    status, shown, _ = run("corpora", "show", "ud-pud")
    assert status == 0
    assert "licence   CC BY-SA 3.0" in shown
    assert "download  https://raw.githubusercontent.com/UniversalDependencies/UD_Chinese-PUD/" in shown
    assert "fetched   no: cws corpora get ud-pud" in shown
    assert "no public address" in run("corpora", "show", "pfr")[1]


def test_show_of_an_unknown_name_is_an_error(run):
    assert run("corpora", "show", "pfrr")[::2] == (
        1,
        "cws: error: no corpus is called 'pfrr': did you mean pfr? (cws corpora list shows them all)\n",
    )


def test_get_train_and_evaluate(run, bakeoff, tmp_path):
    total = hashlib.sha256(bakeoff.read_bytes()).hexdigest()
    status, shown, said = run("corpora", "get", "pku", "--from", bakeoff)
    assert (status, shown) == (1, "")
    terms, error = said.split("cws: error: ")
    assert "for the purposes of this competition only" in terms
    assert f"--accept {total}" in error
    assert not (tmp_path / "root").exists()

    status, shown, said = run("corpora", "get", "pku", "--from", bakeoff, "--accept", total)
    assert status == 0
    assert said == terms
    assert "train  12 sentences, 80 characters, 48 words" in shown
    status, _, said = run("train", "--model", "hmm", "--train", "corpus:pku", "-o", "model")
    assert (status, said) == (0, "the model is in model: cws segment --model model input.txt\n")
    status, shown, _ = run("evaluate", "model", "corpus:pku", "--train-words", "corpus:pku")
    assert status == 0
    assert run("evaluate", "model", "root/get/pku/test.txt", "--train-words", "root/get/pku/train.txt")[1] == shown
    status, shown, _ = run("score", "corpus:pku", "root/get/pku/test.txt")
    assert (status, "100.00" in shown) == (0, True)


def test_get_of_one_part_says_which_is_missing(run, tmp_path):
    (tmp_path / "pku_training.utf8").write_text(GOLD, "utf-8")
    total = hashlib.sha256(GOLD.encode()).hexdigest()
    status, shown, _ = run("corpora", "get", "pku", "--from", "pku_training.utf8", "--accept", total)
    assert status == 0
    assert "test   not in pku_training.utf8" in shown
    status, _, said = run("evaluate", "pku", "corpus:pku")
    assert (status, said) == (1, "cws: error: pku has no test part: there is corpus:pku/train\n")


@pytest.mark.parametrize(
    "args, message",
    [
        (("train", "--train", "corpus:pku"), "corpus:pku is not in .*: run cws corpora get pku first"),
        (("train", "--train", "corpus:pkuu"), "no corpus is called 'pkuu': did you mean pku?"),
        (("train", "--train", "x.txt", "--dev", "corpus:resume"), "corpus:resume has entities"),
        (("evaluate", "pku", "corpus:msr/all"), "corpus:msr/all: a part is one of train, dev, test"),
    ],
)
def test_corpus_that_is_not_there_is_an_error(run, args, message, tmp_path):
    status, shown, said = run(*args)
    assert (status, shown) == (1, "")
    assert re.match(f"cws: error: {message}", said), said
    assert list(tmp_path.iterdir()) == []
