"""The core finds what the specification finds, for every text, and in linear time."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text
from unit_shapes import SHAPES

from cws.units import BOUNDARY, boundaries, find_units, reference

FRAGMENTS = [
    *"0159aAbfxXzTNC._-:/\\@#<>{}%&'\"$+()[]*?=~,;! 　\n\r万",
    *"亿点一二三十百千几数京粤A分米度，。！？：；、…—·²₃ⁿ○×℃°１ａ．：％",
    *"é\u0301\u200d\ufe0f\u20e3❤👨👩🏻🇨🇳©★한글각の٣\u0600\u0d4e\ud800\u1100\u1161\u11a8’‐“”（）《》年月日＃＠",
    "http://", "www.", ".com", "::", "--help", "&nbsp;", "{{x}}", "<br/>", "百分之", "rc1", "-rc", "C++", "C#",
    "千瓦", "^_^", "2024-01-02", "12:30", "1.2.3", ":)", "e+5", "\r\n", "mailto:", "/etc", "/kg", "kg", ".NET",
    ".so", "192.168.1.1",
]  # fmt: skip


def same(text: str) -> None:
    assert find_units(text) == [tuple(unit) for unit in reference.find_units(text)]
    assert boundaries(text) == reference.boundaries(text)


@given(any_text())
def test_units_of_any_text_are_those_of_the_specification(text):
    same(text)


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_units_of_fragments_are_those_of_the_specification(text):
    same(text)


@pytest.mark.slow
@settings(max_examples=100_000)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_units_of_many_fragments_are_those_of_the_specification(text):
    same(text)


@pytest.mark.parametrize("seed", range(30))
def test_units_of_all_shapes_in_one_text_are_those_of_the_specification(seed):
    random = Random(seed)
    makes = list(SHAPES.values())
    same("".join(random.choice(makes)(random) + random.choice(["", "", "在", " ", "，"]) for _ in range(40)))


@pytest.mark.corpora
def test_units_of_news_are_those_of_the_specification(corpora):
    text = (corpora / "seg" / "pku.test.txt").read_text("utf-8").replace(" ", "")
    same(text[:20_000])


@pytest.mark.parametrize("before", [30, 31, 32, 510, 511, 512])
@pytest.mark.parametrize("piece", ["，，", "，", "”²", "中²", "é\u0301", "。👨"])
def test_units_where_the_core_begins_another_block_are_those_of_the_specification(before, piece):
    for after in (0, 1, 40):
        same("中" * before + piece + "中" * after)


@pytest.mark.parametrize("plane", range(3))
def test_units_of_each_character_beside_others_are_those_of_the_specification(plane):
    codes = [code for code in range(plane << 16, (plane + 1) << 16) if code % 64 == 7 or code & 0xFFFF < 0x400]
    same("".join(f"中{chr(code)}中，{chr(code)}{chr(code)}" for code in codes))


@given(any_text(min_size=1))
def test_units_end_where_the_text_ends(text):
    assert len(boundaries(text)) == len(text) and boundaries(text)[-1] == BOUNDARY


def test_units_of_no_text_are_none():
    assert (find_units(""), boundaries("")) == ([], b"")


HOSTILE = [
    "a@", "http://", "((((", "####", "1.1.", "a&", "A/", "<a ", "{{a ", "#a ", '"a', "一万", "万", "a--",
    "a.-", "1-1-2/", "x_", "@[", "&#1", "<!--", "%(a", "$a", "/a", "a:/", "::", "1:", "1,111", "²", "a\u0301",
    "👨\u200d", "🇨", "-", "\\\\a", "+1-", "一", "a/b&", "a//", "://", "1/2/", "._", "a/A.", "{", "<a b='",
    "数一", "一点", "○", "#", "1万", ":", "1e+", "1·", "%", "a'",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_units_of_hostile_text_take_linear_time(piece):
    text = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    boundaries(text)
    assert time.process_time() - begun < 3  # 0.1 seconds; were it quadratic, an hour
