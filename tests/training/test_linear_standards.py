"""`train_standards`: several standards, marks, what is chosen on, and the averages of trainings."""

from __future__ import annotations

import numpy as np
import pytest
from linear_models import SENTENCES, WORD_LIST

import cws
from cws import model_io
from cws.corpus import parse_marks
from cws.errors import InputError
from cws.labelers.linear import TENSORS
from cws.metrics import MarkCounts, SegmentationCounts, score, score_marks
from cws.training.linear import LinearText, train_linear, train_standards
from cws.training.linear_choice import Criterion
from cws.training.linear_options import LinearOptions
from cws.training.linear_text import Part, Standard

OPTIONS = LinearOptions(epochs=4, min_trigram_count=1)
TOGETHER = [["我们", "去", "北京大学"], ["北京大学", "很", "好"], ["他", "在", "北京大学"]] * 3
APART = [["我们", "去", "北京", "大学"], ["北京", "大学", "很", "好"], ["他", "在", "北京", "大学"]] * 3
TEXT = "他去北京大学"
NAMES = ("cws.json", "weights.safetensors")


def tensors_of(folder):
    return model_io.map_tensors(folder, model_io.read_config(folder), TENSORS)


def test_linear_standards_give_a_model_each(tmp_path):
    standards = [Standard("one", [Part(TOGETHER)], TOGETHER[:3]), Standard("two", [Part(APART)], APART[:3])]
    lines: list[str] = []
    folders = [tmp_path / "one", tmp_path / "two"]
    counts = train_standards(
        LinearText(standards), folders, options=OPTIONS, descriptions=[{"name": "一"}, {}], log_line=lines.append
    )
    one, two = (cws.load(folder, units=False) for folder in folders)
    assert (one.segment(TEXT), two.segment(TEXT)) == (["他", "去", "北京大学"], ["他", "去", "北京", "大学"])
    assert counts == [score(TOGETHER[:3], TOGETHER[:3]), score(APART[:3], APART[:3])]
    assert [one.config.get("name"), two.config.get("name")] == ["一", None]
    assert one.config["training"]["standards"] == {"one": 9, "two": 9}
    assert one.config["training"]["sentences"] == two.config["training"]["sentences"] == 9
    assert lines[0] == "18 sentences to train on, 3 to choose on, 0 words in the lexicon"
    assert lines[-1].startswith("one: dev F1 100.00, two: dev F1 100.00; done in ")


def test_linear_standards_without_a_folder_are_not_written(tmp_path):
    standards = [Standard("one", [Part(TOGETHER)]), Standard("two", [Part(APART)])]
    both = train_standards(LinearText(standards), [tmp_path / "one", tmp_path / "two"], options=OPTIONS)
    second = train_standards(LinearText(standards), [None, tmp_path / "alone"], options=OPTIONS)
    assert second == both[1:]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "one", "two"]
    assert (tmp_path / "alone" / NAMES[1]).read_bytes() == (tmp_path / "two" / NAMES[1]).read_bytes()


def test_linear_standards_are_the_same_twice(tmp_path):
    parts = [Part(SENTENCES, 1.5), Part([parse_marks("北京¦大学 真 好")] * 3, 0.5)]
    standards = [Standard("one", parts), Standard("two", [Part(APART, 0.3)])]
    for again in ("a", "b"):
        train_standards(LinearText(standards, [WORD_LIST]), [tmp_path / again, None], options=OPTIONS)
    for name in NAMES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_linear_standards_one_is_what_train_linear_trains(tmp_path):
    train_linear(SENTENCES, None, [WORD_LIST], tmp_path / "a", options=OPTIONS)
    text = LinearText([Standard("any", [Part(SENTENCES)])], [WORD_LIST])
    train_standards(text, [tmp_path / "b"], options=OPTIONS)
    for name in NAMES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_linear_training_learns_from_marks_alone(tmp_path):
    marked = [parse_marks(one) for one in ("我们 去 北京大学", "北京大学¦很 好", "他¦在 北京大学")] * 4
    [counts] = train_standards(LinearText([Standard("", [Part(marked)])]), [tmp_path / "m"], options=OPTIONS)
    assert isinstance(counts, MarkCounts)
    model = cws.load(tmp_path / "m", units=False)
    assert score_marks(marked, [model.segment(one.text) for one in marked]).objections == 0
    assert model.config["dev"]["demanded_words"] == counts.demanded_words


def test_linear_training_takes_the_best_of_very_bad_figures(tmp_path):
    # One word is demanded, and it is cut more than twice.
    standard = Standard("", [Part(SENTENCES)], [parse_marks("他来到了网易杭研大厦真好呀")])
    [counts] = train_standards(LinearText([standard]), [tmp_path / "m"], options=OPTIONS)
    assert counts.per_hundred > 200


