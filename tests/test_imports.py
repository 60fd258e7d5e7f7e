from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import cws

ROOT = Path(cws.__file__).parent
# Every module or package on its floor; a module imports only lower floors, and its own package.
FLOORS = [
    {"_native", "errors", "version"},
    {"bundled", "tags", "text", "threads"},
    {"files"},
    {"corpus", "decode", "lattice", "model_io", "plotting", "units", "word_list"},
    {"corpora", "crf", "document", "metrics", "user_dictionary"},
    {"labelers"},
    {"training"},
    {"lexicon", "predictor"},
    {"segmenter"},
    {"adaptation", "streaming"},
    {"compat", "engines"},
    {"cli"},
    {"__main__"},
]
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
every_module = pytest.mark.parametrize("module", MODULES, ids=str)


def imports(module: Path) -> set[str]:
    """The full names of the modules that a file imports, wherever in it and whatever for."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports in full"
            # `from cws import files` imports cws.files; so does `from cws.files import file_error`.
            found |= {f"cws.{name.name}" for name in node.names} if node.module == "cws" else {str(node.module)}
    return found


def room(module: Path) -> str:
    """The module or package directly below cws."""
    return module.parts[0].removesuffix(".py")


def own_imports(module: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(module) if name.startswith("cws.")}


@every_module
def test_imports_go_to_lower_floors(module):
    if module == Path("__init__.py"):
        return
    here = room(module)
    assert here in FLOOR, f"{module}: give it a floor in this test"
    wrong = {name for name in own_imports(module) - {here} if FLOOR[name] >= FLOOR[here]}
    assert not wrong, f"{module} is on floor {FLOOR[here]} and imports {wrong}"


@every_module
def test_imports_of_the_whole_package_are_for_nobody_inside(module):
    assert "cws" not in imports(module)


def full_name(module: Path) -> str:
    """cws.labelers.hmm for labelers/hmm.py, cws.labelers for labelers/__init__.py."""
    return ".".join(("cws", *module.with_suffix("").parts)).removesuffix(".__init__")


def imported_modules(module: Path) -> set[str]:
    """The modules of cws that a file imports, also only for a type checker: `from cws.decode import api` is two."""
    known = {full_name(one) for one in MODULES}
    found = imports(module)
    for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{name.name}" for name in node.names} & known
            found |= inside
            if len(inside) == len(node.names):  # no name of the package itself
                found -= {str(node.module)}
    return found & known


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other around, the first again at the end; none if there is no such circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))  # from importer to imported
    return []


def test_imports_go_in_no_circle():
    assert circle({full_name(module): imported_modules(module) for module in MODULES}) == []


def test_imports_in_a_circle_are_found():
    graph = {"train": {"reporting", "neural"}, "neural": {"files", "train"}, "files": {"errors"}}
    assert circle(graph) in (["train", "neural", "train"], ["neural", "train", "neural"])
    assert circle(graph | {"neural": {"files"}}) == []


# Modules about tensors, which nobody imports before there are any.
OF_TENSORS = {
    Path("crf.py"),
    *(Path("decode") / name for name in ("autograd.py", "padded.py")),
    *(Path("decode/cuda") / name for name in ("backend.py", "chunks.py", "device.py")),
    *(Path("labelers/neural") / name for name in ("bert.py", "encoders.py", "features.py", "labeler.py", "model.py")),
    *(Path("labelers/neural") / name for name in ("lstm_recurrence.py", "storage.py", "torch_predictor.py")),
    *(
        Path("training") / name
        for name in ("checkpoint.py", "loop.py", "neural.py", "pretraining/pretrain.py", "tagging.py")
    ),
}


@every_module
def test_imports_of_heavy_packages_are_inside_functions(module):
    if module in OF_TENSORS or module.parent == Path("decode/cuda/kernels"):
        pytest.skip("about tensors")
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    heavy = {
        "torch",
        "triton",
        "transformers",
        "accelerate",
        "pyspark",
        "fastapi",
        "matplotlib",
        "jieba",
        "safetensors",
    }
    # A block `if TYPE_CHECKING:` is no import when the program runs.
    top = [name for node in tree.body if isinstance(node, ast.Import) for name in node.names]
    names = [name.name for name in top] + [str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not heavy & {name.split(".")[0] for name in names}


def test_imports_are_all_there_is_in_the_package_file():
    body = ast.parse((ROOT / "__init__.py").read_text("utf-8")).body
    docstring, *imported, type_checking, late, public, getter = body
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(node, ast.ImportFrom) for node in imported)
    assert isinstance(type_checking, ast.Assign) and isinstance(late, ast.If)
    assert isinstance(public, ast.Assign) and isinstance(getter, ast.FunctionDef)
    names = {name.name for node in [*imported, *late.body] for name in node.names}
    assert sorted(names) == sorted(cws.__all__)


def test_imports_of_the_package_are_there_when_asked_for():
    assert cws.adapt is importlib.import_module("cws.adaptation").adapt
    with pytest.raises(AttributeError, match="module 'cws' has no attribute 'nothing'"):
        _ = cws.nothing
    code = "import cws, sys; print('cws.adaptation' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# What a fresh process may load for `import cws` and a first call, beside what Python itself has loaded. A longer list
# is a slower start: `python -X importtime -c 'import cws'` shows what a module costs.
ALLOWED = {  # sre_… and _locale: Python 3.10's re
    "__future__", "_collections", "_collections_abc", "_functools", "_json", "_locale", "_operator", "_sre",
    "_struct", "_typing", "_weakrefset", "abc", "annotationlib", "collections", "contextlib", "copyreg", "cws",
    "enum", "errno", "functools", "genericpath", "itertools", "json", "keyword", "mmap", "operator", "os",
    "posixpath", "re", "reprlib", "sre_compile", "sre_constants", "sre_parse", "stat", "struct", "threading",
    "types", "typing", "warnings",
}  # fmt: skip
SCRIPT = """
import sys
before = set(sys.modules)
import cws
assert cws.segment("今天天气真好") == ["今天", "天气", "真", "好"]
import json
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""


def test_imports_of_a_first_call_are_few():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"numpy", "click", "tqdm", "jieba", "safetensors", "torch", "transformers"}
    assert loaded <= ALLOWED


def test_imports_print_nothing_and_warn_of_nothing():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import cws"], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
