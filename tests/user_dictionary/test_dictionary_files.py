"""Files of entries: word lists, compiled ones, and those saved with a model."""

from __future__ import annotations

import os
import re
import threading
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from own_words import TEXT

import cws
from cws.errors import CorpusError, DictionaryWarning, EncodingError, FileError, InputError, ModelError
from cws.segmenter import Segmenter
from cws.user_dictionary import Entry, UserDictionary


@pytest.mark.parametrize("content", [
    "网易杭研 !\n机器学习 3.5 TERM\n云计算\n的话 -\n",
    "\ufeff网易杭研\t!\r\n机器学习\t3.5\tTERM\r\n\r\n云计算 # why\r\n# no\r\n的话 -\r\n",
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_files_are_read(tmp_path, content, encoding):
    path = tmp_path / "words.txt"
    path.write_bytes(content.encode(encoding))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dictionary = UserDictionary.read(path, encoding=encoding)
    assert sorted(dictionary) == sorted([
        Entry("网易杭研", "!", None), Entry("机器学习", 3.5, "TERM"), Entry("云计算", None, None),
        Entry("的话", "-", None),
    ])  # fmt: skip


def test_words_of_a_file_may_hold_spaces_and_hashes(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("New York\t!\tCITY\nC# !\nF#\t2\n#no\nA#B#C 1 # comment # more\n3D 打印\t\n", encoding="utf-8")
    assert [entry.word for entry in UserDictionary.read(path)] == ["3D 打印", "A#B#C", "C#", "F#", "New York"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("网易 杭研", "tabs"),
        ("网易 1.5 2 3", "4 fields"),
        ("网易 1000.5", "counts away"),
        ("网易 -101", "from -100"),
        ("网易 nan", "from -100"),
        ("网易 1e400", "from -100"),
        ("网易\t?", "weight"),
        ("网易\t\ta b", "label"),
        ("网\x07易 1.5", "control"),
        (1001 * "好", "1,000"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, problem):
    path = tmp_path / "words.txt"
    path.write_text(f"好\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=problem) as caught:
        UserDictionary.read(path)
    assert (caught.value.path, caught.value.line) == (str(path), 2)


def test_repeated_entries_are_reported_once(tmp_path):
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("甲\n乙 1.0\n甲\n甲\n", encoding="utf-8")
    two.write_text("乙 !\n", encoding="utf-8")
    with pytest.warns(DictionaryWarning) as caught:
        dictionary = UserDictionary.read(one, two)
    assert [str(warning.message) for warning in caught] == [
        f"2 entries are given twice, first 甲 at {one}:1 and {one}:3",
        f"1 entry is given twice and differ, first 乙 at {one}:2 and {two}:1: the last counts",
    ]
    assert dictionary.get("乙") == Entry("乙", "!", None)


def test_a_hash_begins_a_comment_but_not_inside_a_word(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("#网红\n\\#网红# !\nC#\t!\nC #\t1\n好 #5\n", "utf-8")
    assert [entry.word for entry in UserDictionary.read(path)] == ["#网红#", "C #", "C#", "好"]


@pytest.mark.parametrize("line", ["网易杭研 !\t", "网易\t!\ta b", "网易 1_0", "网易 1.0 a\x01"])
def test_lines_that_mean_something_else_are_refused(tmp_path, line):
    path = tmp_path / "words.txt"
    path.write_text(line + "\n", "utf-8")
    with pytest.raises(CorpusError, match="expected a"):
        UserDictionary.read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_dictionary_may_come_from_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("网易杭研 !\n", "utf-8"))
    writer.start()
    assert len(UserDictionary.read(path)) == 1
    writer.join()


def test_missing_and_foreign_files_are_named(tmp_path):
    with pytest.raises(FileError, match="check the path"):
        Segmenter(user_dictionary=tmp_path / "none.txt")
    path = tmp_path / "words.txt"
    path.write_bytes("网易".encode("gb18030"))
    with pytest.raises(EncodingError):
        UserDictionary.read(path)


def test_a_compiled_dictionary_keeps_how_it_was_compiled(tmp_path):
    UserDictionary(["a"], ignore_case=True).save(tmp_path / "words.dict")
    assert "A" in UserDictionary.read(tmp_path / "words.dict")
    with pytest.raises(InputError, match="compile it again"):
        UserDictionary.read(tmp_path / "words.dict", ignore_width=True)
    with pytest.raises(InputError, match="stands alone"):
        UserDictionary.read(tmp_path / "words.dict", tmp_path / "words.dict")


@example({"甲": (1.0, "A")}, b"", 0)
@settings(max_examples=200)
@given(
    st.dictionaries(st.text("甲乙a", min_size=1), st.tuples(st.floats(-9, 9), st.sampled_from([None, "A"]))),
    st.binary(min_size=1),
    st.integers(0),
)
def test_compiled_files_come_back_or_are_refused(tmp_path_factory, entries, noise, place):
    path = tmp_path_factory.getbasetemp() / "compiled"
    dictionary = UserDictionary()
    for word, (weight, label) in entries.items():
        dictionary.add_word(word, weight, label)
    dictionary.save(path)
    again = UserDictionary.read(path)
    assert list(again) == list(dictionary)
    text = "甲乙a乙甲 甲"
    assert Segmenter(user_dictionary=again).segment(text) == Segmenter(user_dictionary=dictionary).segment(text)
    data = bytearray(path.read_bytes())
    begin = place % len(data)
    data[begin : begin + len(noise)] = noise
    path.write_bytes(data)
    try:
        segmenter = Segmenter(user_dictionary=path)
    except (ModelError, CorpusError, EncodingError):
        return
    assert "".join(segmenter.segment(text)) == text


def test_compiled_files_of_other_versions_are_refused(tmp_path):
    path = tmp_path / "words.dict"
    UserDictionary(["易杭"]).save(path)
    data = path.read_bytes()
    assert data.count(b'"version":"3"') == 1
    for version in (b"2", b"4"):
        path.write_bytes(data.replace(b'"version":"3"', b'"version":"' + version + b'"'))
        with pytest.raises(ModelError, match=f"cws dictionary compile WORDS -o {re.escape(str(path))}"):
            UserDictionary.read(path)


def test_a_dictionary_is_saved_with_a_model(tmp_path):
    segmenter = Segmenter(user_dictionary=["易杭"])
    segmenter.add_word("研大厦", "!", "X")
    segmenter.save(tmp_path / "mine")
    again = cws.load(tmp_path / "mine")
    assert again.segment(TEXT) == segmenter.segment(TEXT)
    assert list(again.user_dictionary) == list(segmenter.user_dictionary)
    assert "研大厦" not in cws.load(tmp_path / "mine", user_dictionary=[]).segment(TEXT)
    again.add_word("今天天", "!")
    again.save(tmp_path / "mine")  # over the file it is mapped from
    assert "今天天" in cws.load(tmp_path / "mine").segment(TEXT)


def test_a_model_without_a_dictionary_replaces_one_that_has_one(tmp_path):
    Segmenter(user_dictionary=["易杭"]).save(tmp_path)
    Segmenter().save(tmp_path)
    assert len(cws.load(tmp_path).user_dictionary) == 0