def test_linear_training_chooses_on_what_it_is_given(tmp_path):
    lines: list[str] = []
    marked = [parse_marks("北京大学 很 好")] * 2
    standard = Standard("", [Part([*TOGETHER, *APART])])
    chosen = [Criterion(None), Criterion(marked, 2.0)]
    [counts] = train_standards(
        LinearText([standard], choose_on=chosen), [tmp_path / "m"], options=OPTIONS, log_line=lines.append
    )
    assert isinstance(counts, SegmentationCounts)  # of dev, whatever it was chosen on
    assert lines[0] == "16 sentences to train on, 4 to choose on, 0 words in the lexicon"
    assert "mean figure" in lines[1]
    train_standards(
        LinearText([standard], choose_on=chosen[1:]), [tmp_path / "m"], options=OPTIONS, log_line=lines.append
    )
    assert any("100 - objections" in line for line in lines)


def test_linear_training_chooses_the_weight_of_word_lists(tmp_path):
    # Words that lists have and no training sentence: they are found where lists are trusted.
    words = {"研究": 1, "生命": 1, "起源": 1, "看看": 1, "网络": 1, "手册": 1, "天气": 1, "大厦": 1}
    train, dev = [one for one in SENTENCES if not words.keys() & {*one}] * 2 + [["天气"], ["手册"]] * 2, SENTENCES

    def trained(*weights):
        text = LinearText([Standard("", [Part(train)], dev)], [words])
        options = LinearOptions(epochs=1, lexicon_weights=weights, prune=())
        [counts] = train_standards(text, [tmp_path / "m"], options=options)
        return counts.f1, model_io.read_config(tmp_path / "m")["training"]

    tried = [0.001, 1.0, 8.0, 60.0]
    figures = [trained(weight)[0] for weight in tried]
    assert len(set(figures)) > 1
    found, config = trained(*tried)
    assert config["lexicon_weight"] == tried[figures.index(max(figures))]
    assert found == max(figures)
    assert "lexicon_weights" not in config


def test_linear_training_averages_trainings(tmp_path):
    def unigrams(name, **options):
        fixed = {"epochs": 2, "min_gain": -1.0, "prune": ()}  # all epochs, all n-grams
        train_linear(SENTENCES, SENTENCES, [], tmp_path / name, options=LinearOptions(**fixed, **options))
        return np.frombuffer(tensors_of(tmp_path / name)["unigrams"], np.int8).astype(int)

    first, second, mean = unigrams("a", seed=1), unigrams("b", seed=2), unigrams("m", seed=1, averaged=2)
    assert (first != second).any()
    assert np.abs(mean - (first + second) / 2).max() <= 1


def test_linear_standards_may_keep_more_of_their_word_lists(tmp_path):
    # All words of the list have weights; they go by the limit of the options, or of the standard if it has one.
    options = LinearOptions(epochs=2, prune=(), lexicon_prune=127)
    words = {**WORD_LIST, **{one + other: 1 for one in "学网天大" for other in "学网天大家"}}

    def buckets(name, **more):
        standards = [Standard("one", [Part(SENTENCES)], SENTENCES), Standard("two", [Part(APART)], APART, **more)]
        folders = [tmp_path / name / one.name for one in standards]
        train_standards(LinearText(standards, [words]), folders, options=options)
        return [len(tensors_of(folder)["buckets"]) for folder in folders]

    one, two = buckets("pruned")
    kept_one, kept_two = buckets("kept", lexicon_prune=0)
    assert kept_one == one
    assert kept_two > two
    assert buckets("own", lexicon_prune=127) == [one, two]


@pytest.mark.parametrize(
    ("standards", "message"),
    [
        ([Standard("a", [Part(SENTENCES)]), Standard("a", [Part(APART)])], "two standards have the same name: give"),
        ([Standard("a", [Part(SENTENCES)]), Standard("b", [Part([])])], "no training sentences: give one or more"),
        ([Standard("a", [Part(SENTENCES)]), Standard("b", [])], "no training sentences: give one or more"),
        ([Standard("a", [Part(SENTENCES), Part([["好"], []])])], "a training sentence without words: leave it out"),
        ([Standard("a", [Part(SENTENCES)], [])], "no dev sentences: give one or more"),
        ([Standard("a", [Part([parse_marks("好 人")])])], "cannot split 1 sentences in two"),
    ],
)
def test_linear_standards_refuse_what_is_wrong(tmp_path, standards, message):
    with pytest.raises(InputError, match=message):
        train_standards(LinearText(standards), [tmp_path / one.name for one in standards])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [{"lexicon_weights": ()}, {"lexicon_weights": (1.0, 0.0)}, {"averaged": 0}])
def test_linear_options_refuse_no_weights_and_no_trainings(options):
    [(name, _)] = options.items()
    with pytest.raises(InputError, match=f"{name} of a linear model cannot be .*: see LinearOptions"):
        LinearOptions(**options)
