"""Each way a corpus is written, read from a few lines."""

from __future__ import annotations

import pytest

from cws.corpora.formats import (
    read_character_tags,
    read_cluener,
    read_conllu,
    read_numbered_character_tags,
    read_pfr,
    read_words,
    tags_to_entities,
)
from cws.errors import CorpusError


def test_words_are_separated_by_any_white_space():
    lines = ["共同  创造  美好\u3000的 世纪", "", "　", "完"]
    assert [[word for word, _ in words] for words in read_words(lines, "f")] == [
        ["共同", "创造", "美好", "的", "世纪"],
        ["完"],
    ]


def column(number, form, tag):
    return "\t".join([number, form, "_", tag, *"______"])


def test_conllu_takes_form_and_upos_without_comments_ranges_and_empty_nodes():
    lines = [
        "# text = 不要走",
        column("1-2", "不要", "_"),
        column("1", "不", "ADV"),
        column("2", "要", "AUX"),
        column("2.1", "空", "VERB"),
        column("3", "走", "VERB"),
        "",
        "",
        column("1", "New York", "PROPN"),  # no blank line at the end, and a form with a blank
    ]
    assert list(read_conllu(lines, "f")) == [
        [("不", "ADV"), ("要", "AUX"), ("走", "VERB")],
        [("New", "PROPN"), ("York", "PROPN")],
    ]


def test_conllu_of_other_columns_is_an_error_with_its_line():
    with pytest.raises(CorpusError, match=r"f:2: expected the 10 columns of CoNLL-U, got 2"):
        list(read_conllu(["# text = 好", "1\t好"], "f"))


def test_pfr_takes_words_and_tags_without_numbers_brackets_and_pinyin():
    lines = [
        "19980101-01-003-002/m  [中央/n  人民/n  广播/vn  电台/n]nt  、/w  ",
        "",
        "[[香港/ns 特别/a]ns 区/n]nt 长{zhang3}/v [/w 注/v ]/w",
        "1/2/m //w",
    ]
    assert list(read_pfr(lines, "f")) == [
        [("中央", "n"), ("人民", "n"), ("广播", "vn"), ("电台", "n"), ("、", "w")],
        [("香港", "ns"), ("特别", "a"), ("区", "n"), ("长", "v"), ("[", "w"), ("注", "v"), ("]", "w")],
        [("1/2", "m"), ("/", "w")],
    ]


@pytest.mark.parametrize("line", ["好", "/n", "好/"])
def test_pfr_without_a_tag_is_an_error_with_its_line(line):
    with pytest.raises(CorpusError, match="f:1: expected word/tag"):
        list(read_pfr([line], "f"))


def test_cluener_spans_lose_their_inclusive_ends():
    line = '{"text": "彭小军在台湾", "label": {"address": {"台湾": [[4, 5]]}, "name": {"彭小军": [[0, 2]]}}}'
    assert list(read_cluener([line, ""], "f")) == [("彭小军在台湾", [(0, 3, "name"), (4, 6, "address")])]


@pytest.mark.parametrize(
    "line, message",
    [
        ("[]", "expected a JSON object with text and label"),
        ("{", "expected a JSON object with text and label"),
        ('{"text": "好"}', "expected a JSON object with text and label"),
        ('{"text": "彭小军", "label": {"name": {"彭小军": [[0, 3]]}}}', "name '彭小军' is not at 0 to 3 of the text"),
        ('{"text": "彭小军", "label": {"name": {"小军": [[0, 1]]}}}', "name '小军' is not at 0 to 1 of the text"),
    ],
)
def test_cluener_that_is_wrong_is_an_error_with_its_line(line, message):
    with pytest.raises(CorpusError, match=f"f:1: {message}"):
        list(read_cluener([line], "f"))


def test_character_tags_make_a_text_and_its_entities():
    lines = ["高 B-NAME", "勇 E-NAME", "： O", "", "", "男\tO", "汉 S-RACE"]
    assert list(read_character_tags(lines, "f")) == [("高勇：", [(0, 2, "NAME")]), ("男汉", [(1, 2, "RACE")])]


def test_numbered_character_tags_lose_the_digit_and_keep_a_digit_that_is_text():
    lines = ["科0\tO", "技1\tO", "20\tB-PER.NAM", "3\tI-PER.NAM"]
    assert list(read_numbered_character_tags(lines, "f")) == [("科技23", [(2, 4, "PER.NAM")])]


@pytest.mark.parametrize(
    "line, message",
    [
        ("好", "expected a character and its tag, got '好'"),
        ("好人 O", "expected one character, got '好人'"),
        ("好 PER", "expected O or a tag such as B-PER, got 'PER'"),
        ("好 B-", "expected O or a tag such as B-PER, got 'B-'"),
    ],
)
def test_character_tags_that_are_wrong_are_an_error_with_their_line(line, message):
    with pytest.raises(CorpusError, match=f"f:2: {message}"):
        list(read_character_tags(["男 O", line], "f"))


@pytest.mark.parametrize(
    "tags, entities",
    [
        ("", []),
        ("O O", []),
        ("B-A I-A O B-A I-A", [(0, 2, "A"), (3, 5, "A")]),
        ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
        ("B-A M-A E-A S-A S-B", [(0, 3, "A"), (3, 4, "A"), (4, 5, "B")]),
        ("I-A I-A", [(0, 2, "A")]),  # the first B is missing
        ("B-A I-B I-B", [(0, 1, "A"), (1, 3, "B")]),
        ("E-A E-A", [(0, 1, "A"), (1, 2, "A")]),
        ("O B-A O", [(1, 2, "A")]),
    ],
)
def test_tags_spell_entities_legal_or_not(tags, entities):
    assert tags_to_entities(tags.split()) == entities
