"""What is said of the entries of a user dictionary: matched, taken, declined, and why."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_words import TEXT

import cws
from cws import streaming
from cws.errors import InputError
from cws.streaming import segment_blocks
from cws.user_dictionary import UserDictionary
from cws.user_dictionary.report import COLUMNS, DictionaryReport, EntryCount, EntryReport


def rows(entries, *texts, **options):
    segmenter = cws.load("pku", user_dictionary=UserDictionary(entries, **options))
    return {row.word: row for row in segmenter.dictionary_report(iter(texts))}


def test_matches_are_taken_or_declined():
    found = rows(["网易杭研大厦", "和服", ("真好", "-"), "没有的"], TEXT, "产品和服务", "产品和服务", "穿着和服")
    assert found["网易杭研大厦"] == EntryReport("网易杭研大厦", None, None, 1, 1, 0, None, "")
    assert found["和服"] == EntryReport("和服", None, None, 3, 1, 2, "和 服务", "")
    assert (found["真好"].weight, found["真好"].taken, found["真好"].beaten_by) == ("-", 0, "真 好")
    assert found["没有的"] == EntryReport("没有的", None, None, 0, 0, 0, None, "")
    assert list(found) == ["和服", "真好", "网易杭研大厦", "没有的"]  # the most often declined first


def test_reasons_are_named():
    found = rows(["iphone", "iPhone", "厦", "今 天", "天气真", "15手机"], TEXT + "今天 气真好，今天气真\n好")
    assert found["iphone"].note == "never matched: 1 differ in case or width (--ignore-case, --ignore-width)"
    assert (found["iPhone"].matches, found["iPhone"].note) == (1, "")
    assert found["厦"].note == "a single character is never taken out of a longer word"
    assert found["今 天"].note == "never matched: 3 differ in white space"
    assert found["天气真"].matches == 2
    found = rows(["Phone", "5手机"], TEXT)
    for word in ("Phone", "5手机"):
        assert found[word].note == "1 inside a run of letters and digits, of which no entry takes a part"


def test_folded_entries_match_as_they_do_in_the_core():
    found = rows(["IPHONE 15"], TEXT, TEXT.replace("iPhone", "ｉｐｈｏｎｅ"), ignore_case=True, ignore_width=True)
    assert [(row.matches, row.taken) for row in found.values()] == [(2, 2)]


@given(st.text("他来到了网易杭 a1\n", max_size=30), st.lists(st.text("他来到了网易杭a1", min_size=1, max_size=3)))
def test_every_match_is_counted(text, entries):
    segmenter = cws.load("pku", user_dictionary=entries)
    words = segmenter.segment(text)
    for row in segmenter.dictionary_report([text]):
        assert row.matches == sum(text.startswith(row.word, at) for at in range(len(text)))
        assert row.taken == words.count(row.word)
        assert row.declined == row.matches - row.taken


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("format", streaming.FORMATS)
def test_reports_of_streams_are_those_of_texts(monkeypatch, threads, format):
    monkeypatch.setattr(streaming, "BLOCK", 64)
    segmenter = cws.load("pku", user_dictionary=["易杭", "天天", "网易杭研大厦", "New York", "大", "气真好！他"])
    lines = [TEXT + "New York", "天天向上，大大小小" * 30, "产品", TEXT] * 5
    data = "".join(f"{line}\n" for line in lines).encode()
    blocks = [data[at : at + 50] for at in range(0, len(data), 50)]
    report = DictionaryReport(segmenter.user_dictionary)
    found = b"".join(segment_blocks(segmenter, blocks, format=format, threads=threads, report=report))
    assert found == b"".join(segment_blocks(segmenter, blocks, format=format))
    assert list(report) == segmenter.dictionary_report(lines)


def test_readings_are_bounded_and_the_frequent_one_stays():
    count, chance = EntryCount(), random.Random(1)
    readings = ["often"] * 400 + [f"once {number}" for number in range(600)]
    chance.shuffle(readings)
    for reading in readings:
        count.read(reading)
        assert len(count.readings) <= 8
    assert max(count.readings, key=count.readings.get) == "often"


def test_lines_of_a_report_have_a_header():
    segmenter = cws.load("pku", user_dictionary=[("易杭", 1.5, "X"), ("网易", None)])
    report = DictionaryReport(segmenter.user_dictionary)
    report.add(report.count(TEXT, segmenter.segment(TEXT)))
    lines = [line.split("\t") for line in report.lines()]
    assert lines[0] == [f"# {COLUMNS[0]}", *COLUMNS[1:]]
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert ["易杭", "1.5", "X", "1", "0", "1", "网易 杭研", ""] in lines


@pytest.mark.parametrize("texts", ["网易", 5])
def test_what_are_no_texts_is_refused(texts):
    with pytest.raises(InputError, match="dictionary_report expects a list of str"):
        cws.load("pku").dictionary_report(texts)
