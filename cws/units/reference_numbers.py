"""Dates, times, addresses of machines and numbers: the specification. Each function gives the end, or 0 for none."""

from __future__ import annotations

from cws.units.characters import ALNUM, HEX, UPPER, Text
from cws.units.reference_paths import MEASURES
from cws.units.reference_web import scheme_end

SIGNS = frozenset("+-−±")
# After 3年 or 2小时 a hyphen is no sign: 3年-5年.
COUNTED = frozenset("年月日号时点分秒元岁周页节章代里天斤度层级倍")
PERCENT = frozenset("%％‰‱")
PRE_RELEASES = ("rc", "alpha", "beta", "dev", "pre", "preview", "snapshot", "release", "final", "stable", "lts", "post")
PROVINCES = frozenset("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领")
SCALES = frozenset("十百千")
TEN_THOUSANDS = frozenset("万亿")


def _value(text: Text, at: int, end: int) -> int:
    return int("".join(text.folded(place) for place in range(at, end)) or "-1")


def date(text: Text, at: int) -> int:
    """2024-01-02, 2024/1/2, 2024.01.02, 2024-01, 31/12/2024, with T and a time after it."""
    first = text.decimals_end(at, 5)
    separator = text.folded(first)
    if first == at or separator not in frozenset("-/.") or text.folded(at - 1) in frozenset("-/."):
        return 0
    second = text.decimals_end(first + 1, 3)
    third = text.decimals_end(second + 1, 5) if text.folded(second) == separator else second
    end = third if third > second + 1 else second
    if end == first + 1 or (text.folded(end) in frozenset("-/.") and text.is_decimal(end + 1)):
        return 0
    lengths = (first - at, second - first - 1, max(third - second - 1, 0))
    values = (_value(text, at, first), _value(text, first + 1, second), _value(text, second + 1, third))
    if not _is_date(lengths, values, separator):
        return 0
    return _clock_after_date(text, end) if lengths[2] and lengths[0] == 4 else end


def _is_date(lengths: tuple[int, int, int], values: tuple[int, int, int], separator: str) -> bool:
    a, b, c = values
    if lengths[0] == 4:
        is_day = 1 <= lengths[2] <= 2 and 1 <= c <= 31
        return (
            1000 <= a < 3000
            and 1 <= b <= 12
            and ((is_day and 1 <= lengths[1] <= 2) or (lengths[2] == 0 and lengths[1] == 2 and separator != "."))
        )
    is_order = (1 <= a <= 12 and 1 <= b <= 31) or (1 <= a <= 31 and 1 <= b <= 12)
    return (
        lengths[0] <= 2
        and 1 <= lengths[1] <= 2
        and lengths[2] == 4
        and 1000 <= c < 3000
        and is_order
        and separator != "."
    )


def _clock_after_date(text: Text, end: int) -> int:
    """The end of T10:20:30Z or T10:20:30+08:00 after a date."""
    clock = time(text, end + 1) if text[end] == "T" else 0
    if not clock:
        return end
    if text[clock] == "Z":
        return clock + 1
    zone = text.decimals_end(clock + 1, 2) if text[clock] in ("+", "-") else 0
    if zone != clock + 3:
        return clock
    minutes = zone + 1 if text[zone] == ":" else zone
    return minutes + 2 if text.decimals_end(minutes, 2) == minutes + 2 else clock


def time(text: Text, at: int) -> int:
    """3:30, 09:00:00, 23:59:59.5, 3：30, 3:30pm; not the end of 100:30:20."""
    hours = text.decimals_end(at, 3)
    if not (1 <= hours - at <= 2 and _value(text, at, hours) <= 24 and text.folded(hours) == ":"):
        return 0
    if text.folded(at - 1) == ":" and text.is_decimal(at - 2):
        return 0
    end = minutes = text.decimals_end(hours + 1, 3)
    if minutes - hours != 3 or _value(text, hours + 1, minutes) > 59:
        return 0
    if text.folded(minutes) == ":" and text.is_decimal(minutes + 1):
        end = text.decimals_end(minutes + 1, 3)
        if end - minutes != 3 or _value(text, minutes + 1, end) > 60:
            return 0
        if text[end] == "." and text.is_decimal(end + 1):
            end = text.run(end + 1, text.is_decimal)
        elif text[end] == "," and text.decimals_end(end + 1, 4) == end + 4 and text[end + 4] != ":":
            end += 4  # milliseconds of a log
    if text.folded(end) == ":" and text.is_decimal(end + 1):
        return 0
    is_noon = text.text[end : end + 2] in ("am", "pm", "AM", "PM") and not text.is_latin(end + 2)
    return end + 2 if is_noon else end


def address(text: Text, at: int) -> int:
    """IP addresses, those of network cards, UUIDs."""
    return (
        _ipv4_end(text, at) or _ipv6_end(text, at) or _groups_end(text, at, (8, 4, 4, 4, 12), "-") or _mac_end(text, at)
    )


