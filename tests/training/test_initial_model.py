"""The model that a training begins with: it goes on scoring, and differences are added to it."""

from __future__ import annotations

import json
import shutil
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_models import SENTENCES, WORD_LIST, chain, train_small, views
from strategies import any_text

import cws
from cws import model_io
from cws._native import LinearPredictor, find_in_table
from cws.errors import InputError
from cws.labelers.character_classes import FIRST_KNOWN
from cws.labelers.reference import linear_emissions, ngram_key
from cws.training.hmm import count_hmm, write_hmm
from cws.training.initial_model import InitialModel
from cws.training.linear_choice import TrainerSegmenter
from cws.training.linear_options import LinearOptions
from cws.training.linear_text import Part, Standard, encode_standards
from cws.training.linear_trainer import trainer_of_sequences
from cws.training.ngram_classes import lexicon_entries

TEXTS = ["".join(words) for words in SENTENCES]
NO_KEYS = np.empty(0, np.uint64)


@pytest.fixture(scope="module")
def initial(small_linear):
    return InitialModel.open(small_linear)


def no_difference(model, keys=NO_KEYS):
    """What `LinearTrainer.weights` returns of a trainer that learned nothing beyond the model."""
    zeros = {name: np.zeros(model.tensors[name].shape, np.float32) for name in ("unigrams", "type_contexts")}
    zeros["repetitions"] = np.zeros((32, 4), np.float32)
    rows = model.chain()
    return {
        **zeros, "transitions": rows[:4], "start": rows[4], "end": rows[5], "keys": keys,
        "ngrams": np.zeros((len(keys), 4, 4), np.float32),
    }  # fmt: skip


def scores(tensors, text):
    predictor = LinearPredictor({name: model_io.aligned(tensor) for name, tensor in tensors.items()}, 1 / 16)
    return predictor.emissions(text)


def trained(model, sentences, word_lists=(), epochs=3):
    """A trainer of sentences that begins with the model."""
    sequences = encode_standards([Standard("", [Part(sentences)])], model.alphabet, model)
    lists = [lexicon_entries(model.alphabet, word_lists, 0.4)]
    trainer = trainer_of_sequences(model.alphabet, lists, sequences, LinearOptions(), model.chain())
    for _ in range(epochs):
        trainer.run_epoch()
    return trainer


# What the model says


def test_initial_model_emissions_are_those_of_the_reference(initial):
    texts = [*TEXTS[:6], "不认识的字", "😀a9"]
    expected = [row for text in texts for row in linear_emissions(views(initial.tensors), text)]
    assert initial.emissions(texts) == pytest.approx(np.array(expected) / 16)
    assert initial.emissions([]).shape == (0, 4)


def test_initial_model_chain_is_in_nats(initial):
    transitions, start, end = chain(views(initial.tensors))
    assert (initial.chain() == np.array([*transitions, start, end]) / 16).all()


def test_initial_model_segments_without_units(initial, small_linear):
    segmenter = cws.load(small_linear, units=False)
    assert initial.segment(TEXTS) == segmenter.segment_batch(TEXTS)


def test_initial_model_is_called_by_its_name_or_id(initial, tmp_path):
    assert initial.name == initial.config["id"]
    assert InitialModel({**initial.config, "name": "试"}, initial.tensors).name == "试"


@given(st.lists(any_text(max_size=12), max_size=3))
def test_initial_model_and_a_trainer_that_learned_nothing_segment_alike(small_linear, texts):
    model = InitialModel.open(small_linear)
    trainer = trained(model, SENTENCES[:1], epochs=0)
    # A trainer sees control characters, which are words of their own to a model, and may cut white space.
    texts = [text for text in texts if not any(unicodedata.category(one) in ("Cc", "Zl", "Zp") for one in text)]
    assert visible(TrainerSegmenter(trainer, model.alphabet, initial=model)(texts)) == visible(model.segment(texts))


