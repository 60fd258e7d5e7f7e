"""Which entries are found in a text, wherever they stand and however they are spelled."""

from __future__ import annotations

import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_words import make, word_spans

import cws
from cws import streaming
from cws.segmenter import Segmenter
from cws.user_dictionary import UserDictionary
from cws.user_dictionary.reference import FORCED


@pytest.mark.parametrize("entry", ["ces", "cens", "license1", "nse", "1", "５"])
def test_runs_of_letters_and_digits_stay_whole(entry):
    for text in ("a license1s here", "x25y", "一license１２", "Ａ５Ｂ", "licenseés"):
        assert make("pku", {entry: FORCED}).segment(text) == cws.load("pku", units=False).segment(text)


@pytest.mark.parametrize(
    "entry", ["C++", "New York", "iPhone 15", "网易 杭研", "A股", "5G手机", "你好，世界", "«é»", "𠮷野家"]
)
def test_entries_of_any_characters_match(entry):
    assert entry in make("pku", {entry: FORCED}).segment(f"我们看{entry}的价格")
    assert entry in make("pku", {entry: 5.0 if " " in entry else 90.0}).segment(f"我们看{entry}的价格")


def test_an_entry_with_a_space_changes_nothing_else():
    plain = cws.segment("他说New York的价格很高")
    assert make("pku", {"New York": FORCED}).segment("他说New York的价格很高") == [*plain[:2], "New York", *plain[5:]]
    assert "New  York" not in make("pku", {"New York": FORCED}).segment("他说New  York的")
    assert make("pku", {"New York": FORCED}).segment("New\nYork") == ["New", "\n", "York"]


def test_case_and_width_are_ignored_when_asked():
    text = "我的ｉＰｈｏｎｅ和IPHONE和iphone和 Ｎｅｗ　Ｙｏｒｋ"
    for case, width, expected in (
        (False, False, set()), (True, False, {"iphone", "IPHONE"}), (True, True, {"iphone", "IPHONE", "ｉＰｈｏｎｅ"}),
    ):  # fmt: skip
        dictionary = UserDictionary(ignore_case=case, ignore_width=width)
        dictionary.add_word("和iPhone", "!")
        dictionary.add_word("new york", "!", "CITY")
        segmenter = Segmenter(user_dictionary=dictionary)
        words = segmenter.segment(text)
        assert {word[1:] for word in words if word.startswith("和") and len(word) > 1} == {
            word for word in expected if word != "ｉＰｈｏｎｅ"
        }
        assert ("Ｎｅｗ　Ｙｏｒｋ" in words) == width
        assert ("NEW YORK" in dictionary) == case
        if width:
            assert segmenter.tokens(text)[-1].label == "CITY"
            again = pickle.loads(pickle.dumps(segmenter))
            assert again.segment(text) == words
            again.add_word("Ｗ")
            assert "w" in again.user_dictionary


spelled = st.text("aAａＡkK\u212a1１ßéÉ 他来", max_size=6)


@settings(max_examples=60)
@given(spelled, st.lists(spelled.map(str.strip).filter(bool), max_size=3), st.booleans(), st.booleans(), st.booleans())
def test_folding_is_as_good_as_every_spelling(text, words, case, width, is_compiled):
    text = " ".join([text, *words, *(word.swapcase() for word in words)])
    folding = {"ignore_case": case, "ignore_width": width}
    entries = dict.fromkeys(words, FORCED)
    segmenter = make("pku", entries, entries if is_compiled else (), **folding)
    spellings = {text[a:b] for a in range(len(text)) for b in range(a + 1, len(text) + 1)}
    spellings = {word for word in spellings if word == word.strip() and word in segmenter.user_dictionary}
    assert segmenter.segment(text) == make("pku", dict.fromkeys(spellings, FORCED)).segment(text)


def forced(words, source, folder):
    """A segmenter with forced words that were added, come out of a compiled file, or out of a text."""
    if source == "added":
        return make("pku", dict.fromkeys(words, FORCED))
    path = folder / "words.txt"
    path.write_text("".join(f"{word}\t!\n" for word in words), "utf-8")
    if source == "compiled":
        UserDictionary.read(path).save(folder / "words.dict")
        path = folder / "words.dict"
    return Segmenter("pku", user_dictionary=path)


SOURCES = pytest.mark.parametrize("source", ["added", "compiled", "text"])


@SOURCES
def test_entries_of_one_character_are_found_inside_words(source, tmp_path):
    assert cws.segment("今天天气") == ["今天", "天气"]
    assert forced(["天"], source, tmp_path).segment("今天天气") == ["今", "天", "天", "气"]
    assert forced(["气"], source, tmp_path).segment("今天天气") == ["今天", "天", "气"]


