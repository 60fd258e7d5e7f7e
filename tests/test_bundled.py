"""The bundled models are those the documents speak of."""

from __future__ import annotations

import os

import pytest

import cws
from cws.bundled import sample_corpus
from cws.corpus import read_segmented
from cws.metrics import score


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("model", "test", "floor"),
    [
        ("pku", "pku.test.txt", 0.966),
        ("ctb", "ctb6.test.txt", 0.969),
        ("sxu", "sxu.test.txt", 0.967),
        ("ud", "ud.test.txt", 0.959),
        ("general", "foreign/zx.dev.txt", 0.91),
    ],
)
def test_bundled_models_segment_their_test_sets_as_documented(corpora, model, test, floor):
    gold = list(read_segmented(corpora / "seg" / test))
    predicted = cws.load(model).segment_batch("".join(words) for words in gold)
    assert score(gold, predicted).f1 > floor


def test_bundled_models_say_what_they_learned_from():
    for name in cws.models():
        config = cws.load(name).config
        assert config["name"] == name
        assert config["description"]
        assert config["sources"]


def test_bundled_models_fit_a_wheel():
    folders = [cws.load(name).path for name in cws.models()]
    assert sum(os.path.getsize(os.path.join(folder, "weights.safetensors")) for folder in folders) <= 60_000_000


@pytest.mark.parametrize("model", cws.models())
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("他来到了网易杭研大厦", "他 来到 了 网易 杭研 大厦"),
        ("我花了500.50元", "我 花 了 500.50 元"),
        ("ＡＢＣ公司", "ＡＢＣ 公司"),
        ("他來到了中國", "他 來到 了 中國"),
    ],
)
def test_bundled_models_know_words_numbers_letters_and_traditional_characters(model, text, words):
    assert " ".join(cws.load(model).segment(text)) == words


def test_bundled_sample_is_a_corpus_with_a_part_held_out():
    parts = [list(read_segmented(sample_corpus(name))) for name in ("train", "dev")]
    assert [len(part) for part in parts] == [416, 60]
    sentences = ["".join(words) for part in parts for words in part]
    assert len(set(sentences)) == len(sentences)
    assert all(10 <= len(sentence) <= 45 for sentence in sentences)
    assert len({sentence[:2] for sentence in sentences}) > 400
    assert len({word for part in parts for words in part for word in words}) > 2000
