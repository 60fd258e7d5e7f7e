"""The rooms of the C++ core: what includes what, and that only cws/native/python knows Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cws import _native
from cws.tags import SBME

NATIVE = Path(__file__).parents[2] / "cws" / "native"
# From the ground floor up: a file includes files of lower floors and of its own room.
FLOORS = [
    {"base"},
    {"trie", "ngrams", "units"},
    {"chain", "lexicon", "jieba"},
    {"models", "neural", "user_dictionary"},
    {"segment"},
    {"python"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(path.relative_to(NATIVE) for path in NATIVE.rglob("*") if path.suffix in (".h", ".cpp"))
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
OWN_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)

pytestmark = pytest.mark.skipif(not FILES, reason=f"needs the sources of the core in {NATIVE}")


def includes(file: Path, pattern: re.Pattern[str] = OWN_INCLUDE) -> list[str]:
    return pattern.findall((NATIVE / file).read_text("utf-8"))


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the ways that lead back to where they began, one from each name that has some."""
    found = []
    for first in sorted(arrows):
        paths, seen = [[first]], {first}
        while paths:
            path = paths.pop()
            for name in sorted(arrows.get(path[-1], ())):
                if name == first:
                    found.append([*path, name])
                    paths.clear()
                    break
                if name not in seen:
                    seen.add(name)
                    paths.append([*path, name])
    return found


def test_layout_every_file_lies_in_a_room():
    assert {file.parts[0] for file in FILES} == set(FLOOR)
    assert all(len(file.parts) == 2 for file in FILES)


def test_layout_only_the_room_python_knows_python():
    knowing = {
        file for file in FILES for name in includes(file, INCLUDE) if name == "Python.h" or name.startswith("pybind11")
    }
    assert knowing and {file.parts[0] for file in knowing} == {"python"}


def test_layout_every_include_names_a_file_in_a_room():
    missing = [f"{file}: {name}" for file in FILES for name in includes(file) if Path(name) not in FILES]
    assert not missing


def test_layout_no_include_goes_up():
    upwards = [
        f"{file} includes {name}"
        for file in FILES
        for name in includes(file)
        if (room := name.split("/")[0]) != file.parts[0] and FLOOR[room] >= FLOOR[file.parts[0]]
    ]
    assert not upwards


def test_layout_no_circle_between_files():
    assert not circles({str(file): set(includes(file)) for file in FILES})


def test_layout_no_circle_between_rooms():
    arrows: dict[str, set[str]] = {}
    for file in FILES:
        rooms = {name.split("/")[0] for name in includes(file)}
        arrows.setdefault(file.parts[0], set()).update(rooms - {file.parts[0]})
    assert not circles(arrows)


def test_layout_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"], ["c", "b", "c"]]
    assert circles({"a": {"a"}}) == [["a", "a"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}}) == []


def test_layout_tags_of_the_core_are_those_of_the_scheme():
    names, before, first, last = _native.SBME_TAGS
    assert tuple(names) == SBME.names
    legal = tuple(tuple(source in before[tag] for tag in range(SBME.size)) for source in range(SBME.size))
    assert legal == SBME.transitions_allowed
    assert all(pair == tuple(sorted(pair)) for pair in before)  # ties go to the lower
    assert tuple(tag in first for tag in range(SBME.size)) == SBME.start_allowed
    assert tuple(tag in last for tag in range(SBME.size)) == SBME.end_allowed
