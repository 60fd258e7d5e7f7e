from __future__ import annotations

import functools
import json
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import COMMON, any_text

import cws
from cws import model_io, predictor
from cws._native import TransformerPredictor, window_places
from cws.errors import CwsError, ModelError
from cws.labelers.neural.native_bert import architecture, open_native

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
from transformers import (  # noqa: E402
    AlbertConfig,
    BertConfig,
    BertTokenizer,
    ElectraConfig,
    ModernBertConfig,
    RobertaConfig,
)
from transformers import AutoModel as Encoder  # noqa: E402

from cws.bundled import bundled_encoder  # noqa: E402
from cws.labelers.kind import Kind  # noqa: E402
from cws.labelers.neural.bert import Bert  # noqa: E402
from cws.labelers.neural.character_tokens import CharacterTokens  # noqa: E402
from cws.labelers.neural.features import FeatureOptions  # noqa: E402
from cws.labelers.neural.labeler import NeuralLabeler  # noqa: E402
from cws.labelers.neural.lexicon_features import LexiconFeatures  # noqa: E402
from cws.labelers.neural.model import NeuralModel  # noqa: E402
from cws.labelers.neural.storage import load_neural, save_neural  # noqa: E402
from cws.labelers.neural.torch_predictor import TorchPredictor  # noqa: E402
from cws.labelers.neural.windows import window_places as reference_places  # noqa: E402

CHARACTERS = [*dict.fromkeys(COMMON + "今天气真好去学研究生命起源，。一我aB1")]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS]
TEXTS = ["今天北京的天气真好", "研究生命起源", "好", "丁丁丁", "北京大学研究生在网易杭研大厦", "我😀有１２本𠀀书"]

WORD_LISTS = [["今天", "天气", "北京大学", "研究生"], ["天气", "大学", "生命", "网易杭研大厦"]]

SIZES = {
    "vocab_size": len(VOCABULARY), "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 80, "max_position_embeddings": 300,
}  # fmt: skip
MODERN = {"global_attn_every_n_layers": 1, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2}
MODERN |= {"sep_token_id": 3}
BIASES = {"attention_bias": True, "mlp_bias": True, "norm_bias": True}
CONFIGS = {
    "modernbert": ModernBertConfig(**SIZES, **MODERN),
    "modernbert with biases": ModernBertConfig(**SIZES, **MODERN, **BIASES),
    "bert": BertConfig(**SIZES),
    "roberta": RobertaConfig(**SIZES, pad_token_id=0),
    "electra": ElectraConfig(**SIZES, embedding_size=64),
}
OTHERS = {
    "albert": AlbertConfig(**SIZES, embedding_size=64),
    "local attention": ModernBertConfig(**{**SIZES, **MODERN, "global_attn_every_n_layers": 3}),
    "another activation": BertConfig(**SIZES, hidden_act="gelu_new"),
    "smaller vectors of tokens": ElectraConfig(**SIZES, embedding_size=32),
    "odd heads": BertConfig(**{**SIZES, "num_attention_heads": 8}),
    "odd inner size": BertConfig(**{**SIZES, "intermediate_size": 72}),
}
FEATURES = FeatureOptions(0, 0, pair_size=6, standards=3, word_lists=2)
every_architecture = pytest.mark.parametrize("name", [*CONFIGS, "modernbert with features", "bert with features"])
both_numbers = pytest.mark.parametrize("precision", ["float32", "auto"])


