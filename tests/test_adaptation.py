"""`adapt`: a model that learns from raw text, segmented sentences and marks of a domain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_models import SENTENCES, train_small
from strategies import two_segmentations

import cws
from cws import adaptation, model_io
from cws.adaptation import Change, adapt, find_changes
from cws.corpus import read_marks
from cws.errors import CorpusError, InputError
from cws.metrics import MarkCounts, SegmentationCounts
from cws.training import raw_weights
from cws.training.hmm import count_hmm, write_hmm
from cws.training.ngram_classes import CLASSES

DOMAIN = ["我们 去 北京大学", "北京大学 很 好", "他 在 北京大学 读书", "北京大学 的 大厦 真 高"]
MARKED = ["我们 去 北京大学", "北京大学¦很 好", "他¦在 北京大学 读书"]
NAMES = ("cws.json", "weights.safetensors")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a small linear model, which cuts 北京 大学."""
    return train_small(tmp_path_factory.mktemp("linear") / "small", description={"sources": ["a corpus (CC0)"]})


@pytest.fixture
def files(tmp_path):
    """A file of segmented sentences, one of marks, and raw text where 学看 stands among many characters."""
    (tmp_path / "train.txt").write_text("\n".join(DOMAIN * 5) + "\n", encoding="utf-8")
    marks = "\n".join(f"{at}\t{MARKED[at % 3]}" for at in range(15))
    (tmp_path / "marks.txt").write_text(marks + "\n", encoding="utf-8")
    around = sorted({one for words in SENTENCES for one in "".join(words) if "\u4e00" <= one < "\ua000"} - set("学看"))
    raw = [around[at] + "学看" + around[at + 1] for at in range(40)]
    (tmp_path / "raw.txt").write_text("\n".join(raw) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def joining(monkeypatch):
    """Weights with which raw text joins each of its bigrams."""
    weights = np.zeros((3, CLASSES + 1, 4, 4), np.float32)
    weights[0, :, 1, 1] = weights[0, :, 2, 3] = 6  # B, E
    monkeypatch.setattr(raw_weights, "bundled_weights", lambda: weights)


def segmented(folder, text):
    return cws.load(folder, units=False).segment(text)


# What it learns from


def test_adaptation_to_segmented_sentences(model, files):
    lines: list[str] = []
    found = adapt(model, files / "new", train=[files / "train.txt"], log_line=lines.append)
    assert isinstance(found.before, SegmentationCounts) and isinstance(found.after, SegmentationCounts)
    assert found.before.sentences == found.after.sentences == 4  # a fifth
    assert found.before.gold_words == found.after.gold_words
    assert found.before.f1 < found.after.f1
    assert found.changes == []
    assert segmented(files / "new", "她去北京大学") == ["她", "去", "北京大学"] != segmented(model, "她去北京大学")
    kept = ["今天天气怎么样", "网易是一家网络公司"]
    assert [segmented(files / "new", text) for text in kept] == [segmented(model, text) for text in kept]
    config = model_io.read_config(files / "new")
    assert config["sources"] == ["a corpus (CC0)"]
    assert config["training"]["init"] == model_io.read_config(model)["id"]
    assert config["training"]["sentences"] == 20  # all of them, in the end
    assert any(line.startswith("training 1 of 1 on 20 sentences") for line in lines)


def test_adaptation_to_marks(model, files):
    found = adapt(model, files / "new", marks=[files / "marks.txt"])
    assert isinstance(found.before, MarkCounts) and isinstance(found.after, MarkCounts)
    assert (found.before.sentences, found.after.sentences) == (3, 3)
    assert found.after.objections <= found.before.objections
    [first, *_] = read_marks(files / "marks.txt")
    assert segmented(files / "new", first.text) == ["我们", "去", "北京大学"]
    assert segmented(model, first.text) != ["我们", "去", "北京大学"]


def test_adaptation_to_sentences_and_marks_holds_sentences_out(model, files):
    found = adapt(model, files / "new", train=[files / "train.txt"], marks=[files / "marks.txt"])
    assert isinstance(found.after, SegmentationCounts)
    assert model_io.read_config(files / "new")["training"]["sentences"] == 35


def test_adaptation_to_raw_text(model, files, joining):
    found = adapt(model, files / "new", raw=[files / "raw.txt"])
    assert (found.before, found.after) == (None, None)
    assert "学看" in segmented(files / "new", "我学看的") and "学看" not in segmented(model, "我学看的")
    assert found.changes
    assert all("学看" in "".join(change.before) for change in found.changes)
    config, before = model_io.read_config(files / "new"), model_io.read_config(model)
    assert config["training"] == {"init": before["id"], "raw": [str(files / "raw.txt")]}
    assert all(config[name] == before[name] for name in ("kind", "scheme", "scale", "ngram_table", "sources"))
    assert "dev" not in config


def test_adaptation_to_raw_text_and_sentences(model, files, joining):
    found = adapt(model, files / "new", raw=[files / "raw.txt"], train=[files / "train.txt"])
    assert found.after.f1 > found.before.f1
    assert "学看" in segmented(files / "new", "我学看的")
    assert "北京大学" in segmented(files / "new", "她去北京大学")


def test_adaptation_looks_for_changes_in_the_first_of_each_file(model, files, joining, monkeypatch):
    other = files / "other.txt"
    other.write_text("我学看的\n" * 50, encoding="utf-8")
    whole = adapt(model, files / "new", raw=[files / "raw.txt", other]).changes
    monkeypatch.setattr(adaptation, "_SAMPLE", 16)  # two lines of four characters each
    few = adapt(model, files / "new", raw=[files / "raw.txt", other]).changes
    assert sum(change.times for change in few) <= 4 < sum(change.times for change in whole)
    mine = [change for change in few if "我" in change.context]
    assert sum(change.times for change in mine) == 2


def test_adaptation_again_gives_the_same_bytes(model, files, joining):
    given = {"raw": [files / "raw.txt"], "train": [files / "train.txt"], "marks": [files / "marks.txt"]}
    for name in ("a", "b"):
        adapt(model, files / name, **given)
    adapt(model, files / "c", **given, seed=2)
    for name in NAMES:
        assert (files / "a" / name).read_bytes() == (files / "b" / name).read_bytes()
    assert (files / "a" / NAMES[1]).read_bytes() != (files / "c" / NAMES[1]).read_bytes()


def test_adaptation_goes_on_from_an_adapted_model(model, files, joining):
    adapt(model, files / "first", raw=[files / "raw.txt"])
    adapt(files / "first", files / "second", train=[files / "train.txt"])
    assert "学看" in segmented(files / "second", "我学看的")
    assert "北京大学" in segmented(files / "second", "她去北京大学")


def test_adaptation_reads_other_encodings(model, files):
    text = (files / "train.txt").read_text("utf-8")
    (files / "gb.txt").write_bytes(text.encode("gb18030"))
    adapt(model, files / "a", train=[files / "train.txt"])
    adapt(model, files / "b", train=[files / "gb.txt"], encoding="gb18030")
    assert (files / "a" / NAMES[1]).read_bytes() == (files / "b" / NAMES[1]).read_bytes()


# What is refused


def test_adaptation_to_nothing_is_refused(model, tmp_path):
    with pytest.raises(InputError, match="raw text is read twice: give a file instead of -"):
        adapt(model, tmp_path / "new", raw=["-"])
    with pytest.raises(InputError, match="nothing to adapt to: give raw text, segmented sentences or sentences with"):
        adapt(model, tmp_path / "new")


def test_adaptation_to_raw_text_that_repeats_nothing_is_refused(model, tmp_path):
    (tmp_path / "short.txt").write_text("今天天气真好。\n", encoding="utf-8")
    with pytest.raises(InputError, match="the raw text is too short: no string in it recurs often enough"):
        adapt(model, tmp_path / "new", raw=[tmp_path / "short.txt"])
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind", ["train", "marks"])
def test_adaptation_to_a_few_sentences_is_refused(model, files, kind):
    lines = (files / f"{kind}.txt").read_text("utf-8").splitlines(keepends=True)
    (files / "few.txt").write_text("".join(lines[:9]), encoding="utf-8")
    with pytest.raises(InputError, match="a few sentences cannot be split to show what was won: give 10 or more"):
        adapt(model, files / "new", **{kind: [files / "few.txt"]})
    (files / "few.txt").write_text("".join(lines[:10]), encoding="utf-8")
    adapt(model, files / "new", **{kind: [files / "few.txt"]})


def test_adaptation_to_another_script_is_refused(model, files):
    (files / "other.txt").write_text("甲乙 丙丁 戊己\n" * 12, encoding="utf-8")
    with pytest.raises(InputError, match="knows 0% of the characters of the training text"):
        adapt(model, files / "new", train=[files / "other.txt"])


def test_adaptation_to_text_without_chinese_is_refused(model, files):
    (files / "other.txt").write_text("nothing\n" * 12, encoding="utf-8")
    with pytest.raises(CorpusError, match="no Chinese character in the raw text"):
        adapt(model, files / "new", raw=[files / "other.txt"])
    assert not (files / "new").exists()


def test_adaptation_of_other_kinds_is_refused(files):
    write_hmm(count_hmm(SENTENCES), files / "hmm", {})
    with pytest.raises(InputError, match="is a model of kind hmm: expected a linear model to begin with"):
        adapt(files / "hmm", files / "new", train=[files / "train.txt"])
    with pytest.raises(InputError, match="no model 'nowhere'"):
        adapt("nowhere", files / "new", train=[files / "train.txt"])


# What is cut otherwise


class Fixed:
    """Segments as the segmentations that it has."""

    def __init__(self, segmentations):
        self.words = {"".join(words): words for words in segmentations}

    def segment(self, text):
        return self.words[text]


def spans_between(before, after):
    """Begin and words of both between neighbouring cuts that both have, by looking at every place."""
    text = "".join(before)

    def cuts(words):
        return {len("".join(words[:at])) for at in range(len(words) + 1)}

    def inside(words, begin, end):
        ends = sorted(cut for cut in cuts(words) if begin <= cut <= end)
        return tuple(text[first:last] for first, last in pairwise(ends))

    for begin, end in pairwise(sorted(cuts(before) & cuts(after))):
        yield begin, inside(before, begin, end), inside(after, begin, end)


@given(st.lists(two_segmentations(), max_size=5))
def test_adaptation_changes_equal_looking_at_every_place(pairs):
    pairs = list({"".join(before): (before, after) for before, after in pairs}.values())
    lines = ["".join(before) for before, _ in pairs] * 2
    found = find_changes(Fixed([one for one, _ in pairs]), Fixed([other for _, other in pairs]), lines)
    counts, contexts = {}, {}
    for before, after in pairs * 2:
        text = "".join(before)
        for begin, old, new in spans_between(before, after):
            if old != new:
                counts[old, new] = counts.get((old, new), 0) + 1
                end = begin + len("".join(new))
                context = f"{text[max(begin - 6, 0) : begin]}|{'/'.join(new)}|{text[end : end + 6]}"
                contexts.setdefault((old, new), context)
    assert {(one.before, one.after): (one.times, one.context) for one in found} == {
        pair: (counts[pair], contexts[pair]) for pair in counts
    }
    assert len(found) == len(counts)
    assert [one.times for one in found] == sorted(counts.values(), reverse=True)
    for one in found:
        assert "".join(one.before) == "".join(one.after) and one.before != one.after


def test_adaptation_changes_are_a_worked_example():
    before = [["他", "来到", "网易", "杭研", "大厦"], ["研究", "生命", "的"], ["研究", "生命"], []]
    after = [["他", "来", "到", "网易", "杭研大厦"], ["研究生", "命", "的"], ["研究生", "命"], []]
    found = find_changes(Fixed(before), Fixed(after), ["".join(words) for words in before])
    assert found == [
        Change(("研究", "生命"), ("研究生", "命"), 2, "|研究生/命|的"),
        Change(("来到",), ("来", "到"), 1, "他|来/到|网易杭研大厦"),
        Change(("杭研", "大厦"), ("杭研大厦",), 1, "他来到网易|杭研大厦|"),
    ]
