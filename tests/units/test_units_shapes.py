"""Units of every shape are found whole, alike in every context."""

from __future__ import annotations

from random import Random

import pytest
from unit_shapes import SHAPES, contexts

from cws.units import BOUNDARY, CUT_TYPES, NO_BOUNDARY, boundaries, find_units

# What each shape is. More types than one where strings of the shape are something else too.
TYPES = {
    "uri": {"url"},
    "addr_spec": {"email"},
    "number": {"number"},
    "digits_of_any_script": {"number"},
    "date": {"date"},
    "timestamp": {"date"},
    "time": {"time"},
    "ip": {"number"},
    "version": {"number", "latin"},
    "telephone": {"number"},
    "plate": {"number"},
    "hexadecimal": {"latin", "number"},
    "numeral": {"number"},
    "path": {"path"},
    "mention": {"mention"},
    "open_hashtag": {"hashtag"},
    "hashtag": {"hashtag"},
    "latin": {"latin"},
    "identifier": {"latin", "url"},
    "element": {"markup"},
    "placeholder": {"markup"},
    "run_of_marks": {"punctuation"},
    "scripted": {"latin", "number", "word"},
}


def check(shape: str, count: int) -> None:
    random = Random(shape)
    for _ in range(count):
        unit = SHAPES[shape](random)
        left, right = random.choice(contexts(shape))
        if unit[0] in (left, right):
            continue  # a longer run of one mark
        text = left + unit + right
        start, end = len(left), len(left) + len(unit)
        assert (start, end) in [found[:2] for found in find_units(text)], text
        (kind,) = [found[2] for found in find_units(text) if found[0] == start]
        places = boundaries(text)
        assert kind in TYPES[shape], (text, kind)
        assert set(places[start : end - 1]) <= {NO_BOUNDARY}
        if kind in CUT_TYPES:
            assert places[end - 1] == BOUNDARY and (not left or places[start - 1] == BOUNDARY)


def test_units_every_shape_has_its_type():
    assert set(TYPES) == set(SHAPES)


@pytest.mark.parametrize("shape", SHAPES)
def test_units_shape_is_found_whole(shape):
    check(shape, 400)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_units_shape_is_found_whole_ten_thousand_times(shape):
    check(shape, 10_000)


@pytest.mark.parametrize("wide", ["", "é", "字", "𠀀"])
@pytest.mark.parametrize("shape", ["uri", "addr_spec", "number", "path", "latin", "identifier", "hexadecimal"])
def test_units_do_not_depend_on_the_width_of_the_text(shape, wide):
    random = Random(0)
    for _ in range(50):
        unit = SHAPES[shape](random)
        narrow = [found for found in find_units(unit + " ") if found[1] <= len(unit)]
        assert [found for found in find_units(unit + " " + wide) if found[1] <= len(unit)] == narrow


@pytest.mark.parametrize(
    "unit",
    [
        "http://example.com/" + "a" * 5000,
        "a" * 3000 + "@example.com",
        "1" * 2000,
        "1," * 0 + "123" + ",456" * 1000,
        "/usr/" + "lib/" * 1000 + "x",
        "#" + "话题" * 2000 + "#",
        "@" + "用户" * 2000,
        "word" * 1000,
        "…" * 3000,
        "一" + "千" * 0 + "万" * 1500,
        "a_" * 2000 + "b",
        "<N" + "n" * 3000 + ">",
        "👨" + "\u200d👨" * 2000,
    ],
    ids=lambda unit: unit[:8],
)
def test_units_may_be_longer_than_a_sequence(unit):
    assert [(start, end) for start, end, _ in find_units(f"“{unit}”")] == [(1, len(unit) + 1)]
