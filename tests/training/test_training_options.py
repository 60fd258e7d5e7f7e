"""Options of trainings: what is refused, what suits each kind, and that Python and the shell have the same defaults."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner

import cws
from cws.cli import cli
from cws.corpus import read_segmented
from cws.errors import InputError
from cws.labelers.kind import KINDS
from cws.training.hmm_options import HmmOptions
from cws.training.linear_options import LinearOptions
from cws.training.neural_options import BertOptions, NeuralOptions, check_options
from cws.training.pretraining.options import PretrainOptions
from cws.training.schedule import LoopOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0), ("crf_lr_multiplier", -1), ("batch_characters", 0), ("character_size", 0),
        ("pair_size", 0), ("hidden", 0), ("dropout", 1), ("character_dropout", 1), ("encoder_layers", 0),
    ],
)  # fmt: skip
def test_options_of_neural_models_are_checked(name, value):
    with pytest.raises(InputError, match=f"{name} of a neural model cannot be"):
        BertOptions(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0), ("patience", 0), ("warmup", 1), ("floor", 2), ("clip", 0), ("averaging", 1),
        ("precision", "int4"), ("seed", -1),
    ],
)  # fmt: skip
def test_options_of_the_loop_are_checked(name, value):
    for options in (LoopOptions, NeuralOptions, BertOptions):
        with pytest.raises(InputError, match=f"{name} of a training cannot be"):
            options(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("order", 3), ("iterations", -1), ("min_gain", -1)])
def test_options_of_hmm_are_checked(name, value):
    with pytest.raises(InputError, match=f"{name}: expected .*, got {value}"):
        HmmOptions(**{name: value})


@pytest.mark.parametrize("kind", [str(kind) for kind in KINDS if kind.is_neural])
def test_options_suit_the_kind(kind):
    options, is_bert = check_options(kind, None), kind.startswith("bert")
    suitable = (10, 2e-4, 100, 0.1) if is_bert else (20, 2e-3, 5, 0.3)
    assert (options.epochs, options.learning_rate, options.crf_lr_multiplier, options.dropout) == suitable
    assert check_options(kind, options) is options
    # One that is given leaves the others as they suit the kind.
    assert asdict(type(options)(seed=3)) == {**asdict(options), "seed": 3}


def test_options_of_another_kind_are_refused():
    with pytest.raises(InputError, match="options of a bert-crf: expected BertOptions, got NeuralOptions"):
        check_options("bert-crf", NeuralOptions())
    with pytest.raises(InputError, match="options of a cnn: expected NeuralOptions, got BertOptions"):
        check_options("cnn", BertOptions())
    with pytest.raises(InputError, match="no kind 'transformer' of neural model: take one of bilstm, "):
        check_options("transformer", None)


def test_encoder_of_the_defaults_is_in_the_data_of_the_package():
    pytest.importorskip("transformers", reason="needs transformers")
    from cws.bundled import bundled_encoder

    assert BertOptions.encoder == "mini"
    assert Path(bundled_encoder()) == Path(cws.__file__).parent / "data" / "mini"


def test_options_have_one_seed():
    assert LinearOptions.seed == NeuralOptions.seed == BertOptions.seed == PretrainOptions.seed


def test_training_bert_from_python_is_training_it_from_the_shell(tmp_path, encoder):
    from tiny_neural import SENTENCES

    from cws.training.neural import train_neural

    corpus = tmp_path / "train.txt"
    corpus.write_text("".join(" ".join(words) + "\n" for words in SENTENCES), "utf-8")
    shell, python = tmp_path / "shell", tmp_path / "python"
    command = ["train", "--model", "bert-crf", "--train", str(corpus), "--encoder", encoder, "--no-jieba",
               "--device", "cpu", "--threads", "1", "-o", str(shell)]  # fmt: skip
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output
    options = BertOptions(encoder=encoder)
    train_neural("bert-crf", [list(read_segmented(corpus))], None, [], python, options=options, device="cpu")
    names = sorted(path.name for path in Path(python).iterdir() if path.is_file())
    assert {"cws.json", "history.jsonl", "model.safetensors", "weights.safetensors"} <= set(names)
    for name in names:
        assert (shell / name).read_bytes() == (python / name).read_bytes(), name


def test_training_linear_from_python_is_training_it_from_the_shell(tmp_path):
    from cws.bundled import sample_corpus
    from cws.training.linear import train_linear

    shell, python = tmp_path / "shell", tmp_path / "python"
    command = ["train", "--train", sample_corpus("train"), "--no-jieba", "-o", str(shell)]
    assert CliRunner().invoke(cli, command).exit_code == 0
    train_linear(list(read_segmented(sample_corpus("train"))), None, [], python)
    for name in ("cws.json", "weights.safetensors"):
        assert (shell / name).read_bytes() == (python / name).read_bytes(), name
