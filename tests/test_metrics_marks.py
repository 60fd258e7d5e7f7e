"""Scores against readers' marks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cws
from cws.corpus import parse_marks, read_marks
from cws.corpus.marks import CUT, JOIN, MarkedSentence
from cws.errors import InputError
from cws.metrics import MarkCounts, count_marks, find_objections, score_marks

SENTENCE = parse_marks("我 来自¦定义 公司", "a1")
GLUED = ["我来", "自定", "义", "公司"]


def reference_count_marks(sentence, words):
    """What `count_marks` counts, by walking over the text with one word after another."""
    cuts, at = set(), 0
    for word in words:
        while sentence.text[at : at + 1].isspace() and not word[:1].isspace():
            at += 1
        at += len(word)
        cuts.add(at - 1)
    wrong_cuts = sum(mark == JOIN and place in cuts for place, mark in enumerate(sentence.places))
    wrong_joins = sum(mark == CUT and place not in cuts for place, mark in enumerate(sentence.places))
    return MarkCounts(1, sentence.demanded_words, wrong_cuts, wrong_joins)


@st.composite
def marked_and_words(draw):
    """A marked sentence, and words of its text with the white space as words of their own."""
    runs = draw(st.lists(st.text("的一a", min_size=1, max_size=5), min_size=1, max_size=4))
    signs = st.sampled_from(["", "", " ", "¦"])
    written = ["".join(c + (draw(signs) if at < len(run) else "") for at, c in enumerate(run, 1)) for run in runs]
    words = []
    for run in runs:
        words += [draw(st.sampled_from([" ", "  "]))] if words else []
        bounds = sorted({0, len(run), *draw(st.lists(st.integers(0, len(run))))})
        words += [run[start:end] for start, end in pairwise(bounds)]
    blanks = iter(word for word in words if word.isspace())
    marked = written[0]
    for run, blank in zip(written[1:], blanks, strict=True):
        marked += draw(st.sampled_from(["", " "])) + "␣" * len(blank) + run
    return parse_marks(marked, "h"), words


def test_metrics_marks_worked_example():
    counts = count_marks(SENTENCE, GLUED)
    assert counts == MarkCounts(sentences=1, demanded_words=3, wrong_cuts=2, wrong_joins=1)
    assert (counts.objections, counts.per_hundred) == (3, 100.0)


def test_metrics_marks_an_open_place_may_be_cut_or_not():
    for words in (["我", "来自", "定义", "公司"], ["我", "来自定义", "公司"]):
        assert count_marks(SENTENCE, words).objections == 0


def test_metrics_marks_objections_show_their_context():
    shown = ["a1: join 我+来自定义", "a1: cut 我来/自定义公", "a1: cut 我来自定/义公司"]
    assert list(map(str, find_objections(SENTENCE, GLUED))) == shown
    assert [one.place for one in find_objections(SENTENCE, GLUED)] == [0, 1, 3]


@given(marked_and_words())
def test_metrics_marks_agree_with_the_reference(pair):
    sentence, words = pair
    assert count_marks(sentence, words) == reference_count_marks(sentence, words)


@given(marked_and_words())
def test_metrics_marks_are_the_same_without_blanks_as_words(pair):
    sentence, words = pair
    written = [word for word in words if not word.isspace()]
    assert count_marks(sentence, written) == count_marks(sentence, words)


def test_metrics_marks_a_word_may_hold_a_blank():
    sentence = parse_marks("用 App␣Store 吧")
    assert count_marks(sentence, ["用", "App Store", "吧"]).objections == 0


def test_metrics_marks_add_up():
    first, second = MarkCounts(1, 10, 2, 3), MarkCounts(2, 15, 1, 0)
    assert first + second == MarkCounts(3, 25, 3, 3)
    assert MarkCounts() + first == first
    assert (first + second).per_hundred == 24.0


def test_metrics_marks_of_nothing_are_zero():
    assert score_marks([], []).per_hundred == 0.0


def test_metrics_marks_as_json_and_as_a_table():
    counts = MarkCounts(300, 1000, 12, 3)
    assert counts.as_dict() == {
        "sentences": 300, "demanded_words": 1000, "wrong_cuts": 12, "wrong_joins": 3, "objections": 15,
        "per_hundred": 1.5,
    }  # fmt: skip
    header, _, row = str(counts).split("\n")
    assert [cell.strip() for cell in header.strip("|").split("|")] == [
        "sentences", "demanded words", "wrong cuts", "wrong joins", "per 100 words"
    ]  # fmt: skip
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["300", "1,000", "12", "3", "1.50"]


def test_metrics_marks_refuse_another_text():
    with pytest.raises(
        InputError, match="sentence a1: marks and predicted must spell the same text, but at character 2"
    ):
        score_marks([SENTENCE], [["我", "来", "了"]])


@pytest.mark.parametrize(
    ("segmentations", "message"),
    [
        ([], "predicted ends after 0 sentences, marks goes on"),
        ([GLUED, GLUED], "marks ends after 1 sentences, predicted goes on"),
    ],
)
def test_metrics_marks_refuse_another_number_of_sentences(segmentations, message):
    with pytest.raises(InputError, match=message):
        score_marks([SENTENCE], segmentations)


@pytest.mark.corpora
def test_metrics_marks_of_readers(corpora):
    sentences: list[MarkedSentence] = list(read_marks(corpora / "readers" / "sentences.txt"))
    without_units = cws.load("ctb", units=False)
    counts = score_marks(sentences, (without_units.segment(sentence.text) for sentence in sentences))
    assert counts.demanded_words == 4959
    assert counts.per_hundred < 4  # the tools of the time: 2.9 to 6.6