def make(folder, config, kind="bert-crf", features=None):
    """Write a model whose weights, drawn at random, make all parts of it count."""
    torch.manual_seed(3)
    encoder = Encoder.from_config(config)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"))
    tokens = CharacterTokens.of(tokenizer.get_vocab(), 1, 2, 3)
    labeler = NeuralLabeler(Bert(encoder, tokens, features), Kind.parse(kind).has_crf).eval()
    with torch.no_grad():
        for key, parameter in labeler.named_parameters():
            is_matrix = parameter.dim() == 2 and "embeddings" not in key and "crf" not in key
            is_matrix = is_matrix and "features" not in key
            spread = 1.5 / parameter.shape[1] ** 0.5 if is_matrix else 0.3
            parameter.normal_(1.0 if "orm" in key and key.endswith("weight") else 0.0, spread)
    lexicon = LexiconFeatures.of(tokens, WORD_LISTS)
    standard = features.standards - 1 if features else 0
    save_neural(folder, NeuralModel(Kind.parse(kind), labeler, tokens, lexicon, standard, tokenizer), {})
    return str(folder)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """The folder of a model of each architecture."""
    folders = {name: make(tmp_path_factory.mktemp("model"), config) for name, config in CONFIGS.items()}
    for name in ("modernbert", "bert"):
        folders[f"{name} with features"] = make(tmp_path_factory.mktemp("model"), CONFIGS[name], features=FEATURES)
    return folders


@functools.cache
def native(folder, precision="float32"):
    return cws.load(folder, device="cpu", precision=precision, units=False).predictor


@functools.cache
def reference(folder):
    return TorchPredictor(load_neural(folder, model_io.read_config(folder)), "cpu", "float32")


def emissions(segmenter, text):
    return np.concatenate(
        [np.zeros((0, 4)), *(np.array(rows, np.float32).reshape(-1, 4) for _, rows in segmenter.emissions(text))]
    )


def long_text(size, seed):
    return "".join(np.random.default_rng(seed).choice([*CHARACTERS, "丁", "😀"], size))


# --- the same numbers as PyTorch


@both_numbers
@every_architecture
def test_bert_native_emissions_equal_those_of_torch(folders, name, precision):
    found = native(folders[name], precision)
    assert isinstance(found, TransformerPredictor)
    for text in [*TEXTS, *(long_text(size, size) for size in (2, 15, 16, 17, 40, 296, 297, 700))]:
        expected = emissions(reference(folders[name]), text)
        assert expected.std() > 0.3
        assert emissions(found, text) == pytest.approx(expected, abs=2e-5 if precision == "float32" else 1e-2)


@settings(max_examples=60, deadline=None)
@given(text=any_text(), name=st.sampled_from(["modernbert with features", "bert"]))
def test_bert_native_emissions_of_any_text(folders, text, name):
    assert emissions(native(folders[name]), text) == pytest.approx(emissions(reference(folders[name]), text), abs=2e-5)


@settings(max_examples=60, deadline=None)
@given(text=any_text(), name=st.sampled_from(["modernbert", "bert"]))
def test_bert_native_integers_find_the_same_words_where_the_margin_is_clear(folders, text, name):
    expected = reference(folders[name]).nbest(text, 2)
    if len(expected) < 2 or expected[0][0] - expected[1][0] > 0.1:
        assert native(folders[name], "auto").segment(text) == reference(folders[name]).segment(text)


def test_bert_native_softmax(tmp_path):
    folder = make(tmp_path, CONFIGS["bert"], "bert")
    for text in TEXTS:
        ours, theirs = (emissions(one, text) for one in (native(folder), reference(folder)))
        shift = (theirs - ours).mean(axis=1, keepdims=True)  # a softmax's logits differ from log-probabilities by it
        assert ours + shift == pytest.approx(theirs, abs=2e-5)
        assert native(folder).segment(text) == reference(folder).segment(text)


@pytest.mark.parametrize("longest", [1, 2, 5, 36, 129, 130, 131, 508])
def test_bert_native_windows_are_those_of_the_reference(longest):
    for length in [*range(1, 300), 507, 508, 509, 1000, 1023, 1024]:
        assert window_places(length, longest) == reference_places(length, longest)


@both_numbers
def test_bert_native_texts_longer_than_the_encoder(tmp_path, precision):
    config = ModernBertConfig(**{**SIZES, **MODERN, "max_position_embeddings": 40})
    folder = make(tmp_path, config, features=FEATURES)
    for size in (35, 36, 37, 100, 1024, 3000):
        text = long_text(size, size)
        expected = emissions(reference(folder), text)
        assert emissions(native(folder, precision), text) == pytest.approx(expected, abs=1e-2)
        assert "".join(native(folder, precision).segment(text)) == text


# --- whatever stands beside


