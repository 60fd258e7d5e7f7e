"""The tests of the C++ core: test_*.cpp here, compiled with sanitizers and without the headers of Python."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
NATIVE = TESTS.parents[1] / "cws" / "native"
ROOMS = ("units", "trie", "chain", "user_dictionary", "segment")  # whose sources are compiled
FLAGS = ["-std=c++17", "-O1", "-g1", "-Wall", "-Wextra", "-Wno-psabi", "-pthread"]
FLAGS += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{NATIVE}", f"-I{TESTS}"]


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    """The command of the C++ compiler; skips the tests where there is none, or nothing to compile."""
    if not NATIVE.is_dir():
        pytest.skip(f"needs the sources of the core in {NATIVE}")
    command = shlex.split(os.environ.get("CXX", "g++"))
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs a C++ compiler: {command[0]} was not found, set CXX to another")
    return command


def compile_source(command: list[str], source: Path, folder: Path) -> Path:
    compiled = folder / f"{source.parent.name}_{source.stem}.o"
    done = subprocess.run([*command, *FLAGS, "-c", str(source), "-o", str(compiled)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return compiled


@pytest.fixture(scope="module")
def runner(compiler: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("core")
    sources = [source for room in (TESTS, *(NATIVE / room for room in ROOMS)) for source in sorted(room.glob("*.cpp"))]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        compiled = list(pool.map(lambda source: compile_source(compiler, source, folder), sources))
    program = folder / "core_tests"
    done = subprocess.run([*compiler, *FLAGS, *map(str, compiled), "-o", str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def test_core_passes_its_own_tests(runner):
    done = subprocess.run([str(runner)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    written = sum(path.read_text("utf-8").count("\nTEST(") for path in TESTS.glob("test_*.cpp"))
    assert done.stdout == f"{written} passed, 0 failed\n"


def test_core_runner_fails_when_no_test_is_meant(runner):
    done = subprocess.run([str(runner), "no test has this name"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "0 passed, 0 failed\n")
