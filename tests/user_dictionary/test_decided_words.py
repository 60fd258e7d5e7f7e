"""What the user decides is obeyed wherever its ends are plausible, and nowhere else: cases of every kind."""

from __future__ import annotations

import re
from itertools import product

import pytest

import cws
from cws.user_dictionary import UserDictionary
from cws.word_list import jieba_word_list

MODELS = pytest.mark.parametrize("model", ["pku", "ctb"])


def words(model, text, *entries):
    return cws.load(model, user_dictionary=entries).segment(text)


@MODELS
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("产品和服务", "和服"),
        ("这些产品和服务都很好", "和服"),
        ("电动车在上海", "车在中国"),
        ("用户表示满意", "户表"),
        ("这座城狮子很多", "城狮"),
    ],
)
def test_what_only_seems_to_stand_there_is_left_alone(model, text, word):
    assert words(model, text, word) == cws.load(model).segment(text)


@MODELS
@pytest.mark.parametrize("word", [
    "现代汉语词典规范Ｖ1.0", "#城市马拉松#", "@人民日报", "https://t.cn/zjARTkg", "-3480.83万元", "小米Pro笔记本73",
    "New York",
    "中华人民共和国第十四届全国人民代表大会常务委员会",
])  # fmt: skip
def test_words_of_any_shape_and_length_are_taken(model, word):
    assert word in words(model, f"我们看了“{word}”，很好。", word)


@MODELS
def test_a_single_character_is_never_taken_out_of_a_word(model):
    assert words(model, "女性有月经", "月", "经", "月经") == ["女性", "有", "月经"]
    plain = cws.load(model).segment("今天天气真好")
    assert words(model, "今天天气真好", *"今天气真好") == plain


@MODELS
def test_the_longest_of_entries_and_of_chains_of_them_wins(model):
    parts = ["网易", "杭研", "大厦", "杭研大厦", "网易杭研", "网易杭研大厦"]
    assert words(model, "他来到了网易杭研大厦", *parts)[-1] == "网易杭研大厦"
    assert words(model, "他来到了网易杭研大厦", *parts[:3], "网易杭研大厦")[-1] == "网易杭研大厦"


def test_what_is_cut_off_is_segmented_anew_with_its_neighbours():
    assert words("pku", "微搜集成手册", ("微搜", "!")) == ["微搜", "集成", "手册"]


@MODELS
def test_made_product_names_are_taken(model):
    parts = product(
        ("小米", "海尔", "云鲸"), ("Pro", "青春版", ""), ("笔记本", "扫地机器人", "电饭煲"), ("", "7", "73")
    )
    names = ["".join(one) for one in parts]
    segmenter = cws.load(model, user_dictionary=names)
    taken = [name in segmenter.segment(f"昨天买了{name}，挺好用的") for name in names]
    assert sum(taken) >= 0.98 * len(names)


@MODELS
def test_long_words_of_a_general_list_are_taken_one_at_a_time(model):
    listed = [word for word in jieba_word_list() if len(word) > 4 and re.fullmatch("[一-鿿]+", word)][::100]
    segmenter, taken = cws.load(model), []
    for word in listed:
        segmenter.add_word(word)
        taken.append(word in segmenter.segment(f"他说：“{word}”。"))
        segmenter.remove_word(word)
    assert len(taken) > 50 and sum(taken) >= 0.97 * len(taken)


def test_a_number_moves_the_log_odds_by_itself_and_no_more():
    assert "网易杭研" not in words("pku", "他来到了网易杭研大厦", ("网易杭研", 6))
    assert "网易杭研" in words("pku", "他来到了网易杭研大厦", ("网易杭研", 8))


@MODELS
def test_decided_words_are_alike_in_all_calls(model):
    text = "他来到了网易杭研大厦，买了小米Pro笔记本73。"
    dictionary = UserDictionary([("网易杭研大厦", None, "ORG"), ("小米Pro笔记本73", None, "PRODUCT")])
    segmenter = cws.load(model, user_dictionary=dictionary)
    found = segmenter.segment(text)
    assert {"网易杭研大厦", "小米Pro笔记本73"} <= set(found)
    assert segmenter.segment_batch([text] * 3, threads=2) == [found] * 3
    ways = [way for _, way in segmenter.nbest(text, 5)]
    assert ways[0] == found and len({tuple(way) for way in ways}) == len(ways)
    assert all("网易杭研大厦" in way for way in ways)
    assert [(token.text, token.label) for token in segmenter.tokens(text) if token.label] == [
        ("网易杭研大厦", "ORG"), ("小米Pro笔记本73", "PRODUCT"),
    ]  # fmt: skip