@both_numbers
@pytest.mark.parametrize("name", ["modernbert with features", "bert"])
def test_bert_native_emissions_are_batch_invariant(folders, name, precision):
    texts = [long_text(size, size) for size in [*range(1, 50), 200, 700, 1024]]
    found = native(folders[name], precision)
    alone = [emissions(found, text) for text in texts]
    order = np.random.default_rng(1).permutation(len(texts))
    for some in (order, order[::-1], order[:7], order[:5]):
        together = emissions(found, "\n".join(texts[i] for i in some))
        assert (together == np.concatenate([alone[i] for i in some])).all()


@both_numbers
def test_bert_native_batches_are_the_same_for_any_threads(folders, precision):
    found = native(folders["modernbert"], precision)
    texts = [long_text(size % 90, size) for size in range(200)] + [" a \n", "\n\n", "", " ", "好\n ", "\n 好"]
    expected = [found.segment(text) for text in texts]
    assert ["".join(words) for words in expected] == texts
    for threads in (1, 2, 3):
        assert found.segment_batch(texts, threads) == expected


# --- words, tokens, n best, dictionaries


@pytest.mark.parametrize("name", ["modernbert", "bert"])
def test_bert_native_tokens_and_nbest_are_those_of_torch(folders, name):
    ours, theirs = native(folders[name]), reference(folders[name])
    for text in TEXTS:
        for mine, other in zip(ours.tokens(text), theirs.tokens(text), strict=True):
            assert mine[:3] == other[:3] and mine[3] == pytest.approx(other[3], abs=1e-4)
        mine, other = ours.nbest(text, 4), theirs.nbest(text, 4)
        assert [words for _, words in mine] == [words for _, words in other]
        assert [score for score, _ in mine] == pytest.approx([score for score, _ in other], abs=1e-3)


def test_bert_native_user_dictionary(folders):
    found = cws.load(folders["bert"], device="cpu")
    assert isinstance(found.predictor, TransformerPredictor)
    found.add_word("的天气", "!", "WEATHER")
    assert "的天气" in found.segment(TEXTS[0])
    assert found.segment_batch([TEXTS[0]], threads=2) == [found.segment(TEXTS[0])]
    assert {token.text: token.label for token in found.tokens(TEXTS[0])}["的天气"] == "WEATHER"


def test_bert_native_models_are_saved_whole(folders, tmp_path):
    cws.load(folders["bert"], device="cpu").save(tmp_path / "copy")
    for precision in ("auto", "int8"):
        copy, original = (
            cws.load(one, device="cpu", precision=precision) for one in (tmp_path / "copy", folders["bert"])
        )
        assert copy.segment_batch(TEXTS) == original.segment_batch(TEXTS)


# --- who computes what


@pytest.mark.parametrize("name", OTHERS)
def test_bert_native_leaves_other_encoders_to_torch(tmp_path, name):
    assert architecture(OTHERS[name].to_dict()) is None
    folder = make(tmp_path, OTHERS[name])
    assert isinstance(cws.load(folder, device="cpu").predictor, TorchPredictor)


@pytest.mark.parametrize("size", ["vocab_size", "type_vocab_size", "hidden_size", "intermediate_size"])
def test_bert_native_leaves_encoders_without_a_size_to_torch(size):
    assert architecture(CONFIGS["bert"].to_dict()) is not None
    assert architecture({**CONFIGS["bert"].to_dict(), size: 0}) is None


def test_bert_native_knows_the_bundled_encoder():
    with open(f"{bundled_encoder()}/config.json", encoding="utf-8") as file:
        found = architecture(json.load(file))
    assert found is not None and found.options["longest"] == 1020 and found.options["rope"] == 10000


def test_bert_native_leaves_other_precisions_and_devices_to_torch(folders, monkeypatch):
    folder = folders["bert"]
    assert isinstance(cws.load(folder, device="cpu", precision="int8").predictor, TorchPredictor)
    assert isinstance(cws.load(folder, device="cpu", precision="bf16").predictor, TorchPredictor)
    monkeypatch.setattr(predictor, "_has_cuda", lambda: True)
    assert isinstance(cws.load(folder).predictor, TorchPredictor)
    assert isinstance(cws.load(folder, device="cpu").predictor, TransformerPredictor)
    monkeypatch.setattr(predictor, "_has_cuda", lambda: False)
    assert isinstance(cws.load(folder).predictor, TransformerPredictor)


