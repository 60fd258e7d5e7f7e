"""Neural labelers: encoders, heads, groups of the optimiser, training that can be killed, segmenting."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
torch.set_num_threads(1)  # the models are tiny
pytest.importorskip("transformers", reason="needs transformers")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from strategies import any_text  # noqa: E402

import cws  # noqa: E402
from cws import model_io  # noqa: E402
from cws.errors import FileError, InputError, ModelError  # noqa: E402
from cws.labelers.kind import KINDS as EVERY_KIND  # noqa: E402
from cws.labelers.kind import Kind  # noqa: E402
from cws.labelers.neural.bert import Bert, load_encoder  # noqa: E402
from cws.labelers.neural.character_tokens import CharacterTokens  # noqa: E402
from cws.labelers.neural.features import Batch, FeatureOptions, pair_hash  # noqa: E402
from cws.labelers.neural.labeler import NeuralLabeler  # noqa: E402
from cws.labelers.neural.layout import PAIR_BITS  # noqa: E402
from cws.labelers.neural.model import make_labeler, mean_of  # noqa: E402
from cws.labelers.neural.storage import load_neural, save_neural  # noqa: E402
from cws.labelers.neural.torch_predictor import TorchPredictor  # noqa: E402
from cws.labelers.neural.windows import window_places  # noqa: E402
from cws.tags import SBME  # noqa: E402
from cws.training.checkpoint import CHECKPOINT_FILE  # noqa: E402
from cws.training.loop import LoopOptions, learning_rate_factor, step_seed  # noqa: E402
from cws.training.neural import NeuralOptions, bucketed_batches, parameter_groups, train_neural  # noqa: E402

SENTENCES = [
    line.split()
    for line in """\
