"""Paths of files: the specification. Each function gives the end, or 0 for none."""

from __future__ import annotations

from cws.units.characters import ALNUM, LOWER, Text

PATH = ALNUM | frozenset("_.-+~@%=#&$*?/\\")
PLAIN_PATH = LOWER | frozenset("0123456789_.-/")
# Directories at the root of a file system: /etc after a Han character is a path, where 元/kg is none.
ROOTS = frozenset((
    "bin", "boot", "data", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run",
    "sbin", "srv", "sys", "tmp", "usr", "var", "www",
))  # fmt: skip
# Units of measurement in Latin letters.
MEASURES = frozenset((
    "g", "kg", "mg", "ug", "μg", "µg", "ng", "pg", "t", "m", "km", "dm", "cm", "mm", "nm", "μm", "µm", "um", "s",
    "ms", "ns", "μs", "µs", "min", "h", "hr", "d", "l", "L", "dl", "dL", "ml", "mL", "μl", "μL", "µl", "µL",
    "mol", "mmol", "V", "kV", "mV", "W", "kW", "MW", "GW", "kWh", "A", "mA", "K", "Hz", "kHz", "MHz", "GHz",
    "THz", "HZ", "Pa", "kPa", "MPa", "KPa", "J", "kJ", "MJ", "N", "kN", "B", "KB", "MB", "GB", "TB", "PB", "kB",
    "Kb", "Mb", "Gb", "kb", "bit", "bps", "kbps", "Mbps", "Gbps", "KB/s", "px", "pt", "em", "rem", "dpi", "fps",
    "rpm", "dB", "eV", "keV", "MeV", "GeV", "cal", "kcal", "ha", "hm", "oz", "lb", "ft", "bp", "kDa", "Da",
    "ppm",
))  # fmt: skip
DIGITS_OR_NOTHING = frozenset([*"0123456789", ""])


def path(text: Text, at: int) -> int:
    first = text[at]
    if first in ALNUM and text.is_letter(at) and text[at + 1] == ":" and text[at + 2] in ("\\", "/"):
        return 0 if text[at + 3] == "/" else _path_end(text, at, text.run_of(at + 2, PATH))
    if (text.is_letter(at) and first in ALNUM) or first == "_":
        return _relative_path(text, at)
    if first == "~":
        return _path_end(text, at, text.run_of(at, PATH)) if text[at + 1] == "/" else 0
    if first == ".":
        return _dot_path(text, at)
    if first == "\\" and text[at + 1] == "\\" and text[at + 2] in ALNUM:
        end = text.run_of(at + 2, PATH)
        return _path_end(text, at, end) if "\\" in text.text[at + 2 : end] else 0
    if first == "$" and text.is_latin(at + 1):
        end = text.run(at + 1, lambda place: text[place] in ALNUM or text[place] == "_")
        return _path_end(text, at, text.run_of(end, PATH)) if text[end] == "/" else 0
    return _absolute_path(text, at) if first == "/" else 0


def _path_end(text: Text, at: int, end: int) -> int:
    """Without the full stop of the sentence; but . and .. after a slash are directories."""
    last = end
    while last > at and text[last - 1] in (".", "?"):
        last -= 1
    return min(end, last + 2) if text[last - 1] in ("/", "\\") else last


def _dot_path(text: Text, at: int) -> int:
    """./x and ../x, and .git/config."""
    before = text.is_latin(at - 1) or text[at - 1] in (".", ")")
    slash = at + 2 if text[at + 1] == "." else at + 1
    if not before and text[slash] == "/" and (text[slash + 1] in ALNUM or text[slash + 1] in ("_", ".", "*", "~", "-")):
        return _path_end(text, at, text.run_of(at, PATH))
    return _relative_path(text, at) if not before and text[at + 1] in LOWER else 0


def _absolute_path(text: Text, at: int) -> int:
    """/usr/bin; /etc; /x.html. A single name is hardly ever a path after a Han character: 元/kg, 系统/Unix."""
    before = text[at - 1]
    if text.is_latin(at - 1) or text.is_script(at - 1) or before in frozenset(")]}%°℃/\\<"):
        return 0
    if not (text[at + 1] in ALNUM or text[at + 1] in ("_", ".", "~", "$", "@")):
        return 0
    end = text.run_of(at, PATH)
    names = text.text[at + 1 : end].split("/")
    if names[0] in MEASURES:
        return 0
    is_root = names[0] in ROOTS
    is_file = _has_extension(names[0]) or (names[0][:1] == "." and names[0][1:2] in LOWER)
    is_apart = text.kind(at - 1) not in ("han", "other_letter") and len(names[0]) > 1 and names[0][0] in LOWER
    is_deep = len(names) > 2 or (len(names) == 2 and names[1] != "")
    return _path_end(text, at, end) if is_deep or is_root or is_file or is_apart else 0


def _relative_path(text: Text, at: int) -> int:
    """docs/index.md, src/units/scan, App\\Models\\User; but not TCP/IP or mg/L."""
    end = text.run_of(at, PATH)
    piece = text.text[at:end]
    names = piece.replace("\\", "/").split("/")
    if len(names) < 2 or any(character in frozenset("+~@%=#&$*?") for character in piece):
        return 0
    trimmed = names[-1].rstrip(".")
    is_file = _has_extension(trimmed)
    is_deep = len(names) > 2 and not any(name in MEASURES for name in names) and len(names[0]) > 1
    is_plain = all(character in PLAIN_PATH for character in piece)
    is_windows = "/" not in piece
    return _path_end(text, at, end) if is_file or (is_deep and (is_plain or is_windows)) else 0


def _has_extension(name: str) -> bool:
    """Whether it ends in a dot and one to five small letters and digits, a letter first."""
    stem, dot, extension = name.rpartition(".")
    return (
        dot == "."
        and stem[:1] not in DIGITS_OR_NOTHING
        and 1 <= len(extension) <= 5
        and extension[0] in LOWER
        and all(character in LOWER or character in DIGITS_OR_NOTHING for character in extension)
    )