def visible(sentences):
    return [[word for word in words if not word.isspace()] for words in sentences]


# Differences


@given(any_text())
def test_initial_model_with_a_difference_of_zeros_scores_the_same(small_linear, text):
    model = InitialModel.open(small_linear)
    known = [ngram_key([FIRST_KNOWN + at, FIRST_KNOWN + at + 1]) for at in range(30)]
    tensors = model.with_difference(no_difference(model, np.sort(np.array(known, np.uint64))), 0)
    assert scores(tensors, text) == scores(model.tensors, text)


def test_initial_model_keeps_ngrams_that_training_never_saw(initial):
    seen = [["北京", "大学"], ["大学", "北京"]]
    trainer = trained(initial, seen, [{"北京大学": 1}])
    weights = trainer.weights()
    tensors = initial.with_difference(weights, 0)
    text = "今天天气怎么样，网易是一家网络公司"
    keys = [
        ngram_key(initial.alphabet.encode(text[at : at + order]).tolist())
        for order in (2, 3, 4)
        for at in range(len(text) - order + 1)
    ]
    unseen = np.setdiff1d(np.array(keys, np.uint64), weights["keys"])
    before, were_there = find_in_table(initial.tensors["buckets"], initial.tensors["pilots"], unseen)
    after, are_there = find_in_table(tensors["buckets"], tensors["pilots"], unseen)
    assert before[were_there == 1].any()
    assert (before == after).all()
    assert (are_there >= were_there).all()


def test_initial_model_with_a_difference_scores_as_the_trainer(initial):
    sentences = [["今", "天天", "气真", "好"], ["北", "京大", "学"]] * 2
    trainer = trained(initial, sentences)
    weights = trainer.weights()
    tensors = initial.with_difference(weights, 0)
    changed = InitialModel(initial.config, tensors)
    for text in ("今天天气真好", "北京大学", "他来到了网易"):
        lengths, first = np.array([len(text)]), initial.emissions([text])
        found = trainer.emissions(initial.alphabet.encode(text), lengths, first=first)
        # Of each feature's sum half a step is rounded away: 5 unigrams, 4 bigrams, 4 trigrams, 4 4-grams, 2 others.
        assert np.abs(changed.emissions([text]) - found).max() <= 19 / 32
    assert changed.chain() == pytest.approx(np.vstack(trainer.chain()), abs=1 / 32)
    assert changed.segment(["今天天气真好", "北京大学"]) == sentences[:2]


def test_initial_model_leaves_new_ngrams_below_the_limit_out(initial):
    new = initial.alphabet.encode("学好手看")  # 学好 and 手看 stand nowhere
    keys = np.sort(np.array([ngram_key(new[:2].tolist()), ngram_key(new[2:].tolist())], np.uint64))
    added = np.zeros((2, 4, 4), np.float32)
    added[0, 1, 2], added[1, 0, 0] = 3 / 16, -2 / 16
    for limit, kept in ((0, [3, -2]), (1, [3, -2]), (2, [3, 0]), (3, [0, 0])):
        tensors = initial.with_difference({**no_difference(initial, keys), "ngrams": added}, limit)
        rows, _ = find_in_table(tensors["buckets"], tensors["pilots"], keys)
        assert [rows[0].reshape(4, 4)[1, 2], rows[1].reshape(4, 4)[0, 0]] == kept, limit


def test_initial_model_clips_what_is_too_large(initial):
    weights = no_difference(initial)
    weights |= {"unigrams": weights["unigrams"] + 1e6, "end": weights["end"] - 1e6}
    tensors = initial.with_difference(weights, 0)
    assert {*tensors["unigrams"].flat} == {127}
    assert {*tensors["end"].flat} == {-10_000}


