"""The examples of the documents run as they are written, in the order of their page, and give what they say they give.

Of each page the `sh` and `python` blocks run one after the other in a folder. A `sh` block does not run if its first
line is an installation, `pip install …`, or a comment `# not run: …` that says what it needs. A `text` block right
after a `sh` block is what that prints; in Python a comment `# [...]` after an expression is its value. `…` stands for
more.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

import cws

ROOT = Path(__file__).parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"
READMES = [path for path in (ROOT / "README.md", ROOT / "README.zh.md") if path.exists()]
# Without the README in Chinese, whose examples are compared with the English ones.
PAGES = [*READMES[:1], *sorted((ROOT / "docs").rglob("*.md"))]
LOGS = ("figures", "notebook")  # what ran there ran at its time
OTHERS = [path for path in (ROOT / "CONTRIBUTING.md", ROOT / "scripts" / "README.md") if path.exists()]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$(?:\n+```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
NOT_RUN = re.compile(r"pip install |# not run: ")
# A process of its own for each block: others change what a process has in common, such as jieba's word list.
RUNNER = r"""
import ast, re, sys
block, names = sys.stdin.read(), {}
if "torch" in block or "cws.crf" in block:
    import torch
    tags = torch.tensor([[0, 1, 3], [1, 3, 0]])
    names = {"emissions": torch.zeros(2, 3, 4), "tags": tags, "mask": tags >= 0}  # what the text speaks of
lines = block.splitlines()
for node in ast.parse(block).body:
    if not isinstance(node, ast.Expr):
        exec(compile(ast.Module([node], []), "example", "exec"), names)
        continue
    value = eval(compile(ast.Expression(node.value), "example", "eval"), names)
    shown = re.search(r"# (\[.*\])$", lines[node.end_lineno - 1])
    if shown and "…" not in shown[1]:
        assert value == ast.literal_eval(shown[1]), value
"""


class Block(NamedTuple):
    language: str
    code: str
    printed: str  # what a shell command prints, or nothing if the page does not say


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(page.read_text("utf-8"))]


def lacks(code: str) -> str | None:
    """Return what an example needs that is not here."""
    if ("torch" in code or "cws.crf" in code) and not find_spec("torch"):
        return "torch"
    if "spark" in code and not (find_spec("pyspark") and find_spec("pyarrow") and shutil.which("java")):
        return "pyspark, pyarrow and Java"
    return None


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a shell in which `cws` and `python` are those of this process."""
    for name, arguments in {"cws": "-m cws ", "python": ""}.items():
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n', "utf-8")
        command.chmod(0o755)
    python_path = [str(Path(cws.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(python_path), "PYTHONUTF8": "1"}


def write_files(folder: Path) -> None:
    """Write the files that READMEs and guides speak of."""
    sample = Path(cws.__file__).parent / "data" / "sample"
    train, test = (sample / f"{part}.txt" for part in ("train", "dev"))
    texts = {
        "words.txt": "云计算\n",
        "input.txt": "他来到了网易杭研大厦。\n",
        "list.txt": "我们 10\n来到 5\n",
        "mine.txt": train.read_text("utf-8"),
        "test.txt": test.read_text("utf-8"),
        "gold.txt": "他 来到 了 网易 杭研 大厦 。\n",
        "other.txt": "他 来到 了 网易杭研 大厦 。\n",
        "raw/text.txt": train.read_text("utf-8").replace(" ", ""),
    }
    (folder / "raw").mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "old.txt").write_text("今天天气真好\n", "gb18030")


def run_page(page: Path, folder: Path, variables: dict[str, str]) -> None:
    for at, block in enumerate(blocks(page), 1):
        if lacks(block.code) or (block.language == "sh" and NOT_RUN.match(block.code)):
            continue
        interpreter = [sys.executable, "-c", RUNNER] if block.language == "python" else ["bash", "-e", "-o", "pipefail"]
        done = subprocess.run(
            interpreter, input=block.code.encode(), capture_output=True, cwd=folder, env=variables, check=False
        )
        assert done.returncode == 0, f"{page.name}, block {at}:\n{block.code}\n{done.stderr.decode()}"
        if block.printed and "…" not in block.printed:
            assert done.stdout.decode() == block.printed, f"{page.name}, block {at}:\n{block.code}"


def cases() -> list[pytest.ParameterSet]:
    pages = [page for page in PAGES if blocks(page) and page != TUTORIAL and page.parent.name not in LOGS]
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


@pytest.mark.skipif(not PAGES, reason="the documents are not part of the installed package")
@pytest.mark.parametrize("page", cases())
def test_documents_examples_run(page, tmp_path):
    missing = [need for block in blocks(page) if block.language == "python" and (need := lacks(block.code))]
    (tmp_path / "bin").mkdir()
    (tmp_path / "page").mkdir()
    write_files(tmp_path / "page")
    run_page(page, tmp_path / "page", environment(tmp_path / "bin"))
    if missing:
        pytest.skip(f"a part of it needs {missing[0]}")


@pytest.mark.skipif(not TUTORIAL.exists(), reason="the documents are not part of the installed package")
def test_documents_tutorial_runs_in_an_empty_folder(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "page").mkdir()
    run_page(TUTORIAL, tmp_path / "page", environment(tmp_path / "bin"))


@pytest.mark.skipif(not READMES, reason="the documents are not part of the installed package")
def test_documents_readmes_have_the_same_examples():
    english, chinese = ([_without_comments(block.code) for block in blocks(page)] for page in READMES)
    assert english == chinese


def _without_comments(code: str) -> str:
    return re.sub(r"\s+#.*", "", code)


@pytest.mark.skipif(not READMES, reason="the documents are not part of the installed package")
@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in (*READMES, *OTHERS)])
def test_documents_links_lead_to_files(page):
    targets = [target for target in LINK.findall(page.read_text("utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []
