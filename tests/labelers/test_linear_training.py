"""`train_linear`: sentences and word lists in, a model directory out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from linear_models import EVERY_SCHEME, OPTIONS, SENTENCES, WORD_LIST, make_trainer
from strategies import two_segmentations

import cws
from cws import metrics, model_io
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import FIRST_KNOWN, SEPARATOR, classes_of
from cws.labelers.reference import PAD, NgramTable, ngram_key
from cws.training.linear import train_linear
from cws.training.linear_options import LinearOptions
from cws.training.linear_trainer import word_f1
from cws.training.ngram_classes import lexicon_entries
from cws.training.quantise import quantise


@EVERY_SCHEME
@given(sentences=st.lists(two_segmentations(), min_size=1, max_size=4))
def test_linear_word_f1_is_that_of_the_scorer(scheme, sentences):
    gold, predicted = zip(*sentences, strict=True)
    assume(any(gold))
    tags = [np.frombuffer(b"".join(map(scheme.words_to_tags, side)), np.uint8) for side in (gold, predicted)]
    assert word_f1(*tags, scheme) == metrics.score(gold, predicted).f1


def test_linear_training_learns_its_sentences(linear_folder):
    segmenter = cws.load(linear_folder)
    wrong = [words for words in SENTENCES if segmenter.segment("".join(words)) != words]
    assert len(wrong) <= 3


def test_linear_training_with_the_same_seed_gives_the_same_bytes(linear_folder, tmp_path):
    train_linear(SENTENCES, None, [WORD_LIST], tmp_path, options=OPTIONS)
    for name in ("cws.json", "weights.safetensors"):
        assert (tmp_path / name).read_bytes() == (linear_folder / name).read_bytes()


def test_linear_training_with_another_seed_gives_another_model(linear_folder, tmp_path):
    train_linear(SENTENCES, None, [WORD_LIST], tmp_path, options=LinearOptions(epochs=4, seed=2))
    name = "weights.safetensors"
    assert (tmp_path / name).read_bytes() != (linear_folder / name).read_bytes()


def test_linear_training_writes_what_it_was(tmp_path):
    lines: list[str] = []
    counts = train_linear(
        SENTENCES[:18], SENTENCES[18:], [], tmp_path, options=OPTIONS, description={"name": "试"}, log_line=lines.append
    )
    config = model_io.read_config(tmp_path)
    assert (config["kind"], config["scheme"], config["scale"], config["name"]) == ("linear", "SBME", 1 / 16, "试")
    assert config["training"]["sentences"] == 18
    assert config["dev"]["gold_words"] == counts.gold_words == sum(map(len, SENTENCES[18:]))
    assert lines[0] == "18 sentences to train on, 4 to choose on, 0 words in the lexicon"
    assert lines[-1].startswith("dev F1 ")


@pytest.mark.parametrize(
    "sentences", [[["😀", "𠀀𠀁"]] * 2, [["\0", "\t"]] * 2, [["\ud800"]] * 2, [["a", "1", " "]] * 2]
)
def test_linear_training_takes_any_characters(tmp_path, sentences):
    train_linear(sentences, None, [], tmp_path, options=OPTIONS)
    text = "".join(sentences[0])
    assert "".join(cws.load(tmp_path).segment(text)) == text


@pytest.mark.parametrize(
    "word_list",
    [{}, {"好": 1}, {"一二三四五": 2}, {"a b": 1, "天\u3000气": 2}, {"\ud800好": 1}, {"天气": 0}, {"天气": -1}],
)
def test_linear_training_takes_any_word_list(tmp_path, word_list):
    train_linear(SENTENCES[:6], None, [word_list], tmp_path, options=LinearOptions(epochs=1))
    assert cws.load(tmp_path).segment("天气")


def test_linear_lexicon_classes_tell_lists_and_frequent_words_apart():
    alphabet = Alphabet.of(["甲乙丙丁戊"])
    lists = [
        {"甲乙": 9, "丙丁": 1, "乙丙": None, "甲": 99, "戊甲": 2},
        {"甲乙": None, "甲乙丙丁": None, "甲乙丙丁戊": 5},
    ]
    keys, classes = lexicon_entries(alphabet, lists, 0.4)
    found = dict(zip(keys.tolist(), classes.tolist(), strict=True))

    def class_of(word: str) -> int:
        return found[ngram_key(alphabet.encode(word).tolist())]

    assert len(found) == 5  # not 甲 nor 甲乙丙丁戊
    assert class_of("丙丁") == class_of("乙丙")  # rare, or without a count
    assert len({class_of("甲乙"), class_of("丙丁"), class_of("甲乙丙丁")}) == 3
    assert min(found.values()) >= 1


def test_linear_quantise_keeps_the_ngrams_of_the_lexicon():
    sentences = [*SENTENCES, *SENTENCES]
    alphabet = Alphabet.of(["".join(words) for words in sentences])
    lexicon = lexicon_entries(alphabet, [WORD_LIST], 0.4)
    trainer, _ = make_trainer(sentences, lexicon)
    for _ in range(3):
        trainer.run_epoch()
    weights = trainer.weights()
    tensors = quantise(alphabet, weights, 1 / 16, limit=127)
    table = NgramTable(memoryview(tensors["buckets"].tobytes()), memoryview(tensors["pilots"].tobytes()))
    for key, in_lexicon, row in zip(weights["keys"], weights["in_lexicon"], weights["ngrams"], strict=True):
        if in_lexicon and np.rint(row * 16).any():
            assert table.find(int(key))[0] == np.rint(row * 16).ravel().tolist()
        elif not in_lexicon:
            assert table.find(int(key)) in (None, ([0] * 16, True))  # gone, or the beginning of a longer one
    assert {int(key) for key in weights["keys"][weights["in_lexicon"] > 0]} == {*map(int, lexicon[0])}


def test_linear_quantise_clips_what_is_too_large():
    alphabet = Alphabet.of(["甲"])
    trainer, _ = make_trainer([["甲"]])
    weights = {
        name: tensor + np.float32(1e9) for name, tensor in trainer.weights().items() if tensor.dtype != np.uint64
    }
    weights |= {"keys": trainer.weights()["keys"], "in_lexicon": trainer.weights()["in_lexicon"]}
    tensors = quantise(alphabet, weights, 1 / 16, 0)
    assert {*tensors["unigrams"].flat} == {127}
    assert {*tensors["type_contexts"].flat} == {*tensors["transitions"].flat} == {10_000}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sentences": []}, "no training sentences: give one or more"),
        ({"sentences": [["好"]]}, "cannot split 1 sentences in two: give two or more"),
        ({"sentences": [["好"], []]}, "a training sentence without words: leave it out"),
        ({"sentences": [["好"], [""]]}, "cannot tag an empty word"),
        ({"dev": []}, "no dev sentences: give one or more, or None"),
        ({"dev": [[]]}, "a dev sentence without words: leave it out"),
        ({"description": {"version": 3, "kind": "x"}}, "the description of a model must not have kind, version"),
        (
            {"options": LinearOptions(learning_rate=1e30)},
            "the loss of epoch [0-9]+ is (nan|inf|-inf): train with a learning rate below",
        ),
    ],
)
def test_linear_training_refuses_what_is_wrong(tmp_path, arguments, message):
    defaults = {"sentences": SENTENCES, "dev": None, "word_lists": [], "folder": tmp_path / "model"}
    with pytest.raises(InputError, match=message):
        train_linear(**defaults | arguments)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0), ("patience", 0), ("learning_rate", 0.0), ("learning_rate", -1.0),
        ("learning_rate", math.nan), ("learning_rate", math.inf),
        ("margin", -1.0), ("min_trigram_count", 0), ("min_fourgram_count", -1), ("scale", 0.0), ("scale", 1.0),
        ("scale", math.nan), ("frequent", 1.0), ("frequent", -0.1), ("lexicon_prune", -1), ("own_rate", 0.0),
        ("lexicon_half", 0.0),
        ("seed", -1), ("seed", 2**64),
    ],
)  # fmt: skip
def test_linear_options_refuse_invalid_values(name, value):
    with pytest.raises(InputError, match=f"{name} of a linear model cannot be {value}: see LinearOptions"):
        LinearOptions(**{name: value})


def test_linear_alphabet_gives_classes_by_frequency_and_folds():
    alphabet = Alphabet.of(["气天天ＡＢ１ ", "\ud800𠀀"])
    # letters and digits are seen as one each: 天 a 0 气, of two, two, one, one
    encoded = alphabet.encode("天aZ９气").tolist()
    assert sorted(set(encoded)) == list(range(FIRST_KNOWN, FIRST_KNOWN + 4))
    assert encoded[1] == encoded[2]
    assert alphabet.encode(" \t\n\u3000").tolist() == [SEPARATOR] * 4
    assert alphabet.encode("𠀀😀").tolist() == classes_of(memoryview(alphabet.characters.tobytes()), "𠀀😀")
    assert len(alphabet.types) == FIRST_KNOWN + 5  # with the surrogate
    assert PAD == 2
