"""What a training chooses on, and how it segments before there is a model."""

from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_models import SENTENCES, WORD_LIST, make_trainer
from strategies import any_text

from cws import model_io
from cws._native import LinearPredictor
from cws.corpus import parse_marks
from cws.errors import InputError
from cws.metrics import MarkCounts, SegmentationCounts, score, score_marks
from cws.training.linear_choice import Criterion, TrainerSegmenter, figure, mean_figure
from cws.training.ngram_classes import lexicon_entries
from cws.training.quantise import quantise

TEXTS = ["".join(words) for words in SENTENCES]
MARKED = [parse_marks("今天 天气¦真 好"), parse_marks("他 来到¦了")]


def characters(texts):
    return [[*text] for text in texts]


@lru_cache
def trained():
    """A trainer that has learned SENTENCES, its alphabet, and the core's model of its weights."""
    _, alphabet = make_trainer(SENTENCES)
    trainer, _ = make_trainer(SENTENCES, lexicon_entries(alphabet, [WORD_LIST], 0.4))
    for _ in range(8):
        trainer.run_epoch()
    return trainer, alphabet, native(alphabet, trainer.weights())


def native(alphabet, weights):
    tensors = quantise(alphabet, weights, 1 / 16, 0)
    return LinearPredictor({name: model_io.aligned(tensor) for name, tensor in tensors.items()}, 1 / 16)


# Criteria


def test_linear_choice_counts_are_those_of_the_scorers():
    counts = Criterion(SENTENCES).counts(characters)
    assert isinstance(counts, SegmentationCounts)
    assert counts == score(SENTENCES, [[*text] for text in TEXTS])
    assert figure(counts) == counts.f1
    counts = Criterion(MARKED).counts(characters)
    assert isinstance(counts, MarkCounts)
    assert counts == score_marks(MARKED, [[*sentence.text] for sentence in MARKED])
    assert (counts.demanded_words, counts.objections) == (5, 3)  # 今天, 天气 and 来到 are cut
    assert figure(counts) == 1 - 3 / 5


def test_linear_choice_mean_is_weighted():
    criteria = [Criterion(SENTENCES, 3.0), Criterion(MARKED, 0.5)]
    f1 = score(SENTENCES, [[*text] for text in TEXTS]).f1
    assert mean_figure(criteria, characters) == pytest.approx((3 * f1 + 0.5 * 0.4) / 3.5)
    assert mean_figure(criteria[:1], characters) == pytest.approx(f1)


def test_linear_choice_dev_takes_its_place_later():
    dev = Criterion(None, 2.0)
    assert (dev.size, dev.has_marks) == (0, False)
    assert dev.of(MARKED) == Criterion(MARKED, 2.0)
    other = Criterion(SENTENCES)
    assert other.of(MARKED) is other
    assert (other.size, other.has_marks, Criterion(MARKED).has_marks) == (len(SENTENCES), False, True)


def test_linear_choice_refuses_no_sentences():
    with pytest.raises(InputError, match="no dev sentences: give one or more, or None"):
        Criterion([])


@pytest.mark.parametrize("weight", [0, -1, float("inf"), float("nan")])
def test_linear_choice_refuses_weights(weight):
    with pytest.raises(InputError, match=f"the weight of what to choose on must be above 0, got {weight}"):
        Criterion(SENTENCES, weight)


# Segmenting by a trainer


def test_linear_choice_segments_as_the_model_that_is_written():
    trainer, alphabet, model = trained()
    found = TrainerSegmenter(trainer, alphabet)(TEXTS)
    assert found == [model.segment(text) for text in TEXTS]
    assert sum(one == gold for one, gold in zip(found, SENTENCES, strict=True)) >= 20  # so they are far apart


def test_linear_choice_segments_by_a_standard_and_trust():
    trainer, alphabet, _ = trained()
    trust = (20.0, 2.0)
    text = "北京大学研究生怎么样"
    model = native(alphabet, trainer.weights(0, trust))
    assert TrainerSegmenter(trainer, alphabet, 0, trust)([text]) == [model.segment(text)]
    assert TrainerSegmenter(trainer, alphabet)([text]) != [model.segment(text)]
    with pytest.raises(ValueError, match="no such standard"):
        TrainerSegmenter(trainer, alphabet, 1)([text])


@given(st.lists(any_text(max_size=15), max_size=4))
def test_linear_choice_segmenting_keeps_any_text(texts):
    trainer, alphabet, _ = trained()
    found = TrainerSegmenter(trainer, alphabet)(texts)
    assert ["".join(words) for words in found] == texts
    assert all(word for words in found for word in words)


def test_linear_choice_segments_nothing_across_white_space():
    trainer, alphabet, model = trained()
    segment = TrainerSegmenter(trainer, alphabet)
    text = "今天天气 真好\u3000\u3000他来到了"
    alone = segment(["今天天气", "真好", "他来到了"])
    words = [word for word in segment([text])[0] if not word.isspace()]
    assert words == [word for part in alone for word in part]
    assert words == [word for word in model.segment(text) if not word.isspace()]


def test_linear_choice_segments_blocks_of_texts(monkeypatch):
    trainer, alphabet, _ = trained()
    segment = TrainerSegmenter(trainer, alphabet)
    whole = segment([*TEXTS, "", " "])
    monkeypatch.setattr("cws.training.linear_choice._TOGETHER", 20)
    assert segment([*TEXTS, "", " "]) == whole
    assert whole[-2:] == [[], [" "]]
    assert segment([]) == []
