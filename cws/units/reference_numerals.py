"""Numbers in Chinese numerals: the specification."""

from __future__ import annotations

from cws.units.characters import Text
from cws.units.reference_numbers import SCALES, TEN_THOUSANDS

DIGITS = frozenset("零〇○一二三四五六七八九")
COUNTING = DIGITS | frozenset("两几")
KILO_UNITS = frozenset("瓦米克卡赫")  # 千瓦
NUMERALS = COUNTING | SCALES | TEN_THOUSANDS
COUNTED_BEFORE_SEVERAL = frozenset("人次总指件户函倍个分字页")  # 人数十万: the 数 is not that of 数十万
# What a decimal fraction may stand before; 分, 刻, 钟 and 半 would make it a time.
DECIMAL_UNITS = (
    "%", "％", "‰", "个百分点", "米", "公里", "千米", "厘米", "毫米", "微米", "纳米", "公斤", "千克", "毫克",
    "克", "斤", "吨", "升", "毫升", "元", "美元", "欧元", "港元", "日元", "英镑", "倍", "度", "级", "折", "成",
    "平方", "立方", "亩", "公顷", "英里", "英尺", "英寸", "海里", "里", "寸", "尺", "伏", "安", "瓦", "千瓦",
    "赫", "兆", "小时", "秒", "毫秒", "岁", "摄氏度", "百万", "千万",
)  # fmt: skip


def numeral(text: Text, at: int) -> int:
    """A number with 万 or 亿, or with 点 where it is a decimal point. `at` is where numerals begin."""
    if text[at] == "数":
        scale = text.run_of(at + 1, SCALES)
        is_several = text[scale] in TEN_THOUSANDS and text[at - 1] not in COUNTED_BEFORE_SEVERAL
        return text.run_of(scale, TEN_THOUSANDS) if is_several else 0
    end = text.run_of(at, NUMERALS)
    if end == at or text[at] in TEN_THOUSANDS:
        return 0
    if fraction := _decimal_end(text, at, end):
        return fraction
    if end == at + 2 and text[at] in SCALES and text[at] != "十":
        return 0  # 千万 is an adverb too
    if text[end - 1] in COUNTING and text[end - 2] in TEN_THOUSANDS:
        end -= 1  # 一万一 may go on: 一万一天
    if text[end - 1] in SCALES and text[end - 2] in TEN_THOUSANDS and text[end] in KILO_UNITS:
        end -= 1  # 三万千瓦
    return end if any(text[place] in TEN_THOUSANDS for place in range(at, end)) else 0


def _decimal_end(text: Text, at: int, point: int) -> int:
    """The end of 一点七八万亿 and 零点五米; 0 for a time, and for 一点一滴."""
    end = text.run_of(point + 1, DIGITS)
    if text[point] != "点" or end == point + 1 or text[point - 1] == "几":
        return 0
    if text[end] in TEN_THOUSANDS:
        return text.run_of(end, TEN_THOUSANDS)
    if text[end] in frozenset("分刻钟半十点") or (
        text[end] in SCALES and text[end + 1] not in KILO_UNITS | TEN_THOUSANDS
    ):
        return 0
    has_unit = any(text.starts(end, unit) for unit in DECIMAL_UNITS) or text.text[max(at - 3, 0) : at] in (
        "百分之",
        "千分之",
    )
    return end if end - point > 2 or has_unit else 0