def test_bert_native_needs_no_torch(folders):
    script = f"""if True:
        import sys, cws
        sys.modules["torch"] = sys.modules["transformers"] = sys.modules["numpy"] = None
        print("".join(cws.load({folders["bert"]!r}, device="cpu").segment("今天天气真好")))
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "今天天气真好\n"


# --- hostile files


@pytest.fixture
def broken(folders, tmp_path):
    """Returns the error of a model after a change of its files."""

    def error_of(change, name="bert"):
        folder = tmp_path / "broken"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(folders[name], folder)
        change(folder)
        with pytest.raises(CwsError) as error:
            found = open_native(folder, model_io.read_config(folder))
            assert found is None
            raise ModelError("left to PyTorch")
        return str(error.value)

    return error_of


def edit(file, **changes):
    def change(folder):
        config = json.loads((folder / file).read_text("utf-8"))
        (folder / file).write_text(json.dumps({**config, **changes}), "utf-8")

    return change


def with_encoder(**changes):
    def change(folder):
        config = json.loads((folder / "cws.json").read_text("utf-8"))
        edit("cws.json", encoder={**config["encoder"], **changes})(folder)

    return change


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def test_bert_native_broken_files_say_so(broken):
    weights, encoder = "weights.safetensors", "model.safetensors"
    assert "config.json" in broken(lambda folder: (folder / "config.json").unlink())
    assert "not the config.json" in broken(lambda folder: (folder / "config.json").write_text("[" * 99999))
    assert "not the config.json" in broken(lambda folder: (folder / "config.json").write_bytes(b"\xff"))
    assert "not the config.json" in broken(lambda folder: (folder / "config.json").write_text("[]"))
    assert "model.safetensors" in broken(lambda folder: (folder / encoder).unlink())
    for file in (weights, encoder):
        for size, says in ((-4, "damaged"), (7, "cut off"), (0, "empty")):
            assert says in broken(lambda folder, at=(file, size): cut(folder / at[0], at[1]))
    assert "no encoder in cws.json" in broken(edit("cws.json", encoder=None))
    assert "another cws.json" in broken(with_encoder(id="0123"))
    assert "expected the tensors" in broken(edit("cws.json", kind="bert"))


@pytest.mark.parametrize("name", ["bert", "modernbert"])
@pytest.mark.parametrize("size", ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"])
@pytest.mark.parametrize("wrong", [0, -64, 16, 4096, 10**12, 64.0, "64", None, [], True])
def test_bert_native_sizes_that_are_not_those_of_the_tensors(broken, name, size, wrong):
    assert broken(edit("config.json", **{size: wrong}), name)


@pytest.mark.parametrize("name", ["bert", "modernbert"])
@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        *(("num_attention_heads", wrong) for wrong in (0, -1, 3, 64, None, "2", 1e300)),
        *(("max_position_embeddings", wrong) for wrong in (0, -5, 4, None, "300", float("nan"))),
        *(("model_type", wrong) for wrong in ("gpt2", None, 3, [])),
    ],
)
def test_bert_native_other_options_are_no_crash(broken, name, option, wrong):
    assert broken(edit("config.json", **{option: wrong}), name)


@pytest.mark.parametrize("wrong", [0, -1, 2, None, float("nan"), float("inf"), "x"])
def test_bert_native_wrong_epsilons_are_errors(broken, wrong):
    assert "damaged" in broken(edit("config.json", layer_norm_eps=wrong))
    assert "damaged" in broken(edit("config.json", norm_eps=wrong), "modernbert")


@pytest.mark.parametrize("wrong", [0.5, -1, None, float("nan"), 1e20, "x"])
def test_bert_native_wrong_rotations_are_errors(broken, wrong):
    parameters = {"full_attention": {"rope_type": "default", "rope_theta": wrong}}
    assert "damaged" in broken(edit("config.json", rope_parameters=parameters), "modernbert")


@pytest.mark.parametrize("name", ["unknown", "first", "last"])
@pytest.mark.parametrize("wrong", [-1, len(VOCABULARY), 2**40, None, "x"])
def test_bert_native_wrong_tokens_are_errors(broken, name, wrong):
    tokens = {"unknown": 1, "first": 2, "last": 3}
    assert "damaged" in broken(with_encoder(tokens={**tokens, name: wrong}))
    assert "damaged" in broken(with_encoder(tokens={key: value for key, value in tokens.items() if key != name}))
    assert "damaged" in broken(with_encoder(tokens=None))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"pair_size": value} for value in (0, -1, 7, 10**12, None, "x")),
        *({"standards": value} for value in (0, -1, 7, 10**12, None, "x")),
        *({"word_lists": value} for value in (0, -1, 7, 10**12, None, "x")),
        {"character_size": 8},
    ],
)
def test_bert_native_wrong_features_are_errors(broken, wrong):
    known = {"characters": 0, "character_size": 0, "pair_size": 6, "standards": 3, "word_lists": 2}
    assert broken(with_encoder(features={**known, **wrong}), "bert with features")
    assert broken(with_encoder(features=known))
    assert broken(with_encoder(features=None), "bert with features")


@pytest.mark.parametrize("wrong", [-1, 3, None])
def test_bert_native_wrong_standards_are_errors(broken, wrong):
    assert "damaged" in broken(edit("cws.json", standard=wrong), "bert with features")


def spoil(folder, file, tensor, numbers):
    """Put a number of a tensor's last place in a file, and the file's own identity in cws.json."""
    data = bytearray((folder / file).read_bytes())
    (size,) = struct.unpack("<Q", data[:8])
    _, end = json.loads(data[8 : 8 + size])[tensor]["data_offsets"]
    data[8 + size + end - len(numbers) : 8 + size + end] = numbers
    (folder / file).write_bytes(data)
    if file == "model.safetensors":
        from cws.labelers.neural.native_bert import _identity

        header = {key: value for key, value in json.loads(data[8 : 8 + size]).items() if key != "__metadata__"}
        spans = {key: value["data_offsets"] for key, value in header.items()}
        views = {key: memoryview(data)[8 + size + first : 8 + size + last] for key, (first, last) in spans.items()}
        with_encoder(id=_identity(views))(folder)


@pytest.mark.parametrize(("name", "wrong"), [("bert", np.nan), ("modernbert", np.inf), ("modernbert", -3e4)])
def test_bert_native_weights_beyond_the_limit_are_errors(broken, folders, name, wrong):
    with open(f"{folders[name]}/config.json", encoding="utf-8") as file:
        found = architecture(json.load(file))
    for tensor in found.tensors:
        if "token_type" in tensor:  # its last row is not read
            continue
        if "layer" in tensor and "0" not in tensor:  # as the first
            continue
        change = functools.partial(spoil, file="model.safetensors", tensor=tensor, numbers=struct.pack("<f", wrong))
        assert "expected numbers from -10000 to 10000" in broken(change, name)


def test_bert_native_tokens_beyond_the_vocabulary_are_errors(broken):
    change = functools.partial(
        spoil, file="weights.safetensors", tensor="characters", numbers=struct.pack("<I", len(VOCABULARY))
    )
    assert f"expected tokens below {len(VOCABULARY)}, got {len(VOCABULARY)}" in broken(change)


@both_numbers
@pytest.mark.parametrize("name", ["bert with features", "modernbert with biases"])
def test_bert_native_largest_weights_give_finite_scores(folders, tmp_path, name, precision):
    folder = folders[name]
    model = load_neural(folder, model_io.read_config(folder))
    with torch.no_grad():
        for parameter in model.labeler.parameters():
            parameter.copy_(torch.where(parameter < 0, -1e4, 1e4))
    save_neural(tmp_path, model, {})
    found = cws.load(tmp_path, device="cpu", precision=precision, units=False).predictor
    for text in TEXTS:
        assert np.isfinite(emissions(found, text)).all()
        assert "".join(found.segment(text)) == text
        assert found.nbest(text, 2)