def _ipv4_end(text: Text, at: int) -> int:
    end = at
    for octet in range(4):
        begin = end + 1 if octet else end
        if octet and text.folded(end) != ".":
            return 0
        end = text.decimals_end(begin, 4)
        if not (1 <= end - begin <= 3 and _value(text, begin, end) <= 255):
            return 0
    if text.folded(end) == "." and text.is_decimal(end + 1):
        return 0
    for mark, longest in ((":", 5), ("/", 2)):
        rest = text.decimals_end(end + 1, longest + 1)
        if text[end] == mark and 1 <= rest - end - 1 <= longest:
            end = rest
    return end


def _ipv6_end(text: Text, at: int) -> int:
    """Eight groups of hexadecimal digits, or fewer and one ::; with a digit, for a::b is a name of C++."""
    if text[at] == ":" and text[at + 1] != ":":
        return 0
    end = text.run(at, lambda place: text[place] in HEX or text[place] == ":", 48)
    piece = text.text[at:end].rstrip(":")
    if ":" not in piece or end - at == 48 or text.is_latin(at + len(piece)) or text.is_latin(at - 1):
        return 0
    sides = piece.split("::")
    groups = [group for side in sides if side for group in side.split(":")]
    is_full = len(sides) == 1 and len(groups) == 8
    is_short = len(sides) == 2 and 1 <= len(groups) <= 7
    is_valid = all(1 <= len(group) <= 4 for group in groups) and any("0" <= character <= "9" for character in piece)
    return at + len(piece) if (is_full or is_short) and is_valid else 0


def _mac_end(text: Text, at: int) -> int:
    return _groups_end(text, at, (2,) * 6, ":") or _groups_end(text, at, (2,) * 6, "-")


def _groups_end(text: Text, at: int, lengths: tuple[int, ...], separator: str) -> int:
    end = at
    for index, length in enumerate(lengths):
        begin = end + 1 if index else end
        if index and text[end] != separator:
            return 0
        end = text.run_of(begin, HEX, length)
        if end - begin != length:
            return 0
    return 0 if text.is_latin(end) or (text[end] == separator and text.is_latin(end + 1)) else end


def number(text: Text, at: int) -> int:
    if text[at] == "(":
        return _area_code_end(text, at)
    end = number_end(text, at)
    if not goes_on_with_letters(text, end):
        return end
    letters = text.run(end, lambda place: text.is_letter(place))
    is_measure = text.text[end:letters] in MEASURES and not text.is_latin(letters)
    digits = text.run(at, text.is_decimal)
    is_commit = digits == end >= at + 6 and text[end] in HEX
    is_name = letters == end + 1 and (text[end] == "K" or is_commit)  # 4K, 048029d
    return end if is_measure and not is_name else 0  # the model decides whether 5mm is one word


def _area_code_end(text: Text, at: int) -> int:
    """(010)12345678"""
    area = text.decimals_end(at + 1, 5)
    if not (text[at + 1] == "0" and 3 <= area - at - 1 <= 4 and text[area] == ")"):
        return 0
    begin = area + 2 if text[area + 1] == "-" else area + 1
    end = text.decimals_end(begin, 9)
    return end if 7 <= end - begin <= 8 else 0


def goes_on_with_letters(text: Text, end: int) -> bool:
    """Whether a number that ends here is the beginning of a word like 5G or 3D_2; not 1http://."""
    if not (end and (text.is_digit(end - 1) or text.is_script(end - 1))):
        return False
    return (text.is_letter(end) or (text[end] == "_" and text.is_latin(end + 1))) and not scheme_end(text, end)


def number_end(text: Text, at: int) -> int:
    """The end of a number, whatever comes after it."""
    begin = at + 1 if _is_sign(text, at) else at
    digits = text.digits_end(begin)
    if digits == begin:
        return 0
    end = _grouped_end(text, begin, digits)
    if end == digits:
        if whole := _telephone_end(text, at, begin, digits) or _fraction_end(text, begin, digits):
            return whole
        end = _dotted_end(text, digits)
        if whole := _version_end(text, digits, end):
            return whole
    end = text.run(_exponent_end(text, end), text.is_script)
    end = _ten_thousands_end(text, end)
    if text[end] in PERCENT:
        return end + 1
    is_label = end == digits <= begin + 4 and begin == at and text.folded(end) == "#" != text.folded(end + 1)
    return end + 1 if is_label else end  # 2#, a number of houses and samples


def _is_sign(text: Text, at: int) -> bool:
    if text.folded(at) not in SIGNS or not text.is_digit(at + 1):
        return False
    if text.is_latin(at - 1) or text.is_script(at - 1) or text.folded(at - 1) in SIGNS | frozenset(")]}%‰"):
        return False
    if text.kind(at - 1) == "han" and text.folded(at) == "-":
        is_range = text[at - 1] in COUNTED and "digit" in (text.kind(at - 2), text.kind(at - 3))
        return not is_range and text.folded(text.digits_end(at + 1)) != "-"
    return True


