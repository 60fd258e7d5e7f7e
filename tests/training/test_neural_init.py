"""Trainings that begin with another model, and the mean of such models."""

from __future__ import annotations

import pytest
from tiny_neural import SENTENCES, every_kind, options_for

import cws
from cws import model_io
from cws.errors import InputError, ModelError

torch = pytest.importorskip("torch", reason="needs torch")

from cws.labelers.neural.model import mean_of  # noqa: E402
from cws.labelers.neural.storage import load_neural, save_neural  # noqa: E402
from cws.training.neural import train_neural  # noqa: E402


@every_kind
def test_training_begins_with_another_model(models, encoder, tmp_path, kind):
    # One step at a learning rate of almost nothing: what comes out is what went in.
    train_neural(
        kind, [SENTENCES, SENTENCES[:3]], SENTENCES[:12], [], tmp_path, init=models[kind],
        options=options_for(
            kind, encoder, learning_rate=1e-12, crf_lr_multiplier=0, batch_characters=10_000, epochs=1
        ),
        device="cpu",
    )  # fmt: skip
    before, after = (load_neural(folder, model_io.read_config(folder)) for folder in (models[kind], tmp_path))
    assert after.labeler.encoder.features.options.standards == 2
    assert after.lexicon.words() == before.lexicon.words()
    texts = ["今天天气真好", "他在图书馆看书"]
    with torch.no_grad():
        expected, got = (model.labeler.emissions(model.batch(texts)) for model in (before, after))
    # the features of bert have a learning rate of their own
    assert torch.allclose(got, expected, atol=0.2 if kind.startswith("bert") else 1e-4)


@every_kind
def test_mean_of_models_is_that_of_their_weights(models, encoder, tmp_path, kind):
    train_neural(
        kind, [SENTENCES, SENTENCES[:3]], SENTENCES[:12], [], tmp_path / "other", init=models[kind],
        options=options_for(kind, encoder, learning_rate=0.02, epochs=1), device="cpu",
    )  # fmt: skip
    ones = [load_neural(folder, model_io.read_config(folder)) for folder in (models[kind], tmp_path / "other")]
    save_neural(tmp_path / "mean", mean_of(ones), {})
    mean = load_neural(tmp_path / "mean", model_io.read_config(tmp_path / "mean"))
    first, second, got = (one.labeler.state_dict() for one in (*ones, mean))
    name = "encoder.features.standards.weight"
    assert len(got[name]) == 1 and torch.allclose(got[name][0], (first[name][0] + second[name][0]) / 2)
    assert all(torch.allclose(got[one], (first[one] + second[one]) / 2) for one in got if one != name)
    assert not torch.equal(first["output.weight"], second["output.weight"])  # they were left as they were
    assert "".join(cws.load(tmp_path / "mean").segment("今天天气真好")) == "今天天气真好"


def test_models_that_did_not_begin_alike_have_no_mean(models):
    ones = [load_neural(models[kind], model_io.read_config(models[kind])) for kind in ("cnn", "cnn-crf")]
    with pytest.raises(ModelError, match="only models that began with the same one have a mean"):
        mean_of(ones)


def test_training_cannot_begin_with_a_model_of_another_kind(models, encoder, tmp_path):
    with pytest.raises(InputError, match="is a model of kind cnn: a bilstm cannot begin with it"):
        train_neural(
            "bilstm", [SENTENCES], None, [], tmp_path, init=models["cnn"], options=options_for("bilstm", encoder)
        )
