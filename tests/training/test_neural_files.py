"""Model directories of neural labelers: saved and loaded, broken, read by transformers."""

from __future__ import annotations

import json
import shutil

import pytest
from tiny_neural import every_kind

import cws
from cws import model_io
from cws.errors import FileError, ModelError

torch = pytest.importorskip("torch", reason="needs torch")

from cws.labelers.neural.labeler import NeuralLabeler  # noqa: E402
from cws.labelers.neural.storage import load_neural, save_neural  # noqa: E402


@pytest.mark.parametrize("kind", ["bilstm-crf", "bert-crf"])
def test_broken_models_say_so(models, kind, tmp_path):

    def broken(change):
        folder = tmp_path / "broken"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(models[kind], folder)
        change(folder)
        with pytest.raises((ModelError, FileError)) as error:
            cws.load(folder, device="cpu").segment("今天")
        return str(error.value)

    def edit(**changes):
        def change(folder):
            config = json.loads((folder / "cws.json").read_text("utf-8"))
            (folder / "cws.json").write_text(json.dumps({**config, **changes}), "utf-8")

        return change

    assert "no encoder in cws.json" in broken(edit(encoder=None))
    assert "damaged" in broken(edit(encoder={"hidden": 8})) or kind == "bert-crf"
    assert "expected the tensors" in broken(edit(kind=kind.removesuffix("-crf")))
    assert "cut off" in broken(lambda folder: (folder / "weights.safetensors").write_bytes(b"x"))
    if kind == "bert-crf":
        assert "cannot be read" in broken(lambda folder: (folder / "model.safetensors").unlink())
        assert "another cws.json" in broken(edit(encoder={"id": "0123", "dropout": 0.1}))
    with pytest.raises(ModelError, match="no number"):
        _spoil(models[kind], tmp_path / "spoiled")


def _spoil(source, folder):
    """Write a model whose weights are no numbers, and load it."""

    model = load_neural(source, model_io.read_config(source))
    with torch.no_grad():
        model.labeler.output.bias[0] = float("nan")
    save_neural(folder, model, {})
    load_neural(folder, model_io.read_config(folder))


@every_kind
def test_models_saved_and_loaded_agree(models, kind, tmp_path):

    model = load_neural(models[kind], model_io.read_config(models[kind]))
    save_neural(tmp_path, model, {})
    again = load_neural(tmp_path, model_io.read_config(tmp_path))
    state, other = model.labeler.state_dict(), again.labeler.state_dict()
    assert state.keys() == other.keys()
    assert all(torch.equal(state[name], other[name]) for name in state)
    assert isinstance(again.labeler, NeuralLabeler)


def test_models_of_bert_are_directories_of_transformers(models):
    from transformers import AutoModel, AutoTokenizer

    folder = models["bert-crf"]
    model = AutoModel.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = torch.tensor(
        [[tokenizer.cls_token_id, *tokenizer.convert_tokens_to_ids(["今", "天"]), tokenizer.sep_token_id]]
    )
    ours = load_neural(folder, model_io.read_config(folder))
    with torch.no_grad():
        theirs = model.eval()(input_ids=ids).last_hidden_state[0, 1:-1]
        ours.labeler.encoder.features = None  # transformers does not know them
        vectors = ours.labeler.encoder(ours.batch(["今天"]))
    assert torch.allclose(theirs, vectors, atol=1e-5)
