"""`cws lexicon`."""

from __future__ import annotations

import json
import random
from importlib.util import find_spec

from commands import (
    fails,
    run,
    works,
)


def test_lexicons_are_built_and_used(tmp_path):
    words = ["研究", "生命", "起源", "的", "北京", "大学", "今天", "天气"]
    chance = random.Random(1)
    lines = ["".join(chance.choice(words) for _ in range(8)) for _ in range(400)]
    (tmp_path / "raw.txt").write_text("\n".join(lines), "utf-8")
    (tmp_path / "gold.txt").write_text("研究 生命 的 起源\n今天 北京 天气\n", "utf-8")
    (tmp_path / "known.txt").write_text("研究\n", "utf-8")
    built = run("lexicon", "build", "raw.txt", "-o", "lexicon", "--goal", "entropy", cwd=tmp_path)
    assert built.returncode == 0
    assert "words are in" in built.stderr.decode()
    raw = (tmp_path / "raw.txt").read_bytes()
    assert run("lexicon", "build", "-", "-o", "piped", "--goal", "entropy", cwd=tmp_path, stdin=raw).returncode == 0
    assert (tmp_path / "piped" / "lexicon.txt").read_bytes() == (tmp_path / "lexicon" / "lexicon.txt").read_bytes()
    counts = json.loads(works("lexicon", "evaluate", "lexicon", "gold.txt", "--json", cwd=tmp_path))
    assert counts["f1"] == 1
    assert works("lexicon", "segment", "lexicon", cwd=tmp_path, stdin="今天20天气".encode()) == "今天 20 天气\n"
    assert works("segment", "-m", "lexicon", cwd=tmp_path, stdin="今天20天气".encode()) == "今天 20 天气\n"
    options = ("--goal", "entropy", "--known", "known.txt", "--threads", "1")
    again = run("lexicon", "build", "raw.txt", "-o", "new", *options, cwd=tmp_path)
    assert again.returncode == 0
    old, new = ((tmp_path / name / "lexicon.txt").read_text("utf-8").splitlines() for name in ("lexicon", "new"))
    assert [line for line in old if line not in new] == [line for line in old if line.startswith("研究\t")]
    if find_spec("matplotlib"):
        works("lexicon", "report", "lexicon", cwd=tmp_path, said=b"the plot is lexicon.png\n")
        assert (tmp_path / "lexicon.png").exists()


def test_lexicons_of_nothing_are_refused(tmp_path):
    (tmp_path / "raw.txt").write_text("abc 123\n", "utf-8")
    (tmp_path / "gb.txt").write_text("今天天气\n", "gb18030")
    fails("no Chinese", "lexicon", "build", "raw.txt", "-o", "x", cwd=tmp_path)
    fails("none.txt: .*check the path", "lexicon", "build", "none.txt", "-o", "x", cwd=tmp_path)
    fails("gb.txt:1:0: .*gb18030", "lexicon", "build", "gb.txt", "-o", "x", cwd=tmp_path)
    fails("Not a directory", "lexicon", "report", "raw.txt", cwd=tmp_path)
    fails("stdin cannot be read again", "lexicon", "build", "-", "-o", "x", "--work-folder", "w", cwd=tmp_path)
