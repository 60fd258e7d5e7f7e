"""The Python examples of the documents run, and show what they say they show."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if path.exists()]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A process of its own for each: other tests change what a process has in common, such as jieba's word list. A comment
# `# [...]` after an expression says what comes out.
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


def examples() -> list[pytest.ParameterSet]:
    found = []
    for path in DOCUMENTS:
        for at, block in enumerate(BLOCK.findall(path.read_text("utf-8")), 1):
            found.append(pytest.param(block, id=f"{path.name}-{at}"))
    return found


@pytest.mark.skipif(not DOCUMENTS, reason="the documents are not part of the installed package")
@pytest.mark.parametrize("block", examples())
def test_docs_example_runs(block, tmp_path):
    if ("torch" in block or "cws.crf" in block) and not find_spec("torch"):
        pytest.skip("needs torch")
    if "spark" in block and not (find_spec("pyspark") and find_spec("pyarrow") and shutil.which("java")):
        pytest.skip("needs pyspark, pyarrow and Java")
    (tmp_path / "words.txt").write_text("云计算 3\n", "utf-8")  # what the text speaks of
    command = [sys.executable, "-X", "utf8", "-c", RUNNER]
    done = subprocess.run(command, input=block.encode(), capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr.decode()