今天 天气 真 好
我们 明天 去 公园 看 花
他 在 图书馆 看 书
这 本 书 很 有 意思
老师 说 明天 不 上课
妈妈 做 的 饭 很 好吃
火车 下午 三点 到 北京
孩子 们 在 公园 里 玩
图书馆 今天 不 开门
我 喜欢 看 电影 和 听 音乐
北京 的 冬天 很 冷
她 买 了 两 本 新 书""".splitlines()
] * 4
KINDS = [str(kind) for kind in EVERY_KIND if kind.is_neural]
every_kind = pytest.mark.parametrize("kind", KINDS)
small_kinds = pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("bert")])


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    """The folder of a tiny encoder, as transformers writes it."""
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("encoder")
    characters = sorted(
        {character for words in SENTENCES for character in "".join(words)} | set("的一是不了在人有我他")
    )
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", "utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return str(folder)


def options_for(encoder, **changes):
    loop = LoopOptions(**{"epochs": 3, "checkpoint_seconds": 1e9, **changes.pop("loop", {})})
    sizes = {"character_size": 8, "pair_size": 2, "hidden": 8, "batch_characters": 64}
    return NeuralOptions(encoder=encoder, loop=loop, **{**sizes, **changes})


def train(kind, folder, encoder, sentences=SENTENCES, **changes):
    dev = SENTENCES[:12]
    return train_neural(
        kind,
        [sentences],
        dev,
        [{"图书馆": 1, "天气": 2}],
        folder,
        options=options_for(encoder, **changes),
        device="cpu",
    )


@pytest.fixture(scope="session")
def models(tmp_path_factory, encoder):
    """A folder for each kind of model, trained for a moment."""
    folders = {kind: str(tmp_path_factory.mktemp(kind)) for kind in KINDS}
    for kind, folder in folders.items():
        train(kind, folder, encoder, learning_rate=0.02, loop={"epochs": 6})
    return folders


# --- encoders


def test_batch_places_are_where_the_characters_lie():
    batch = Batch.of([np.array([3, 4, 5]), np.array([6])], length=4)
    assert batch.codes.tolist() == [[3, 4, 5, 0], [6, 0, 0, 0]]
    assert batch.codes.reshape(-1)[batch.places].tolist() == [3, 4, 5, 6]
    assert batch.offsets.tolist() == [0, 3, 4]
    assert batch.mask().tolist() == [[True, True, True, False], [True, False, False, False]]


def test_pair_hash_is_that_of_plain_integers():
    def plain(first, second):
        mixed = (first * 0x9E3779B1 + second) % 2**32
        mixed = (mixed ^ mixed >> 15) * 0x85EBCA6B % 2**32
        return mixed >> (32 - PAIR_BITS)

    pairs = list(product([0, 1, 9, 700, 5000, 65535], repeat=2))
    first, second = torch.tensor(pairs).T
    assert pair_hash(first, second).tolist() == [plain(*pair) for pair in pairs]


def test_bert_begins_as_it_was_pretrained_and_then_sees_pairs_and_words(encoder):
    transformer, _, tokens = load_encoder(encoder)
    plain = Bert(transformer, tokens).eval()
    told = Bert(transformer, tokens, FeatureOptions(0, 0, 2, 2, 2)).eval()
    codes = [tokens.encode(text) for text in ("今天天气真好", "他")]
    bits = [np.array([1, 4, 0, 0, 0, 0]), np.array([0])]
    with torch.no_grad():
        assert torch.allclose(told(Batch.of(codes, bits)), plain(Batch.of(codes)), atol=1e-6)
        torch.nn.init.normal_(told.join.weight)
        alone = told(Batch.of(codes[:1], bits[:1]))
        others = {
            "padding": told(Batch.of(codes, bits))[:6],
            "words": told(Batch.of(codes[:1], [bits[0] << 12])),
            "standard": told(Batch.of(codes[:1], bits[:1], [1])),
        }
        assert torch.allclose(alone, others["padding"], atol=1e-5)
        assert not torch.allclose(alone, others["words"], atol=1e-2)
        assert torch.allclose(alone, others["standard"], atol=1e-5)  # they begin as zeros
        torch.nn.init.normal_(told.features.standards.weight)
        assert not torch.allclose(
            told(Batch.of(codes[:1], bits[:1], [1])), told(Batch.of(codes[:1], bits[:1])), atol=1e-2
        )


@every_kind
def test_training_begins_with_another_model(models, encoder, tmp_path, kind):
    # One step at a rate of almost nothing: what comes out is what went in.
    train_neural(
        kind, [SENTENCES, SENTENCES[:3]], SENTENCES[:12], [], tmp_path, init=models[kind],
        options=options_for(
            encoder, learning_rate=1e-12, crf_lr_multiplier=0, batch_characters=10_000, loop={"epochs": 1}
        ),
        device="cpu",
    )  # fmt: skip
    before, after = (load_neural(folder, model_io.read_config(folder)) for folder in (models[kind], tmp_path))
    assert after.labeler.encoder.features.options.standards == 2
    assert after.lexicon.words() == before.lexicon.words()
    texts = ["今天天气真好", "他在图书馆看书"]
    with torch.no_grad():
        expected, got = (model.labeler.emissions(model.batch(texts)) for model in (before, after))
    # the features of bert have a rate of their own
    assert torch.allclose(got, expected, atol=0.2 if kind.startswith("bert") else 1e-4)


@every_kind
def test_mean_of_models_is_that_of_their_weights(models, encoder, tmp_path, kind):
    train_neural(
        kind, [SENTENCES, SENTENCES[:3]], SENTENCES[:12], [], tmp_path / "other", init=models[kind],
        options=options_for(encoder, learning_rate=0.02, loop={"epochs": 1}), device="cpu",
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
        train_neural("bilstm", [SENTENCES], None, [], tmp_path, init=models["cnn"], options=options_for(encoder))


@every_kind
def test_emissions_do_not_depend_on_padding_and_neighbours(models, kind):
    model = load_neural(models[kind], model_io.read_config(models[kind]))
    texts = ["今天天气真好", "他", "我们明天去公园看花"]
    with torch.no_grad():
        alone = torch.cat([model.labeler.emissions(model.batch([text])) for text in texts])
        together = model.labeler.emissions(model.batch(texts))
    assert torch.allclose(alone, together, atol=1e-5)


def test_character_tokens_take_the_nearest_form():
    tokens = CharacterTokens.of({"a": 5, "1": 6, "书": 7, "讀": 8, "0": 9}, 1, 2, 3)
    assert tokens.encode("aAＡ1１2书書讀读𠮷x").tolist() == [5, 5, 5, 6, 6, 9, 7, 7, 8, 1, 1, 5]


def test_encoders_keep_the_first_layers(encoder):
    whole, _, _ = load_encoder(encoder)
    cut, _, tokens = load_encoder(encoder, layers=2)
    assert (len(whole.encoder.layer), len(cut.encoder.layer), cut.config.num_hidden_layers) == (3, 2, 2)
    assert tokens.encode("书")[0] != tokens.unknown
    with pytest.raises(InputError, match="has 3 layers: expected 1 to that, got 4"):
        load_encoder(encoder, layers=4)
    with pytest.raises(InputError, match="only the layers of an albert are shared"):
        load_encoder(encoder, unshare=True)


def test_encoders_of_shared_layers_can_be_unshared(encoder, tmp_path):
    from transformers import AlbertConfig, AlbertModel, AutoTokenizer

    AutoTokenizer.from_pretrained(encoder).save_pretrained(tmp_path)
    config = AlbertConfig(
        vocab_size=200, embedding_size=8, hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=40,
    )  # fmt: skip
    AlbertModel(config).save_pretrained(tmp_path)
    shared, _, _ = load_encoder(tmp_path)
    own, _, _ = load_encoder(tmp_path, unshare=True)
    ids = torch.tensor([[2, 7, 8, 3]])
    shared.eval(), own.eval()
    assert torch.equal(shared(input_ids=ids).last_hidden_state, own(input_ids=ids).last_hidden_state)
    layers = own.encoder.albert_layer_groups
    assert len(layers) == 3 and len({id(parameter) for parameter in own.parameters()}) > len(list(shared.parameters()))
    with torch.no_grad():
        next(layers[2].parameters()).add_(1)
    assert not torch.equal(shared(input_ids=ids).last_hidden_state, own(input_ids=ids).last_hidden_state)


def test_encoders_that_cannot_be_used_say_why(encoder, tmp_path):
    with pytest.raises(InputError, match="no encoder '.*nowhere'"):
        load_encoder(tmp_path / "nowhere")
    from transformers import BertConfig, BertModel, BertTokenizer

    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n", "utf-8")
    BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = BertConfig(vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="lacks common Chinese characters"):
        load_encoder(tmp_path)
    with pytest.raises(InputError, match="does not know .* % of the characters"):
        train("bert", tmp_path / "model", encoder, sentences=[["кошка", "дом"]])


# --- the optimiser


@every_kind
def test_groups_hold_every_parameter_once(models, kind):
    labeler = load_neural(models[kind], model_io.read_config(models[kind])).labeler
    groups = parameter_groups(labeler, 1e-3, 100)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(map(id, labeler.parameters()))
    new = [2e-3] if kind.startswith("bert") else []  # of the features, which are not pretrained
    assert [group["lr"] for group in groups] == [1e-3, *new, *([0.1] if kind.endswith("-crf") else [])]


def test_groups_keep_their_ratio_at_every_step(models):
    lines = Path(models["bert-crf"], "history.jsonl").read_text("utf-8").splitlines()
    rates = [json.loads(line)["learning_rates"] for line in lines]
    assert all(crf == pytest.approx(100 * encoder) for encoder, _, crf in rates)
    assert all(features == pytest.approx(2e-3 / 0.02 * encoder) for encoder, features, _ in rates)
    assert len({encoder for encoder, *_ in rates}) == len(rates)  # they fall


def test_rates_rise_and_fall():
    loop = LoopOptions(warmup=0.2, floor=0.1)
    factors = [learning_rate_factor(step, 50, loop) for step in range(60)]
    assert factors[0] == pytest.approx(0.1) and factors[9] == 1
    assert factors[:10] == sorted(factors[:10]) and factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[-1] == pytest.approx(0.1)


def test_multiplier_changes_the_matrix(tmp_path, encoder):
    moved = []
    for multiplier in (0, 1, 100):
        folder = tmp_path / str(multiplier)
        train("cnn-crf", folder, encoder, crf_lr_multiplier=multiplier, loop={"averaging": 0})
        crf = load_neural(folder, model_io.read_config(folder)).labeler.crf
        moved.append(crf.transitions.detach())
    torch.manual_seed(1)
    assert moved[0].abs().max() <= 0.1  # as they were drawn
    steps = [(matrix - moved[0]).abs().max() for matrix in moved[1:]]
    assert 0 < steps[0] < steps[1] / 10


@pytest.mark.parametrize("most", [1, 40, 10_000])
def test_batches_hold_every_row_once(most):
    lengths = np.array([1, 5, 5, 30, 2, 7, 90, 3] * 20, np.int64)
    batches = bucketed_batches(lengths, most, 5)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(rows) == 1 or len(rows) * lengths[rows].max() <= most for rows in batches)
    again = bucketed_batches(lengths, most, 5)
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))
    assert [rows.tolist() for rows in bucketed_batches(lengths, most, 6)] != [rows.tolist() for rows in batches]


def test_step_seeds_differ():
    assert len({step_seed(*numbers) for numbers in product(range(20), repeat=3)}) == 20**3


# --- training


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
        train("bilstm-crf", tmp_path / name, encoder, loop={"seed": seed, "epochs": 2})
    one, same, other = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("one", "same", "other"))
    assert one == same != other


@pytest.mark.parametrize("kind", ["cnn-crf", "bert-crf"])
def test_training_that_was_killed_ends_as_if_it_had_not_been(tmp_path, encoder, kind):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(kind, whole, encoder, loop={"checkpoint_seconds": 0})
    script = (
        "import test_neural, sys\n"
        f"test_neural.train({kind!r}, {str(killed)!r}, {encoder!r}, loop={{'checkpoint_seconds': 0}})"
    )
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
    train(kind, killed, encoder, loop={"checkpoint_seconds": 0})
    for name in ("weights.safetensors", "history.jsonl", *(["model.safetensors"] if kind == "bert-crf" else [])):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


def test_training_can_be_stopped_and_goes_on(tmp_path, encoder):
    options = options_for(encoder)
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
    train_neural(*arguments, options=options_for(encoder), device="cpu", stop_after=0.0)
    with pytest.raises(ModelError, match="another training was interrupted here"):
        train_neural(*arguments, options=options_for(encoder, learning_rate=0.5), device="cpu")
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="a broken checkpoint"):
        train_neural(*arguments, options=options_for(encoder), device="cpu")


def test_training_stops_when_dev_no_longer_rises(tmp_path, encoder):
    train("cnn", tmp_path, encoder, learning_rate=1e-7, loop={"epochs": 50, "patience": 2})
    assert len((tmp_path / "history.jsonl").read_text("utf-8").splitlines()) < 50


def test_training_says_when_the_loss_is_no_number(tmp_path, encoder):
    with pytest.raises(InputError, match="the loss is nan before step .*: train with a lower learning rate"):
        train(
            "cnn",
            tmp_path,
            encoder,
            learning_rate=0.9,
            loop={"clip": 1e30, "epochs": 9, "patience": 9, "weight_decay": 1e30},
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


@pytest.mark.parametrize(
    ("kind", "message"),
    [("hmm", "hmm is no kind of neural model: take one of bilstm, bilstm-crf"), ("berts", "did you mean bert")],
)
def test_train_neural_refuses_other_kinds(tmp_path, kind, message):
    with pytest.raises(InputError, match=message):
        train_neural(kind, [SENTENCES], None, [], tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_that_is_not_there_is_an_error(tmp_path, models):
    with pytest.raises(InputError, match="finds no CUDA device"):
        train_neural("cnn", [SENTENCES], None, [], tmp_path, device="cuda")
    with pytest.raises(InputError, match="device 'cuda' cannot be used"):
        cws.load(models["bert-crf"], device="cuda")


def test_options_out_of_range_are_refused():
    for name, value in (("learning_rate", 0), ("crf_lr_multiplier", -1), ("hidden", 0), ("character_dropout", 1)):
        with pytest.raises(InputError, match=f"{name} of a neural model cannot be"):
            NeuralOptions(**{name: value})
    for name, value in (("epochs", 0), ("clip", 0), ("precision", "int4"), ("averaging", 1)):
        with pytest.raises(InputError, match=f"{name} of a training cannot be"):
            LoopOptions(**{name: value})


def test_standards_are_learned_together(tmp_path, encoder):
    joined = [["".join(words[at : at + 2]) for at in range(0, len(words), 2)] for words in SENTENCES]
    for first, second, name in ((SENTENCES, joined, "fine"), (joined, SENTENCES, "coarse")):
        train_neural(
            "bilstm-crf", [first, second], first[:12], [], tmp_path / name,
            options=options_for(encoder, learning_rate=0.02, loop={"epochs": 12, "patience": 12}), device="cpu",
        )  # fmt: skip
    text = "".join(SENTENCES[0])
    assert len(cws.load(tmp_path / "fine").segment(text)) > len(cws.load(tmp_path / "coarse").segment(text))


# --- the loss


@pytest.mark.parametrize("has_crf", [False, True])
def test_loss_is_the_negative_log_likelihood_by_enumeration(has_crf):
    torch.manual_seed(0)
    labeler = make_labeler(Kind("cnn", "crf" if has_crf else "softmax"), FeatureOptions(20, 4, 2), hidden=4).eval()
    batch = Batch.of([np.array([9, 10, 11]), np.array([12])])
    tags = torch.tensor([1, 2, 3, 0])
    with torch.no_grad():
        emissions, loss = labeler.emissions(batch), labeler(batch, tags)
        total = 0.0
        for begin, end in ((0, 3), (3, 4)):
            if not has_crf:
                total += float(emissions[range(begin, end), tags[begin:end]].sum())
                continue
            scores = {
                path: _path_score(labeler, emissions[begin:end], path)
                for path in product(range(4), repeat=end - begin)
                if SBME.is_legal(path)
            }
            total += scores[tuple(tags[begin:end].tolist())] - np.logaddexp.reduce(list(scores.values()))
    assert float(loss) == pytest.approx(-total / 4, abs=1e-5)


def _path_score(labeler, emissions, path):
    transitions, start, end = labeler.scores()
    score = start[path[0]] + end[path[-1]] + sum(emissions[at, tag] for at, tag in enumerate(path))
    return float(score + sum(transitions[a, b] for a, b in pairwise(path)))


# --- segmenting


def torch_segmenter(models, kind, **options):
    return TorchPredictor(load_neural(models[kind], model_io.read_config(models[kind])), "cpu", **options)


@every_kind
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(any_text())
def test_no_text_is_lost(models, kind, text):
    segmenter = cws.load(models[kind])
    words = segmenter.segment(text)
    assert "".join(words) == text
    assert [token.text for token in segmenter.tokens(text)] == words
    assert segmenter.nbest(text, 2)[0][1] == words


@every_kind
def test_words_are_the_same_for_any_batch_and_company(models, kind):
    texts = ["".join(words) for words in SENTENCES[:6]] + ["", " ", "他", "北京的冬天很冷" * 12, "a\nb"]
    alone = [torch_segmenter(models, kind)._open([text], scored=True)[0].emissions(text) for text in texts]
    for size in (1, 1000):
        segmenter = torch_segmenter(models, kind, batch_characters=size)
        together = segmenter._open(texts, scored=True)
        found = [one.emissions(text) for one, text in zip(together, texts, strict=True)]
        if kind.startswith("bilstm"):  # packed: its products have the shape of what is there
            assert [[at for at, _ in one] for one in found] == [[at for at, _ in one] for one in alone]
        else:
            assert found == alone  # bit for bit
        expected = [segmenter.segment(text) for text in texts]
        assert segmenter.segment_batch(texts, 1) == segmenter.segment_batch(texts, 2) == expected


def test_long_texts_are_read_in_windows_that_overlap(models):
    segmenter = torch_segmenter(models, "bert-crf")
    assert segmenter._model.longest == 36
    text = "北京的冬天很冷今天天气真好" * 400
    assert "".join(segmenter.segment(text)) == text
    # Far from its ends, a text of one period is cut periodically.
    words = segmenter.segment("今天天气真好" * 100)
    inner = words[len(words) // 4 : -len(words) // 4]
    assert len(set(inner)) < 30


@pytest.mark.parametrize(
    ("length", "longest"), [(1, 5), (5, 5), (6, 5), (100, 7), (1024, 508), (1000, 129), (3, 1), (9, 2)]
)
def test_windows_give_each_character_once(length, longest):
    places = window_places(length, longest)
    given_for = [at for _, _, first, last in places for at in range(first, last)]
    assert given_for == list(range(length))
    for begin, end, first, last in places:
        assert 0 <= begin <= first < last <= end <= length and end - begin <= longest
        margin = min(64, (longest - 1) // 2)
        assert begin == 0 or first - begin >= margin
        assert end == length or end - last >= margin


@every_kind
def test_files_and_lines_give_the_same_words(models, kind, tmp_path):
    from click.testing import CliRunner

    from cws.cli import cli

    lines = ["".join(words) for words in SENTENCES[:12]] + ["", "a b", "他" * 1500]
    (tmp_path / "in.txt").write_text("\n".join(lines) + "\n", "utf-8")
    segmenter = cws.load(models[kind])
    expected = "".join(" ".join(word for word in segmenter.segment(line) if word.strip()) + "\n" for line in lines)
    for extra in ([], ["--batch-chars", "7"], ["--threads", "1"]):
        done = CliRunner().invoke(cli, ["segment", "--model", models[kind], str(tmp_path / "in.txt"), *extra])
        assert done.exit_code == 0, done.output
        assert done.stdout == expected


@every_kind
def test_arrow_columns_give_the_same_words(models, kind):
    pa = pytest.importorskip("pyarrow")
    from cws.engines.spark.columns import segment_column

    texts = ["".join(words) for words in SENTENCES[:12]] + ["", None, "a b", "他 \n们", "他" * 1500]
    segmenter = cws.load(models[kind], user_dictionary=["好吃"])
    found = segment_column(segmenter, pa.array(texts)).to_pylist()
    assert found == [None if text is None else segmenter.segment(text) for text in texts]
    assert isinstance(segmenter.predictor.word_ends(b"\xff"), int)


@small_kinds
def test_core_and_torch_find_the_same_words(models, kind):
    texts = ["".join(words) for words in SENTENCES[:12]] + ["", "他 们\n图书馆", "𠮷A1" * 700]
    core, reference = cws.load(models[kind], precision="float32").predictor, torch_segmenter(models, kind)
    assert type(core).__name__ == "NeuralPredictor"
    assert core.segment_batch(texts, 2) == reference.segment_batch(texts, 1)
    for text in texts[:4]:
        for (at, ours), (where, theirs) in zip(core.emissions(text), reference.emissions(text), strict=True):
            # A softmax's logits differ from its log-probabilities by a number for each character.
            ours, theirs = (np.array(one).reshape(-1, 4) for one in (ours, theirs))
            shift = 0 if kind.endswith("-crf") else (theirs - ours).mean(axis=1, keepdims=True)
            assert at == where and np.abs(ours + shift - theirs).max() < 1e-4


def test_cpu_needs_no_torch(models):
    script = f"""if True:
        import sys, cws
        sys.modules["torch"] = None  # what imports it now fails
        print(cws.load({models["cnn-crf"]!r}).segment("今天天气真好"))
        try:
            cws.load({models["bert-crf"]!r})
        except ValueError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "今天" in done.stdout and "needs pip install 'cws[neural]'" in done.stdout


