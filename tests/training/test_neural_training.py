"""Trainings of neural labelers: what they learn, how they end, that they can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_neural import SENTENCES, every_kind, options_for, train

import cws
from cws import model_io
from cws.errors import FileError, InputError, ModelError

torch = pytest.importorskip("torch", reason="needs torch")

from cws.training.checkpoint import CHECKPOINT_FILE  # noqa: E402
from cws.training.neural import train_neural  # noqa: E402


@every_kind
def test_training_learns_and_the_model_comes_back(models, kind):
    config = model_io.read_config(models[kind])
    assert config["kind"] == kind and config["dev"]["f1"] > 0.5
    history = [json.loads(line) for line in Path(models[kind], "history.jsonl").read_text("utf-8").splitlines()]
    assert [record["epoch"] for record in history] == [1, 2, 3, 4, 5, 6]
    assert history[-1]["loss"] < history[0]["loss"]
    assert max(record["f1"] for record in history) == config["dev"]["f1"]
    assert not Path(models[kind], CHECKPOINT_FILE).exists()
    segmenter = cws.load(models[kind])
    texts = ["".join(words) for words in SENTENCES[:12]]
    assert ["".join(words) for words in segmenter.segment_batch(texts)] == texts


def test_training_is_the_same_for_the_same_seed(tmp_path, encoder):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        train("bilstm-crf", tmp_path / name, encoder, seed=seed, epochs=2)
    one, same, other = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("one", "same", "other"))
    assert one == same != other


@pytest.mark.parametrize("kind", ["cnn-crf", "bert-crf"])
def test_training_that_was_killed_ends_as_if_it_had_not_been(tmp_path, encoder, kind):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(kind, whole, encoder, checkpoint_seconds=0)
    script = f"import tiny_neural, sys\ntiny_neural.train({kind!r}, {str(killed)!r}, {encoder!r}, checkpoint_seconds=0)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    deadline = time.monotonic() + 120
    checkpoint, seen = killed / CHECKPOINT_FILE, 0
    while seen < 3 and process.poll() is None and time.monotonic() < deadline:  # three of them, so some steps
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while process.poll() is None and (checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0) == before:
            time.sleep(0.002)
        seen += 1
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert not (killed / "cws.json").exists()
    train(kind, killed, encoder, checkpoint_seconds=0)
    for name in ("weights.safetensors", "history.jsonl", *(["model.safetensors"] if kind == "bert-crf" else [])):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


def test_training_can_be_stopped_and_goes_on(tmp_path, encoder):
    options = options_for("cnn", encoder)
    lines: list[str] = []
    arguments = ("cnn", [SENTENCES], SENTENCES[:12], [], tmp_path)
    stops = 0
    while train_neural(*arguments, options=options, device="cpu", stop_after=0.0, log_line=lines.append) is None:
        stops += 1
        assert (tmp_path / CHECKPOINT_FILE).exists() and not (tmp_path / "cws.json").exists()
    assert stops > 3 and any("the same command goes on from here" in line for line in lines)
    assert any(line.startswith("going on after epoch") for line in lines)


def test_training_does_not_go_on_from_another(tmp_path, encoder):
    arguments = ("cnn", [SENTENCES], SENTENCES[:12], [], tmp_path)
    train_neural(*arguments, options=options_for("cnn", encoder), device="cpu", stop_after=0.0)
    with pytest.raises(ModelError, match="another training was interrupted here"):
        train_neural(*arguments, options=options_for("cnn", encoder, learning_rate=0.5), device="cpu")
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="a broken checkpoint"):
        train_neural(*arguments, options=options_for("cnn", encoder), device="cpu")


def test_training_stops_when_dev_no_longer_rises(tmp_path, encoder):
    train("cnn", tmp_path, encoder, learning_rate=1e-7, epochs=50, patience=2)
    assert len((tmp_path / "history.jsonl").read_text("utf-8").splitlines()) < 50


def test_training_says_when_the_loss_is_no_number(tmp_path, encoder):
    with pytest.raises(InputError, match="the loss is nan before step .*: train with a lower learning rate"):
        train(
            "cnn",
            tmp_path,
            encoder,
            learning_rate=0.9,
            clip=1e30,
            epochs=9,
            patience=9,
            weight_decay=1e30,
        )


def test_training_on_a_full_disk_says_so(tmp_path, encoder, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left"):
        train("cnn", tmp_path, encoder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("corpora", "dev", "message"),
    [
        ([], None, "no training sentences"),
        ([[]], None, "no training sentences"),
        ([SENTENCES, []], None, "no training sentences"),
        ([[["a"], []]], None, "a training sentence without words"),
        ([SENTENCES], [], "no dev sentences"),
        ([SENTENCES], [[]], "a dev sentence without words"),
    ],
)
def test_training_without_sentences_says_so(tmp_path, corpora, dev, message):
    with pytest.raises(InputError, match=message):
        train_neural("cnn", corpora, dev, [], tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_that_is_not_there_is_an_error(tmp_path, models):
    with pytest.raises(InputError, match="finds no CUDA device"):
        train_neural("cnn", [SENTENCES], None, [], tmp_path, device="cuda")
    with pytest.raises(InputError, match="device 'cuda' cannot be used"):
        cws.load(models["bert-crf"], device="cuda")


def test_standards_are_learned_together(tmp_path, encoder):
    joined = [["".join(words[at : at + 2]) for at in range(0, len(words), 2)] for words in SENTENCES]
    for first, second, name in ((SENTENCES, joined, "fine"), (joined, SENTENCES, "coarse")):
        train_neural(
            "bilstm-crf", [first, second], first[:12], [], tmp_path / name,
            options=options_for("bilstm-crf", encoder, learning_rate=0.02, epochs=12, patience=12), device="cpu",
        )  # fmt: skip
    text = "".join(SENTENCES[0])
    assert len(cws.load(tmp_path / "fine").segment(text)) > len(cws.load(tmp_path / "coarse").segment(text))
