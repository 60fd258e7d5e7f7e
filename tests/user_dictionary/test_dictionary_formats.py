"""What a text file of entries is: this project's format or jieba's, and files that could be either."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws.errors import CorpusError, DictionaryWarning, InputError
from cws.user_dictionary import Entry, UserDictionary
from cws.user_dictionary.entry import word_problem
from cws.user_dictionary.text_format import HEADER, format_entries

JIEBA = "云计算 5 nz\n李小福 2 nr\n创新办 3 i\neasy_install 3 eng\n好用 300\n韩玉赏鉴\n八一双鹿 3 nz\n"


def write(folder, content):
    path = folder / "words.txt"
    path.write_text(content, "utf-8")
    return path


@pytest.mark.parametrize(
    "content", [JIEBA, "云计算 nz\n好用\n", "云计算 101\n", "云计算 0007\n", "云计算 5 nz\n好用 3\n"]
)
def test_jieba_s_format_is_found_out_and_said(tmp_path, content):
    path = write(tmp_path, content)
    with pytest.warns(DictionaryWarning, match="words.txt: read in jieba's format.*--user-dict-format"):
        dictionary = UserDictionary.read(path)
    assert {entry.weight for entry in dictionary} == {None}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(UserDictionary.read(path, format="jieba")) == list(dictionary)


def test_jieba_s_tags_are_labels_and_its_zeros_are_no_words(tmp_path):
    path = write(tmp_path, "云计算 5 nz\n李小福 nr\n好用 3\n的话 0\n了吗 0 y\nedu 信托 12 n\n")
    assert sorted(UserDictionary.read(path, format="jieba")) == sorted([
        Entry("云计算", None, "nz"), Entry("李小福", None, "nr"), Entry("好用", None, None), Entry("的话", "-", None),
        Entry("了吗", "-", "y"), Entry("edu 信托", None, "n"),
    ])  # fmt: skip


@pytest.mark.parametrize("line", ["云计算 3", "云计算\t100", "云计算 3 TERM", "云计算 0"])
def test_numbers_that_could_be_either_are_refused_with_the_remedy(tmp_path, line):
    path = write(tmp_path, f"好用\n{line}\n")
    remedy = "--user-dict-format cws or jieba.*format= in Python.*begin the file"
    with pytest.raises(CorpusError, match=remedy) as caught:
        UserDictionary.read(path)
    assert (caught.value.path, caught.value.line) == (str(path), 2)
    assert UserDictionary.read(path, format="jieba").get("好用").weight is None
    weights = {weight for _, weight, _ in UserDictionary.read(path, format="cws")}
    assert weights == {None, float(line.split()[1])}


@pytest.mark.parametrize("ours", ["好用 !", "好用 -", "好用 2.5", "好用 -2", "好用\t1e1\tX\n好\t-"])
def test_marks_decimals_and_the_header_make_a_file_ours(tmp_path, ours):
    assert UserDictionary.read(write(tmp_path, f"云计算 3\n{ours}\n")).get("云计算") == Entry("云计算", 3.0, None)
    assert UserDictionary.read(write(tmp_path, f"{HEADER}, mine\n云计算 3 n\n")).get("云计算").weight == 3
    with pytest.raises(CorpusError, match="words.txt:1: expected a weight from -100 to 100, got 300.*jieba"):
        UserDictionary.read(write(tmp_path, f"云计算 300\n{ours}\n"))


def test_words_alone_are_decided_in_either_format(tmp_path):
    path = write(tmp_path, "云计算\n好用\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [entry.weight for entry in UserDictionary.read(path)] == [None, None]


def test_an_empty_field_between_tabs_is_no_weight(tmp_path):
    path = write(tmp_path, "云计算\t\tTERM\n好用\t\t2.5\nNew York\t\tCITY\n")
    assert list(UserDictionary.read(path)) == [
        Entry("New York", None, "CITY"), Entry("云计算", None, "TERM"), Entry("好用", 2.5, None),
    ]  # fmt: skip


def test_unknown_formats_and_bad_words_are_refused(tmp_path):
    path = write(tmp_path, f"{1001 * '好'} 3 n\n")
    with pytest.raises(InputError, match="expected cws or jieba, got 'ini'"):
        UserDictionary.read(path, format="ini")
    with pytest.raises(CorpusError, match="words.txt:1: expected a word of at most 1,000"):
        UserDictionary.read(path)


words = st.text(st.sampled_from("云计 算C#\\!-好1 a"), min_size=1, max_size=6).filter(
    lambda word: not word_problem(word) and word.split()[-1] not in ("!", "-")
)
entries = st.dictionaries(
    words, st.tuples(st.sampled_from([None, "!", "-"]) | st.floats(-100, 100), st.sampled_from([None, "TERM", "nz"]))
)


@given(entries)
def test_written_entries_are_read_again(tmp_path_factory, entries):
    dictionary = UserDictionary([(word, *rest) for word, rest in entries.items()])
    lines, left_out = format_entries(dictionary)
    path = write(tmp_path_factory.getbasetemp(), "".join(f"{line}\n" for line in lines))
    assert (lines[0], left_out) == (HEADER, 0)
    assert list(UserDictionary.read(path)) == list(dictionary)


def test_jieba_s_format_is_written_without_evidence():
    dictionary = UserDictionary([("云计算", None, "nz"), ("好用", 2.5), ("的话", "-"), ("网易", "!", "ORG")])
    assert format_entries(dictionary, "jieba") == (["云计算 nz", "的话 0", "网易"], 1)
