"""`cws segment`: what goes wrong, full disks, closed streams, signals."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time

import pytest
from commands import (
    TEXT,
    WORDS,
    check_failure,
    fails,
    is_misused,
    run,
    start,
    wait_for,
    works,
)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("missing.txt",), r"missing\.txt: No such file or directory: check the path$"),
        (("input.txt", "missing.txt", "-o", "words.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (("folder",), "folder: Is a directory: name a file in it$"),
        (("input.txt/a",), "input.txt/a: Not a directory: check the path"),
        (("input.txt", "-o", "folder"), "folder: Is a directory: name a file in it$"),
        (
            ("input.txt", "-o", "none/a"),
            "none/a: No such file or directory: check the path: the folder of an output must",
        ),
        (("input.txt", "-o", "input.txt/a"), "input.txt/a: Not a directory: check the path"),
        (("input.txt", "-o", "/dev/full"), "/dev/full: No space left on device: free some space"),
        (("fake.gz", "-o", "words.txt"), r"fake\.gz: broken compressed file .*: fetch it or compress it again$"),
        (("fake.xz", "-o", "words.txt"), r"fake\.xz: broken compressed file .*: fetch it or compress it again$"),
        (("input.txt", "-m", "folder"), r"folder/cws\.json"),
        (("input.txt", "-m", "pkuu"), "no model 'pkuu': did you mean pku. give a folder made by cws train"),
        (
            ("input.txt", "-m", "input.txt"),
            "no model 'input.txt': give a folder made by cws train, or one of general, ctb, pku",
        ),
    ],
)
def test_cli_segment_errors(here, args, message):
    (here / "folder").mkdir()
    for suffix in (".gz", ".xz"):
        (here / f"fake{suffix}").write_bytes(b"plain text")
    fails(message, "segment", *args, cwd=here)


def test_cli_segment_path_that_is_no_text(here):
    result = run("segment", os.fsdecode(b"\xff.txt"), cwd=here)
    check_failure(result.returncode, result.stderr, r"\\udcff\.txt: No such file or directory: check the path$")


@pytest.mark.parametrize("size", [0, 4, 100_000, -1])
def test_cli_segment_truncated_model(trained, tmp_path, size):
    (tmp_path / "model").mkdir()
    for path in (trained / "model").iterdir():
        (tmp_path / "model" / path.name).write_bytes(path.read_bytes())
    weights = tmp_path / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    message = r"model/weights\.safetensors: .*(the file is damaged|train, compile or install it again)$"
    fails(message, "segment", "-m", "model", "-o", "words.txt", cwd=tmp_path, stdin=TEXT.encode())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--threads", "0"), "Invalid value for '--threads': 0 is not in the range 1<=x<=256"),
        (("--threads", "-1"), "Invalid value for '--threads': -1 is not in the range 1<=x<=256"),
        (("--threads", "x"), "Invalid value for '--threads': 'x' is not a valid integer"),
        (("--format", "xml"), "'xml' is not one of 'text', 'json', 'conll', 'spans'"),
        (("--errors", "ignore"), "'ignore' is not one of 'strict', 'replace'"),
        (("--nonsense",), "No such option:? '?--nonsense"),
    ],
)
def test_cli_segment_wrong_usage(here, args, message):
    is_misused(message, "segment", "input.txt", "-o", "words.txt", *args, cwd=here)


@pytest.mark.parametrize("command", [("segment", "input.txt"), ("models",), ("-h",), ("score", "gold.txt", "gold.txt")])
def test_cli_stdout_on_a_full_disk(here, command):
    with open("/dev/full", "wb") as full, start(*command, cwd=here, stdout=full) as process:
        stderr = process.stderr.read()
    check_failure(process.returncode, stderr, "No space left on device: ")


def test_cli_segment_full_disk(here):
    (here / "long.txt").write_text(TEXT * 20_000, encoding="utf-8")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    message = r"words\.txt: File too large: raise the limit on file sizes or write less$"
    fails(message, "segment", "long.txt", "-o", "words.txt", cwd=here, limit=limit)


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_cli_segment_with_a_standard_stream_closed(here, closed):
    works("segment", "input.txt", "-o", "words.txt", cwd=here, limit=lambda: os.close(closed))
    assert (here / "words.txt").read_text(encoding="utf-8") == WORDS


def test_cli_segment_stdin_closed_is_an_empty_text(here):
    assert works("segment", cwd=here, limit=lambda: os.close(0)) == ""


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGINT, 130, "\ncws: error: interrupted\n"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
)
@pytest.mark.parametrize(("source", "threads"), [("-", 3), ("pipe", 1)])
def test_cli_segment_killed(here, number, status, message, source, threads):
    os.mkfifo(here / "pipe")
    before = sorted(os.listdir(here))
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(
            start("segment", "input.txt", source, "-o", "words.txt", "--threads", threads, cwd=here)
        )
        writer = process.stdin if source == "-" else stack.enter_context(open(here / "pipe", "wb"))
        writer.write(TEXT.encode())
        writer.flush()
        wait_for(lambda: len(os.listdir(here)) > len(before))  # the temporary file
        time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(60) == status
        assert process.stderr.read().decode() == message
    assert sorted(os.listdir(here)) == before


def test_cli_segment_under_nohup(here):
    with start("segment", cwd=here, ignore=signal.SIGHUP) as process:
        process.stdin.write(TEXT.encode())
        process.stdin.flush()
        assert process.stdout.readline().decode() == "今天 天气 好\n"
        process.send_signal(signal.SIGHUP)
        process.stdin.close()
        assert process.stdout.read().decode() == "我 爱 北京\n"
    assert process.returncode == 0
