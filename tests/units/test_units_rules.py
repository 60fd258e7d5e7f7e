"""What units are, rule by rule. In a marked text a blank is a cut that must be there, ¦ is the model's to decide, and
nothing is a joint that no model may cut; between two Han characters ¦ is left out. ␣ is a blank of the text."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cws.units import BOUNDARY, FREE, NO_BOUNDARY, boundaries, find_units


def is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def marks_of(text: str) -> str:
    """The boundaries of a text as marks; those beside white space are not marked."""
    edges = {edge for start, end, _ in find_units(text) for edge in (start, end)}
    marked = text[:1]
    for place, (before, after) in enumerate(pairwise(text), 1):
        mark = {FREE: "¦", BOUNDARY: " ", NO_BOUNDARY: ""}[boundaries(text)[place - 1]]
        is_left_out = " " in before + after or (mark == "¦" and is_han(before) and is_han(after) and place not in edges)
        marked += ("" if is_left_out else mark) + after.replace(" ", "␣")
    return marked


MARKED = [
    # numbers
    "定价 １２．８¦元 ， 打 8.5¦折",
    "涨了 3%",
    "约 1,250¦人 ， 合 1'250'000.5¦元",
    "常数¦6.02e+23 、 1.6E-19",
    "气温 -12¦℃ ； +3¦度",
    "人口 1200万 ， 产值 3.6亿¦元 ， 借 5千万",
    "共 1亿3千5百万¦元",
    "比分 3∶1 ， 增长 2·5¦倍",
    "占 1/4 ； 7/24",
    "1 : 2",
    "一百二十万¦人",
    "几十万¦字 ， 数百万¦人",
    "约 三点一四",
    "涨 零点五¦元",
    "百分之¦六点三",
    "共 二点五六亿¦吨",
    "发电 三万¦千瓦",
    "八点四十分",
    "一点一点",
    "差一点三刻",
    "千万别动",
    "总人数¦十万",
    # dates, times, addresses, versions
    "1999-12-31 跨年 ， 2000/1/1",
    "2024.05.06 发布",
    "8:05 起 ， 22:30:15 止",
    "晚 ９：３０",
    "2024-01-02T03:04:05+08:00",
    "10.0.0.254 和 127.0.0.1:8080",
    "fe80::1 是 ， 2001:db8::ff",
    "v2.0.1-rc1 与 3.11.2",
    "升级到 2.x",
    "00:1a:2b:3c:4d:5e",
    "提交 9fceb02 后 ， 0xDEADBEEF",
    # telephone numbers and plates
    "拨 13912345678 ， 021-65432100 ， 400-123-4567",
    "车牌 粤B·12345 的 ， 京AD12345",
    # ranges are the model's
    "3¦-¦5¦天",
    "2001¦年¦-¦2005¦年",
    "2¦小时¦-¦3¦小时",
    # addresses of the web
    "看 https://example.com/a?b=1 吧",
    "看 http://example.com/x 。",
    "( http://example.com/a_(b) )",
    "写信 user.name@example.com 即可",
    "上 www.example.com 看",
    "去 github.com/a/b 下载",
    "感谢 @小明_01 ！",
    "参加 #周末活动# 吧",
    "带 #穿搭␣#日常",
    "见 #12 ， #13 ：",
    # paths
    "改 /etc/hosts 后",
    "在 ~/.vimrc 里",
    "存到 C:\\Users\\me\\a.txt 中",
    "运行 ./a.out 吧",
    "见 docs/guide/units.md 。",
    "每元¦/¦kg",
    "TCP¦/¦IP¦和 mg¦/¦L",
    # Latin words and names
    "做 C¦型 ， T¦恤",
    "don't 和 O’Neill",
    "Wi-Fi 与 COVID-19",
    "AT&T 的 iPhone15Pro",
    "用 C++ 或 C# ， F#¦也行",
    "用 Vue.js 和 my_var_2 ， std::vector",
    ".NET 与 .gitignore",
    "U.S. 与 e.g.",
    "5G¦网 ， 3D¦片 ， 4K",
    "--verbose 选项",
    "CO₂ 与 x²¦+¦y²",
    "好 。 Then",
    "结果 . The",
    "加 a¦+¦b¦=¦c",
    "foo¦(¦)",
    # markup
    "换行 <br/> 与 <b> 粗 </b>",
    "有 <N> 米",
    "填 {{name}} 、 %d ， ${HOME} ！",
    "a¦<¦b",
    "List¦<¦String¦>",
    "空格 &nbsp; 好",
    '<a␣title="好"> 好',
    # emoji and marks
    "好 👍🏽 吧",
    "家 👨‍👩‍👧 人",
    "ok 😀 😀 ok",
    "选 2️⃣ 吧",
    "去 🇯🇵 🇨🇳 吧",
    "爱 ❤️ 你",
    "哈 :) 好",
    "他 …… 走",
    "好 —— 行",
    "啊 ！！！ 呀 ？ ！",
    "嗯 ~~~ 哦",
    "李¦××¦来 ： 好",
    "二¦○○¦五年",
]


@pytest.mark.parametrize("marked", MARKED)
def test_units_boundaries_are_as_marked(marked):
    text = marked.replace(" ", "").replace("¦", "").replace("␣", " ")
    assert marks_of(text) == marked


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("1998年", ["number"]),
        ("2024-01-02", ["date"]),
        ("17:45", ["time"]),
        ("B超", ["latin"]),
        ("http://a.cn", ["url"]),
        ("a@b.cn", ["email"]),
        ("/usr/bin", ["path"]),
        ("@他", ["mention"]),
        ("#他#", ["hashtag"]),
        ("<br/>", ["markup"]),
        ("😺", ["emoji"]),
        ("……", ["punctuation"]),
        ("字\u0308", ["word"]),
        ("100km", ["number", "latin"]),
        ("5G", ["latin"]),
        ("他，", []),
    ],
)
def test_units_have_a_type(text, types):
    assert [kind for _, _, kind in find_units(text)] == types


@pytest.mark.parametrize("mark", "。！？；：，、.!?;:,")
def test_units_sentence_marks_join_nothing(mark):
    assert list(boundaries(f"好{mark}好")) == [BOUNDARY, BOUNDARY, BOUNDARY]


@pytest.mark.parametrize(
    ("higher", "lower", "text"),
    [
        ("url", "email", "http://user@example.com"),
        ("url", "path", "http://example.com/usr/bin"),
        ("url", "latin", "www.example.com"),
        ("email", "mention", "user@example.com"),
        ("email", "number", "1.2.3@example.com"),
        ("path", "latin", "src/main.c"),
        ("markup", "latin", "<br>"),
        ("date", "number", "2024-01-02"),
        ("time", "number", "12:30"),
        ("number", "latin", "123"),
        ("hashtag", "number", "#123"),
        ("emoji", "number", "1️⃣"),
    ],
)
def test_units_of_the_higher_type_win(higher, lower, text):
    assert [(start, end, kind) for start, end, kind in find_units(text)] == [(0, len(text), higher)]


def test_units_hashtags_are_two_where_a_mark_and_a_letter_follow():
    assert [kind for _, _, kind in find_units("#1楼，#2楼")] == ["hashtag", "hashtag"]
    assert find_units("#今天 天气#好") == [(0, 7, "hashtag")]


def test_units_need_a_text():
    with pytest.raises(TypeError):
        find_units(b"bytes")
    with pytest.raises(TypeError):
        boundaries(None)
