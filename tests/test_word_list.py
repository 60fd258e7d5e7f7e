"""Word lists: what is read, and which lines are refused."""

from __future__ import annotations

import pytest

from cws.errors import CorpusError
from cws.word_list import jieba_word_list, read_word_list


def read(folder, content):
    (folder / "words.txt").write_text(content, encoding="utf-8")
    return read_word_list(folder / "words.txt")


@pytest.mark.parametrize(
    ("line", "word", "count"),
    [
        ("词", "词", None),
        ("  词 5  ", "词", 5),
        ("词\t5\tIT", "词", 5),
        ("词 5 n", "词", 5),
        ("词 n", "词", None),
        ("词\tn7\t27\tnz", "词", None),
        ("词\t计算机", "词", None),
        ("一不做，二不休 1", "一不做，二不休", 1),
        ("B超 0", "B超", 0),
        (f"词 {'9' * 18}", "词", 10**18 - 1),
        ("1,000", "1,000", None),
    ],
)
def test_word_list_lines_that_are_read(tmp_path, line, word, count):
    assert read(tmp_path, f"\ufeff好 1\r\n\n{line}\n") == {"好": 1, word: count}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("机器 学习 5", "expected a count after '机器', got '学习': a word has no white space"),
        ("机器 学习", "expected a count after '机器', got '学习'"),
        ("New York 5", "expected a count after 'New', got 'York'"),
        ("机器 学习\t5", "a word cannot have white space in it, got '机器 学习'"),
        ("用的 -3", "expected a count after '用的', a whole number from 0, got '-3'"),
        ("用的\t-3", "expected a count after '用的', a whole number from 0, got '-3'"),
        ("用的 -", "expected a count after '用的', a whole number from 0, got '-'"),
        ("用的 !", "expected a count after '用的', a whole number from 0, got '!'"),
        ("词 3.5", "got '3.5'"),
        ("词 5e2", "got '5e2'"),
        ("词 .5", "got '.5'"),
        ("词 +5", r"got '\+5'"),
        ("词 1,000", "got '1,000'"),
        ("词 5%", "got '5%'"),
        ("词 nan", "got 'nan'"),
        (f"词 {'9' * 20}", "expected a count of 18 digits at most after '词', got '9{20}'"),
        ("机器学习,5", "expected white space between a word and its count, got '机器学习,5'"),
        ("机器学习, 5", "expected white space between a word and its count, got '机器学习,'"),
    ],
)
def test_word_list_lines_that_are_refused(tmp_path, line, message):
    with pytest.raises(CorpusError, match=rf"words\.txt:3: .*{message}.*give a line `word \[count\]`"):
        read(tmp_path, f"好 1\n\n{line}\n")


def test_word_list_of_jieba_has_its_counts():
    words = jieba_word_list()
    assert len(words) == 349_045
    assert words["今天"] == 15_960
    assert None not in words.values()


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "size", "word", "count"),
    [
        ("thuocl.txt", 156_289, "字符串", 395_499),
        ("jionlp_word_freq.txt", 193_128, "的", 253_147_698),
        ("webdict_freq.txt", 220_725, "腌", 3463),
        ("hsk.txt", 11_470, "阿姨", None),
        ("xinhua_idiom.txt", 8449, "丁一卯二", None),
    ],
)
def test_word_list_files_in_use(corpora, name, size, word, count):
    words = read_word_list(corpora / "lexicons" / name)
    assert (len(words), words[word]) == (size, count)
