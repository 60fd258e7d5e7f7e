"""What the bundled models are made of: words that are always joined, and what is read to choose on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws.corpus import parse_marks
from cws.corpus.marks import MarkedSentence
from scripts.assets.bundled_models import (
    BUNDLED,
    CORPORA,
    DESCRIPTIONS,
    SOURCES,
    description_of,
    join,
    joined_words,
    read_gold,
    read_standard,
)

LISTS = [{"还有": 1}, {"还有": None}, {"还有": 5}, {"还有": None}]
MARKS = [parse_marks("他 还有 钱")]
SENTENCES = [["还", "有", "人"]] * 10 + [["还有", "人"]] * 5


@given(
    st.lists(st.text("还有人", min_size=1, max_size=3), max_size=12), st.sets(st.text("还有人", min_size=2, max_size=2))
)
def test_bundled_models_join_makes_words_of_two_characters(words, joined):
    found = join(words, joined)
    assert "".join(found) == "".join(words)
    assert {word for word in found if word not in words} <= joined
    if not joined:
        assert found == words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("还 有 人", "还有 人"),
        ("还有 人", "还有 人"),
        ("还 有人", "还 有人"),  # not of two single characters
        ("人人 人", "人人 人"),
        ("人 人 人", "人人 人"),
        ("人 人 人 人", "人人 人人"),
        ("", ""),
    ],
)
def test_bundled_models_join_worked_examples(words, expected):
    assert join(words.split(), {"还有", "人人"}) == expected.split()


def test_bundled_models_join_what_is_cut_in_two_ways():
    assert joined_words(SENTENCES, LISTS, MARKS) == {"还有"}


@pytest.mark.parametrize(
    ("sentences", "lists", "marks"),
    [
        (SENTENCES[1:], LISTS, MARKS),  # cut nine times
        (SENTENCES[:10], LISTS, MARKS),  # always cut
        (SENTENCES + [["还有"]] * 200, LISTS, MARKS),  # hardly ever
        (SENTENCES, LISTS[:3], MARKS),  # in three lists
        (SENTENCES, LISTS, []),  # readers never saw it
        (SENTENCES, LISTS, [*MARKS, parse_marks("他 还 有 钱")]),  # half of them want it cut
        ([["还", "有人"]] * 20, LISTS, MARKS),  # not beside each other alone
    ],
)
def test_bundled_models_join_nothing_else(sentences, lists, marks):
    assert joined_words(sentences, lists, marks) == set()


def test_bundled_models_gold_is_read_by_its_folder(tmp_path):
    for name, content in (("readers/a.txt", "1\t他 来\n"), ("seg/a.txt", "他 来\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content, encoding="utf-8")
    [marked], [words] = read_gold(tmp_path / "readers" / "a.txt"), read_gold(tmp_path / "seg" / "a.txt")
    assert isinstance(marked, MarkedSentence) and (marked.text, list(words)) == ("他来", ["他", "来"])


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_models_say_what_they_are_made_from(name):
    found = description_of(name, "more")
    assert (found["name"], found["description"]) == (name, DESCRIPTIONS[name])
    assert {*SOURCES.values(), "more"} < {*found["sources"]}
    assert len({*found["sources"]}) == len(found["sources"])
    assert found["sources"][0] == SOURCES["ctb" if name == "general" else name]


def test_bundled_models_standards_have_weights_and_dev_sets(tmp_path):
    (tmp_path / "seg").mkdir()
    for name in ("ctb6.train.txt", "ctb6.dev.txt", "pku.train.txt"):
        (tmp_path / "seg" / name).write_text(f"{name} 他\n来 了\n", encoding="utf-8")
    ctb, pku = read_standard("ctb", tmp_path), read_standard("pku", tmp_path)
    assert (ctb.name, ctb.parts[0].weight) == ("ctb", CORPORA["ctb"][2])
    assert [list(words) for words in ctb.dev] == [["ctb6.dev.txt", "他"], ["来", "了"]]
    assert pku.dev is None and [list(words) for words in pku.parts[0].sentences][1] == ["来", "了"]
