"""Make cws/data/variants.txt, the table of single traditional characters and their simplified form.

    pip install opencc-python-reimplemented && python -m scripts.assets.variants
    python -m scripts.assets.variants TSCharacters.txt      # or the path of the wheel

Only pairs of single characters of the BMP are kept, and of several simplified forms the first, as OpenCC ranks them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import zipfile
from pathlib import Path

from scripts.measuring import ROOT

MEMBER = "opencc/dictionary/TSCharacters.txt"
OUTPUT = ROOT / "cws" / "data" / "variants.txt"
ROW = 40  # characters a line

HEADER = """\
# Traditional characters and their simplified forms, as pairs of aligned lines: traditional above, simplified below.
# Made by scripts/assets/variants.py from TSCharacters.txt of opencc-python-reimplemented
# (sha256 {digest}).
# Source: OpenCC, https://github.com/BYVoid/OpenCC, and https://github.com/yichen0831/opencc-python
# Copyright 2010-2014 Carbo Kuo (BYVoid), 2016 Yichen Huang; Apache License 2.0.
# Changed: reduced to one-to-one pairs of the BMP, first choice only.
# Some characters of the traditional side are good simplified characters too (乾 in 乾隆, 徵 in 宫商角徵羽). They are
# folded like the rest, which is harmless: a model sees the folded text in training and in use, and never writes it.
"""


def read_source(arguments: list[str]) -> bytes:
    """Return TSCharacters.txt from the given file or wheel, or from the installed package."""
    if not arguments:
        package = importlib.util.find_spec("opencc")
        if package is None or package.origin is None:
            raise SystemExit("opencc is not installed: pip install opencc-python-reimplemented, or give a path")
        return (Path(package.origin).parents[1] / MEMBER).read_bytes()
    path = Path(arguments[0])
    return zipfile.ZipFile(path).read(MEMBER) if zipfile.is_zipfile(path) else path.read_bytes()


def variants(source: str) -> dict[str, str]:
    """Return the simplified form of each traditional character that has one."""
    rows = (line.split("\t") for line in source.splitlines())
    first_choice = {traditional: simplified.split(" ")[0] for traditional, simplified in rows}
    pairs = {old: new for old, new in first_choice.items() if old != new and max(old, new) < "\U00010000"}
    # 薴 gives 苧, itself the traditional form of 苎. Follow such chains, so that folding twice changes nothing.
    return {old: pairs.get(new, new) for old, new in pairs.items()}


def main() -> None:
    source = read_source(sys.argv[1:])
    pairs = sorted(variants(source.decode()).items())
    lines = [HEADER.format(digest=hashlib.sha256(source).hexdigest())]
    for start in range(0, len(pairs), ROW):
        lines += ("".join(side) + "\n" for side in zip(*pairs[start : start + ROW], strict=True))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text("".join(lines), encoding="utf-8")
    print(f"{OUTPUT}: {len(pairs)} pairs")


if __name__ == "__main__":
    main()