def _grouped_end(text: Text, begin: int, digits: int) -> int:
    """The end of 1,234,567.89 or 1'234'567."""
    end, mark = digits, text[digits]
    if digits - begin > 3 or mark not in (",", "'"):
        return digits
    while text[end] == mark and text.digits_end(end + 1, 4) == end + 4:
        end += 4
    if end > digits and text.folded(end) == "." and text.is_digit(end + 1):
        end = text.digits_end(end + 1)
    return end


def _telephone_end(text: Text, at: int, begin: int, digits: int) -> int:
    """The end of digits with hyphens that are no range: an area code, +86-10-12345678, three groups and more."""
    end, groups = digits, 1
    while text.folded(end) == "-" and text.is_digit(end + 1):
        end = text.digits_end(end + 1)
        groups += 1
    first, second = digits - begin, end - digits - 1
    is_area = text.folded(begin) == "0" and 3 <= first <= 4 and 7 <= second <= 8
    is_free = (
        first == 3 and text.folded(begin) in ("4", "8") and text.text[begin + 1 : begin + 3] == "00" and second == 7
    )
    has_plus = begin > at and text.folded(at) == "+"
    return end if groups > 2 or (groups == 2 and (is_area or is_free or has_plus)) else 0


def _fraction_end(text: Text, begin: int, digits: int) -> int:
    """The end of 1/2 or 24/7; of 1/2/3 it is none, and 415/417 or 1949/7869 is left to the model."""
    end = text.digits_end(digits + 1, 5)
    if (
        text.folded(digits) != "/"
        or digits - begin > 2
        or not 1 <= end - digits - 1 <= 2
        or text.folded(begin - 1) == "/"
    ):
        return 0
    is_longer = text.folded(end) == "/" or text.is_latin(end) or (text.folded(end) == "." and text.is_digit(end + 1))
    return 0 if is_longer else end


def _dotted_end(text: Text, digits: int) -> int:
    """The end of 3.14, of 3·14 as newspapers write it, of 1.2.3, 2.x, and of 1∶2."""
    end = digits
    while text.folded(end) == "." and text.is_digit(end + 1):
        end = text.digits_end(end + 1)
    if text[end] == "." and text[end + 1] in ("x", "X") and not text.is_latin(end + 2):
        return end + 2
    if end == digits and text[end] == "·" and text.is_digit(end + 1):
        fraction = text.digits_end(end + 1)
        if not (text[fraction] == "·" and text.is_digit(fraction + 1)):
            end = fraction
    while text[end] == "∶" and text.is_digit(end + 1):
        end = text.digits_end(end + 1)
        if text.folded(end) == "." and text.is_digit(end + 1):
            end = text.digits_end(end + 1)
    return end


def _version_end(text: Text, digits: int, end: int) -> int:
    """The end of 1.2.3-rc1, 1.2.3-4, 1.2.3+build and 1.2-beta; 0 if nothing of the kind follows."""
    numbers = 1 + sum(text.folded(place) == "." for place in range(digits, end))
    if numbers < 2 or text[end] not in ("-", "+") or not text.is_digit(end - 1):
        return 0
    if numbers == 2:
        letters = text.run(end + 1, text.is_letter, 10)
        if text.text[end + 1 : letters].lower() not in PRE_RELEASES:
            return 0
        if text[letters] in (".", "-") and text.is_digit(letters + 1):
            letters += 1
        last = text.digits_end(letters)
        return 0 if text.is_latin(last) else last
    last = text.run(end + 1, lambda place: text[place] in ALNUM or text[place] in (".", "-", "+"))
    while text[last - 1] in (".", "-", "+"):
        last -= 1
    return last if last > end else 0


def _exponent_end(text: Text, end: int) -> int:
    if text.folded(end) not in ("e", "E") or text.folded(end + 1) not in ("+", "-", "−") or not text.is_digit(end + 2):
        return end
    last = text.digits_end(end + 2)
    return end if text.is_letter(last) else last


def _ten_thousands_end(text: Text, end: int) -> int:
    """The end of 35万, 5千万, 1亿7千5百万; `end` if there is none of it."""
    scale = text.run_of(end, SCALES)
    large = text.run_of(scale, TEN_THOUSANDS)
    while large > scale:
        end = large
        digits = text.digits_end(end)
        scale = digits
        large = text.run_of(digits, SCALES | TEN_THOUSANDS) if digits > end else digits
    return end


def plate(text: Text, at: int) -> int:
    """Of a vehicle: 京A12345, 粤B·12345, 沪AD12345."""
    if text[at] not in PROVINCES or text.folded(at + 1) not in UPPER:
        return 0
    begin = at + 3 if text[at + 2] in ("·", "•") else at + 2
    end = text.run(begin, lambda place: text.folded(place) in UPPER or text.is_decimal(place), 7)
    digits = sum(text.is_decimal(place) for place in range(begin, end))
    return end if 5 <= end - begin <= 6 and digits >= 3 and not text.is_latin(end) else 0
