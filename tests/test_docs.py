"""The Python examples of the documents run, and show what they say they show."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if path.exists()]
SHOWN = re.compile(r"# (\[.*\])$")  # a comment that says what comes out
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples() -> list[pytest.ParameterSet]:
    found = []
    for path in DOCUMENTS:
        for at, block in enumerate(BLOCK.findall(path.read_text("utf-8")), 1):
            found.append(pytest.param(block, id=f"{path.name}-{at}"))
    return found


@pytest.mark.skipif(not DOCUMENTS, reason="the documents are not part of the installed package")
@pytest.mark.parametrize("block", examples())
def test_docs_example_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    if "torch" in block or "cws.crf" in block:
        torch = pytest.importorskip("torch")
        tags = torch.tensor([[0, 1, 3], [1, 3, 0]])
        names = {"emissions": torch.zeros(2, 3, 4), "tags": tags, "mask": tags >= 0}  # what the text speaks of
    lines = block.splitlines()
    for node in ast.parse(block).body:
        shown = SHOWN.search(lines[(node.end_lineno or 0) - 1])
        if isinstance(node, ast.Expr):
            value = eval(compile(ast.Expression(node.value), "example", "eval"), names)
            if shown and "…" not in shown[1]:
                assert value == ast.literal_eval(shown[1])
        else:
            exec(compile(ast.Module([node], []), "example", "exec"), names)