@SOURCES
@pytest.mark.parametrize("count", [1, 40, 2000])
def test_every_entry_is_found(count, source, tmp_path):
    # Whatever the filter before the trie holds: many words of all lengths, at the beginning and at the end of a text.
    chance = random.Random(count)
    characters = [chr(code) for code in (*range(0x4E00, 0x4E00 + count), 0x20000, 0x2A6D6, 0x1F600)]
    words = {"".join(chance.choices(characters, k=chance.choice((1, 2, 2, 3, 3, 4, 5, 6, 7)))) for _ in range(count)}
    segmenter = forced(words, source, tmp_path)
    for word in words:
        assert segmenter.segment(word) == [word]
    segmented = segmenter.segment("，".join(sorted(words)) + "，")
    assert [word for word in segmented if word != "，"] == sorted(words)


@SOURCES
def test_entries_are_found_at_every_place(source, tmp_path):
    # The filter takes 128 pairs, 32 places and 8 places at a time, and looks five characters beyond each place.
    words = ["𠮷", "杭研", "易云计", "大厦学习", "网易杭研大", "京邮电大学机", "器学习云计算法", "é1ü"]
    segmenter = forced(words, source, tmp_path)
    for before in (*range(70), *range(120, 136), *range(250, 262), *range(1015, 1026)):
        for word in words:
            for after in ("", "他", " ", "他的话她的话"):
                text = "他" * before + word + after
                assert word in segmenter.segment(text), (before, word, after)
    for before in range(70):
        assert segmenter.segment("«" * before + "é1ü")[-1] == "é1ü"  # a text of one byte a character


@SOURCES
def test_a_forced_entry_covers_what_it_reaches(source, tmp_path):
    def segment(text, *words):
        return forced(words, source, tmp_path).segment(text)

    # Over the place where a long sequence is cut, and over spaces.
    assert segment("他" * 1023 + "易杭研大", "易杭", "杭研", "研大")[-2:] == ["易杭", "研大"]
    assert segment("易 杭 研大厦", "易 杭 研", "杭", "研大", "研") == ["易 杭 研", *cws.segment("大厦")]
    assert segment("易 杭 研大", "易 杭", "杭 研大", "杭") == ["易 杭", " ", *cws.segment("研大")]
    assert segment("易 杭研 大", "易 杭", "杭研", "研 大") == ["易 杭", "研 大"]


def test_a_soft_entry_is_never_forced_by_the_length_of_a_text():
    segmenter = make("pku", {"易杭": 0.001})
    assert "易杭" not in segmenter.segment("他" * 1023 + "易杭研" + "他" * 5)
    assert "易杭" in make("pku", {"易杭": FORCED}).segment("他" * 1023 + "易杭研" + "他" * 5)


@pytest.mark.parametrize(("piece", "entry"), [("a1b2c3d4", "网易"), ("哈", "哈哈")])
def test_a_long_line_takes_linear_time(monkeypatch, piece, entry):
    monkeypatch.setattr(streaming, "BLOCK", 1 << 12)
    hard = (piece * (1 << 18)).encode()[: 3 << 16]
    data = hard + ("今天天气真好，" * (1 << 12)).encode()
    blocks = [data[at : at + streaming.BLOCK] for at in range(0, len(data), streaming.BLOCK)]
    predictor = make("pku", {entry: FORCED}).predictor
    lengths = []

    class Counting:
        """The predictor, and how much it was asked to look at."""

        def whole_sequences(self, rest, column, has_words):
            lengths.append(len(rest))
            return predictor.whole_sequences(rest, column, has_words)

    cuts = list(streaming._whole_blocks(Counting(), blocks))
    assert b"".join(block.data for block in cuts) == data
    assert sum(lengths) <= 4 * len(data)
    assert lengths[-1] <= 4 * streaming.BLOCK  # where it is easy again, little is enough again


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([*"他来到了网易ab \n，", "New York", "网易 杭研"]), max_size=60).map("".join),
    st.integers(1, 40),
)
def test_blocks_of_any_size_give_the_same_words(text, size):
    segmenter = make("pku", {"New York": FORCED, "网易 杭研": 3.0, "易了": FORCED, "，他": 9.0, "b a": FORCED})
    lines = []
    for line in text.split("\n"):
        spans = word_spans(segmenter.segment(line), line)
        lines.append(" ".join(f"{a}-{b}" for a, b in spans if not line[a:b].isspace()))
    whole = "".join(f"{line}\n" for line in lines[:-1]) + (f"{lines[-1]}\n" if text.split("\n")[-1] else "")
    data = text.encode()
    was, streaming.BLOCK = streaming.BLOCK, size
    try:
        blocks = [data[at : at + size] for at in range(0, len(data), size)]
        found = b"".join(streaming.segment_blocks(segmenter, blocks, format="spans"))
    finally:
        streaming.BLOCK = was
    assert found.decode() == whole
