"""How tests call commands: as their users do, each in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cws

COMMAND = [sys.executable, "-W", "error", "-m", "cws"]
# The package that the tests import, installed or not.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cws.__file__).parent.parent)}
COMMANDS = (
    "segment",
    "train",
    "adapt",
    "evaluate",
    "score",
    "pretrain",
    "lexicon",
    "dictionary",
    "models",
    "corpora",
    "plot",
)

TEXT = "今天天气好\n我爱北京\n"
WORDS = "今天 天气 好\n我 爱 北京\n"
GOLD = "今天 天气 真好\n我们 去 北京 大学 吧\n他 来到 了 大厦\n" * 4


def run(*args, cwd, stdin=b"", env=None, limit=None):
    return subprocess.run(
        [*COMMAND, *map(str, args)], cwd=cwd, input=stdin, capture_output=True, timeout=100,
        env={**ENVIRONMENT, **(env or {})}, preexec_fn=limit,
    )  # fmt: skip


def works(*args, said=b"", **options):
    """What a command prints; it must neither fail nor say anything else."""
    result = run(*args, **options)
    assert (result.returncode, result.stderr) == (0, said)
    return result.stdout.decode()


def fails(message, *args, cwd, **options):
    """Checks that a command fails as an error should: its one line matches the message, and no file is left or lost."""
    before = files(cwd)
    result = run(*args, cwd=cwd, **options)
    check_failure(result.returncode, result.stderr, message)
    assert result.stdout == b""
    assert files(cwd) == before


def check_failure(status, stderr, message):
    error = stderr.decode().rstrip("\n")
    assert re.search(f"^cws: error: .*{message}", error), error
    assert "\n" not in error
    assert status == 1


def files(folder):
    """Every path below the folder, with the content of the small regular files."""
    paths = sorted(Path(folder).rglob("*"))
    return {path: path.read_bytes() if path.is_file() and path.stat().st_size < 1_000_000 else None for path in paths}


def is_misused(message, *args, cwd):
    """Checks that a command is refused as wrong usage."""
    before = files(cwd)
    result = run(*args, cwd=cwd)
    assert result.returncode == 2
    assert re.match("Usage: ", result.stderr.decode())
    assert re.search(message, result.stderr.decode())
    assert result.stdout == b""
    assert files(cwd) == before


def start(*args, cwd, ignore=None, **options):
    """A running command; signals are as in a terminal, however the tests were started."""

    def signals():
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN if number == ignore else signal.SIG_DFL)

    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*COMMAND, *map(str, args)], cwd=cwd, env=ENVIRONMENT, preexec_fn=signals, **options)


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited a minute in vain"
        time.sleep(0.01)