def test_initial_model_with_ngrams_adds(initial):
    pairs = [initial.alphabet.encode(text[at : at + 2]) for text in [*TEXTS, "学好"] for at in range(len(text) - 1)]
    keys = np.unique(np.array([ngram_key(pair.tolist()) for pair in pairs], np.uint64))
    before = find_in_table(initial.tensors["buckets"], initial.tensors["pilots"], keys)[0]
    assert before.any(axis=1).any() and not before.any(axis=1).all() and np.abs(before).max() < 120
    added = np.zeros((len(keys), 4, 4), np.float32)
    added[:, 1, 3] = 5 / 16
    changed = initial.with_ngrams(keys, added, 1)
    after = find_in_table(changed.tensors["buckets"], changed.tensors["pilots"], keys)[0]
    assert (after.astype(int) - before == added.reshape(-1, 16) * 16).all()
    for name in ("unigrams", "type_contexts", "repetitions", "transitions", "start", "end", "characters", "types"):
        assert (changed.tensors[name] == initial.tensors[name]).all()
    difference = changed.emissions(["学好"]) - initial.emissions(["学好"])
    assert difference.tolist() == [[0, 0, 0, 5 / 16], [0, 0, 0, 0]]  # at the first of its characters


# What is refused


@pytest.fixture
def altered(small_linear, tmp_path):
    """Copy the model with another cws.json."""

    def make(**changes):
        folder = tmp_path / "altered"
        shutil.copytree(small_linear, folder)
        config = json.loads((folder / "cws.json").read_text("utf-8")) | changes
        kept = {name: value for name, value in config.items() if value is not None}
        (folder / "cws.json").write_text(json.dumps(kept), "utf-8")
        return folder

    return make


def test_initial_model_refuses_other_kinds(tmp_path):
    write_hmm(count_hmm(SENTENCES), tmp_path / "hmm", {})
    with pytest.raises(InputError, match="hmm is a model of kind hmm: expected a linear model to begin with"):
        InitialModel.open(tmp_path / "hmm")


def test_initial_model_refuses_the_first_release(altered):
    with pytest.raises(InputError, match=r"was made by cws 0\.1, whose n-grams cannot be added to: train it again"):
        InitialModel.open(altered(ngram_table=None))


def test_initial_model_refuses_damaged_files(altered):
    with pytest.raises(cws.errors.ModelError, match="expected a scale between 0 and 1"):
        InitialModel.open(altered(scale=2.0))


def test_initial_model_refuses_text_of_another_script(initial):
    with pytest.raises(InputError, match="knows 0% of the characters of the training text: is it of another script"):
        initial.check_knows(["甲乙丙丁", "戊己庚辛"])
    with pytest.raises(InputError, match="knows 50% of"):
        initial.check_knows(["天甲", "乙好"])
    initial.check_knows(["天甲好"])
    initial.check_knows([])


def test_initial_model_goes_on_in_a_training(small_linear, tmp_path):
    from cws.training.linear import LinearText, train_standards

    model = InitialModel.open(small_linear)
    others = [["北京大", "学"], ["网", "络公司"]] * 10
    text = LinearText([Standard("", [Part(others)])], initial=model)
    train_standards(text, [tmp_path / "new"], options=LinearOptions(epochs=6, min_trigram_count=1))
    new = cws.load(tmp_path / "new", units=False)
    assert new.segment("北京大学") == ["北京大", "学"]
    assert new.config["training"]["init"] == model.name
    known = [text for text in TEXTS if "大" not in text and "网" not in text]
    kept = [new.segment(text) == model.segment([text])[0] for text in known]
    assert sum(kept) >= 0.8 * len(kept)


def test_initial_model_alphabet_goes_on(tmp_path):
    small = train_small(tmp_path / "few", SENTENCES[:6], [WORD_LIST])
    model = InitialModel.open(small)
    [unknown] = model.alphabet.encode("龙")
    assert unknown < FIRST_KNOWN
    trainer = trained(model, [["龙", "好"]])
    assert len(trainer.weights()["unigrams"]) == len(model.tensors["unigrams"])
