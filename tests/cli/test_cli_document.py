"""`cws segment --document`: each input is read twice, from wherever it comes, and nothing else differs."""

from __future__ import annotations

import gzip
import os
import signal
import time

import pytest
from commands import TEXT, WORDS, fails, is_misused, run, start, works

import cws
from cws.document import evidence_of
from cws.streaming import FORMATS, segment_blocks

# 沈砚 is a name that the model does not know.
STORY = "沈砚走进院子。他没看见沈砚。沈砚道：你好。我问沈砚去哪里。\n"
SEGMENTER = cws.load("pku")  # whose words the commands are held to
DOCUMENT = ("segment", "-m", "pku", "--document")
ADAPTED = SEGMENTER.with_evidence({"沈砚": 5.0})


def expected(text, format="text", segmenter=ADAPTED):
    return b"".join(segment_blocks(segmenter, [text.encode()], format=format)).decode()


@pytest.fixture
def story(here):
    (here / "story.txt").write_text(STORY, encoding="utf-8")
    return here


@pytest.mark.parametrize("format", FORMATS)
def test_cli_document_in_every_format(story, format):
    assert works(*DOCUMENT, "--format", format, "story.txt", cwd=story) == expected(STORY, format)


def test_cli_document_is_off_by_default(story):
    assert works("segment", "-m", "pku", "story.txt", cwd=story) == expected(STORY, segmenter=SEGMENTER)


def test_cli_document_to_a_file(story):
    assert works(*DOCUMENT, "story.txt", "-o", "words.txt", cwd=story) == ""
    assert (story / "words.txt").read_text(encoding="utf-8") == expected(STORY)


@pytest.mark.parametrize("args", [(), ("-",), ("/dev/stdin",)])
def test_cli_document_from_stdin(here, args):
    assert works(*DOCUMENT, *args, cwd=here, stdin=STORY.encode()) == expected(STORY)


def test_cli_document_of_nothing_and_of_little(here):
    assert works(*DOCUMENT, cwd=here) == ""
    assert works(*DOCUMENT, "input.txt", cwd=here) == WORDS


def test_cli_document_is_each_input_by_itself(story):
    half = "我问沈砚去哪里。\n"
    (story / "other.txt").write_text(half, encoding="utf-8")
    found = works(*DOCUMENT, "other.txt", "story.txt", "other.txt", cwd=story)
    plain = expected(half, segmenter=SEGMENTER)
    assert found == plain + expected(STORY) + plain
    assert plain != expected(half)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_cli_document_is_the_same_for_any_number_of_threads(here, threads):
    text = STORY * 9000  # several blocks
    (here / "long.txt").write_text(text, encoding="utf-8")
    adapted = SEGMENTER.with_evidence(evidence_of([SEGMENTER.segment(text)]))
    assert works(*DOCUMENT, "--threads", threads, "long.txt", cwd=here) == expected(text, "text", adapted)


def test_cli_document_compressed_and_in_another_encoding(here):
    (here / "story.gz").write_bytes(gzip.compress(STORY.encode("gb18030")))
    args = (*DOCUMENT, "--encoding", "gb18030")
    assert works(*args, "story.gz", cwd=here) == expected(STORY)
    assert works(*args, cwd=here, stdin=STORY.encode("gb18030")) == expected(STORY)


def test_cli_document_obeys_the_user_dictionary(story):
    (story / "own.txt").write_text("沈砚道\n", encoding="utf-8")
    args = ("--user-dict", "own.txt", "--dictionary-report", "report.tsv")
    assert "沈砚道 ：" in works(*DOCUMENT, *args, "story.txt", cwd=story)
    report = (story / "report.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[:5] for line in report[1:]] == [["沈砚道", "", "", "1", "1"]]  # only the user's own


def test_cli_document_progress_counts_both_passes(story):
    result = run(*DOCUMENT, "--progress", "story.txt", "-o", "words.txt", cwd=story)
    assert result.returncode == 0
    assert f"{2 * len(STORY.encode())}".encode() in result.stderr.replace(b".00", b"")


def test_cli_document_with_invalid_bytes(story):
    (story / "broken.txt").write_bytes(STORY.encode() + b"\xff\n")
    fails("broken.txt:2:.*", *DOCUMENT, "broken.txt", "-o", "words.txt", cwd=story)
    found = works(*DOCUMENT, "--errors", "replace", "broken.txt", cwd=story)
    assert found == expected(STORY + "\ufffd\n")


def test_cli_document_that_is_not_there(here):
    fails("missing.txt", "segment", "--document", "missing.txt", "-o", "words.txt", cwd=here)


def test_cli_document_without_room_for_a_copy_of_stdin(here):
    resource = pytest.importorskip("resource")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))

    fails("File too large", "segment", "--document", cwd=here, stdin=STORY.encode() * 100, limit=limit)


def test_cli_document_is_not_for_an_engine(here):
    is_misused("--document is not for --engine", "segment", "x", "-o", "y", "--engine", "spark", "--document", cwd=here)


def test_cli_document_interrupted_leaves_nothing(here):
    before = sorted(os.listdir(here))
    process = start("segment", "--document", "-o", "words.txt", cwd=here)
    process.stdin.write(TEXT.encode())
    process.stdin.flush()
    while not any(name.endswith(".tmp") for name in os.listdir(here)):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert b"Traceback" not in stderr
    assert process.returncode not in (0, 1)
    assert sorted(os.listdir(here)) == before