def test_command_line_trains_evaluates_and_plots(tmp_path, monkeypatch, encoder):
    from click.testing import CliRunner

    from cws.cli import cli

    def call(*arguments, status=0):
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exit_code == status, done.output
        return done.output + str(done.exception or "")

    monkeypatch.chdir(tmp_path)
    shown = call("train", "--model", "cnn-crf", "--epochs", "1", "--threads", "1", "--no-jieba", "--device", "cpu")
    assert "the bundled sample" in shown and "the model is in cws-cnn-crf" in shown
    assert "F1" in call("evaluate", "cws-cnn-crf", str(Path(cws.__file__).parent / "data" / "sample" / "dev.txt"))
    Path("gold.txt").write_text("\n".join(map(" ".join, SENTENCES)), "utf-8")
    arguments = ("train", "-m", "bert", "--encoder", encoder, "--encoder-layers", "1", "--batch-chars", "40")
    arguments += ("--train", "gold.txt", "-o", "tuned", "--threads", "1")
    assert "stopped at step" in call(*arguments, "--minutes", "1e-9")
    assert "no epoch is complete yet" in call("plot", "tuned", status=1)
    assert "going on after epoch 0" in call(*arguments)
    call("plot", "cws-cnn-crf", "tuned", "-o", "both.png")
    assert Path("both.png").read_bytes().startswith(b"\x89PNG")
    assert "expected a name that ends in" in call("plot", "tuned", "-o", "both.doc", status=1)
    assert "finds no CUDA device" in call(*arguments, "--device", "cuda", status=1) or torch.cuda.is_available()


