"""Make the tables of characters that the scanner of units reads, from the Unicode Character Database.

    apt-get install unicode-data && python -m scripts.assets.unicode_tables      # or the folder of the database's files

For Python and for C++; of each code point its kind (KINDS), its Grapheme_Cluster_Break, and whether it is Emoji or
Extended_Pictographic. Runs of code points that are alike are one range. Hangul syllables are one range too: whether one
is LV or LVT is arithmetic.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATABASE = Path("/usr/share/unicode")
KINDS = ("other", "space", "digit", "letter", "han", "other_letter", "mark", "script_digit")
BREAKS = (
    "Other", "CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend", "SpacingMark", "L", "V", "T",
    "Hangul",
)  # fmt: skip
# The scripts whose words are runs of letters and stand beside Chinese as words of their own.
LETTER_SCRIPTS = ("Latin", "Greek", "Cyrillic", "Armenian", "Georgian")
# Super- and subscripts that are digits, signs, or letters written like them.
SCRIPT_DIGITS = (0xB2, 0xB3, 0xB9, *range(0x2070, 0x209D))
MICRO_SIGN = 0xB5  # of no script, but μm and µm are the same
LIMIT = 0x110000

LICENCE = """\
Made by scripts/assets/unicode_tables.py from the Unicode Character Database, version {version}.
Copyright © 1991-2022 Unicode, Inc. Unicode License v3 (SPDX: Unicode-3.0), https://www.unicode.org/license.txt.
Changed: reduced to the properties named here, runs of equal code points joined.
"""


def property_values(path: Path) -> Iterator[tuple[range, str]]:
    """The code points and values of a file of the database: `1F600..1F64F ; Emoji # comment`."""
    for line in path.read_text("utf-8").splitlines():
        fields = line.split("#")[0].split(";")
        if len(fields) > 1:
            first, _, last = fields[0].strip().partition("..")
            yield range(int(first, 16), int(last or first, 16) + 1), fields[1].strip()


def values_of(path: Path, default: str) -> list[str]:
    values = [default] * LIMIT
    for codes, value in property_values(path):
        values[codes.start : codes.stop] = [value] * len(codes)
    return values


def kind_of(code: int, category: str, script: str) -> str:
    if code in SCRIPT_DIGITS and category != "Cn":
        return "script_digit"
    if script == "Han":
        return "han"
    if code == MICRO_SIGN:
        return "letter"
    if category == "Cc" or category[0] == "Z":
        return "space"
    if category == "Nd":
        return "digit"
    if category[0] == "L" or category == "Nl":
        return "letter" if script in LETTER_SCRIPTS else "other_letter"
    if category[0] in "MN":
        return "other_letter"
    return "mark" if category[0] in "PS" else "other"


def properties(database: Path) -> list[int]:
    """Of each code point: kind, then Grapheme_Cluster_Break << 3, Emoji << 7, Extended_Pictographic << 8."""
    categories = values_of(database / "extracted/DerivedGeneralCategory.txt", "Cn")
    scripts = values_of(database / "Scripts.txt", "Unknown")
    breaks = values_of(database / "auxiliary/GraphemeBreakProperty.txt", "Other")
    flags = [0] * LIMIT
    for codes, name in property_values(database / "emoji/emoji-data.txt"):
        bit = {"Emoji": 1 << 7, "Extended_Pictographic": 1 << 8}.get(name, 0)
        for code in codes:
            flags[code] |= bit
    return [
        KINDS.index(kind_of(code, categories[code], scripts[code]))
        | BREAKS.index("Hangul" if breaks[code] in ("LV", "LVT") else breaks[code]) << 3
        | flags[code]
        for code in range(LIMIT)
    ]


def ranges(values: list[int]) -> list[tuple[int, int]]:
    """The first code point of each run of equal values, and the value."""
    return [(next(iter(run))[0], value) for value, run in groupby(enumerate(values), key=lambda pair: pair[1])]


def rows(numbers: list[str], width: int = 118) -> str:
    lines = [""]
    for number in numbers:
        if len(lines[-1]) + len(number) + 2 > width:
            lines.append("")
        lines[-1] += f" {number}," if lines[-1] else f"    {number},"
    return "\n".join(lines)


def write_python(path: Path, found: list[tuple[int, int]], version: str) -> None:
    # One string: a third of the size of a list of tuples, and read once.
    text = " ".join(f"{start:x}:{value:x}" for start, value in found)
    chunks = [text[at : at + 110] for at in range(0, len(text), 110)]
    path.write_text(
        f'"""Kinds and grapheme breaks of all code points, for the specification; the core has the same table.\n\n'
        f"{LICENCE.format(version=version)}"
        f'"""\n\nfrom __future__ import annotations\n\n'
        f"UNICODE_VERSION = \"{version}\"\nKINDS = {names(KINDS)}\nBREAKS = {names(BREAKS)}\n"
        "# first code point : kind | break << 3 | Emoji << 7 | Extended_Pictographic << 8, hexadecimal\n"
        "RANGES = (\n" + "\n".join(f'    "{chunk}"' for chunk in chunks) + "\n)\n",
        "utf-8",
    )  # fmt: skip


def names(values: tuple[str, ...]) -> str:
    return "(\n" + "".join(f'    "{value}",\n' for value in values) + ")"


def write_header(path: Path, found: list[tuple[int, int]], version: str) -> None:
    path.write_text(
        "// Kinds and grapheme breaks of all code points; cws/units/unicode_ranges.py has the same table.\n"
        + "".join(f"// {line}\n" for line in LICENCE.format(version=version).splitlines())
        + "#pragma once\n\n#include <cstdint>\n\nnamespace cws {\n\n"
        "// First code point << 9 | kind | break << 3 | Emoji << 7 | Extended_Pictographic << 8.\n"
        "inline constexpr uint32_t kUnicodeRanges[] = {\n"
        + rows([f"0x{start << 9 | value:X}" for start, value in found])
        + "\n};\n\n}  // namespace cws\n",
        "utf-8",
    )


def main() -> None:
    database = Path(sys.argv[1]) if len(sys.argv) > 1 else DATABASE
    if not (database / "Scripts.txt").exists():
        raise SystemExit(
            f"{database}: no Unicode Character Database here; apt-get install unicode-data, or give a folder"
        )
    first_line = (database / "Scripts.txt").read_text("utf-8").partition("\n")[0]  # "# Scripts-15.0.0.txt"
    version = first_line.removeprefix("# Scripts-").removesuffix(".txt")
    found = ranges(properties(database))
    write_python(ROOT / "cws/units/unicode_ranges.py", found, version)
    write_header(ROOT / "cws/native/units/unicode_ranges.h", found, version)
    print(f"Unicode {version}: {len(found)} ranges")


if __name__ == "__main__":
    main()