@every_kind
def test_user_dictionaries_work(models, kind):
    segmenter = cws.load(models[kind], user_dictionary=["今天天气"])
    segmenter.add_word("明天去", "!", "PLAN")
    assert "明天去" in segmenter.segment("我们明天去公园看花")
    labels = {token.text: token.label for token in segmenter.tokens("我们明天去公园看花")}
    assert labels["明天去"] == "PLAN"


def test_precisions_of_the_cpu(models):
    texts = ["".join(words) for words in SENTENCES[:12]]
    exact = torch_segmenter(models, "bert-crf")._open(texts, scored=True)
    for precision, most in (("bf16", 0.5), ("int8", 0.5)):
        found = torch_segmenter(models, "bert-crf", precision=precision)._open(texts, scored=True)
        differences = [
            np.abs(np.array(a.emissions(text)[0][1]) - np.array(b.emissions(text)[0][1])).max()
            for a, b, text in zip(exact, found, texts, strict=True)
        ]
        assert 0 < max(differences) < most
    with pytest.raises(InputError, match="no precision 'int4'"):
        torch_segmenter(models, "bert-crf", precision="int4")
    with pytest.raises(InputError, match="batch_characters must be 1 or more"):
        torch_segmenter(models, "bert-crf", batch_characters=0)
    with pytest.raises(InputError, match="are for neural models; this one is linear"):
        cws.load(precision="bf16")


# --- broken models


@pytest.mark.parametrize("kind", ["bilstm-crf", "bert-crf"])
def test_broken_models_say_so(models, kind, tmp_path):
    import shutil

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
