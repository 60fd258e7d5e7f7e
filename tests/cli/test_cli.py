"""The commands as their users meet them: each test runs processes."""

from __future__ import annotations

import contextlib
import gzip
import json
import lzma
import os
import pty
import random
import re
import resource
import select
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import cws
from cws.text import SPACE, character_type

COMMAND = [sys.executable, "-W", "error", "-m", "cws"]
# The package that the tests import, installed or not.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cws.__file__).parent.parent)}
COMMANDS = ("segment", "train", "evaluate", "score", "pretrain", "lexicon", "dictionary", "models", "corpora", "plot")

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


@pytest.fixture
def here(tmp_path):
    """A folder with input.txt and gold.txt."""
    (tmp_path / "input.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "gold.txt").write_text(GOLD, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model trained on gold.txt, beside it, in one folder."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "gold.txt").write_text(GOLD, encoding="utf-8")
    assert run("train", "--train", "gold.txt", "-o", "model", "--no-jieba", cwd=folder).returncode == 0
    return folder


# cws


def test_cli_alone_shows_the_help(here):
    result = run(cwd=here)
    assert result.returncode == 2
    assert all(f"  {command} " in result.stderr.decode() for command in COMMANDS)


@pytest.mark.parametrize("args", [("-h",), ("--help",), *((command, "-h") for command in COMMANDS)])
def test_cli_help(here, args):
    assert works(*args, cwd=here).startswith("Usage: ")


def test_cli_help_lists_each_command_in_one_whole_sentence(here):
    listing = works("-h", cwd=here, env={"COLUMNS": "80"}).split("Commands:\n")[1]
    assert len(listing.splitlines()) == len(COMMANDS)
    assert "..." not in listing


def test_cli_help_in_a_locale_without_chinese(here):
    assert "\\u4eca" in works("segment", "-h", cwd=here, env={"PYTHONIOENCODING": "latin-1"})


def test_cli_version(here):
    assert cws.__version__ in works("--version", cwd=here)


def test_cli_unknown_command(here):
    is_misused("No such command 'segmant'", "segmant", cwd=here)


def test_cli_models(here):
    lines = works("models", cwd=here).splitlines()
    assert [line.split()[0] for line in lines] == cws.models()
    assert all(re.search(r"\(\d+ MB\)$", line) for line in lines)


# cws segment: inputs and outputs


def test_cli_segment_to_stdout(here):
    assert works("segment", "input.txt", cwd=here) == WORDS


def test_cli_segment_to_a_file(here):
    assert works("segment", "input.txt", "-o", "words.txt", cwd=here) == ""
    assert (here / "words.txt").read_text(encoding="utf-8") == WORDS
    assert sorted(os.listdir(here)) == ["gold.txt", "input.txt", "words.txt"]


def test_cli_segment_in_place(here):
    works("segment", "input.txt", "-o", "input.txt", cwd=here)
    assert (here / "input.txt").read_text(encoding="utf-8") == WORDS


def test_cli_segment_several_inputs(here):
    (here / "no end.txt").write_text("\ufeff北京", encoding="utf-8")
    stdout = works("segment", "no end.txt", "input.txt", "-", "input.txt", cwd=here, stdin="我爱".encode())
    assert stdout == f"北京\n{WORDS}我 爱\n{WORDS}"


@pytest.mark.parametrize("args", [(), ("-",)])
def test_cli_segment_stdin(here, args):
    assert works("segment", *args, cwd=here, stdin=TEXT.encode()) == WORDS


def test_cli_segment_nothing(here):
    assert works("segment", cwd=here) == ""


@pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".xz", lzma)])
def test_cli_segment_compressed(here, suffix, module):
    (here / f"input{suffix}").write_bytes(module.compress(TEXT.encode()))
    works("segment", f"input{suffix}", "-o", f"words{suffix}", cwd=here)
    assert module.decompress((here / f"words{suffix}").read_bytes()).decode() == WORDS


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_cli_segment_compressed_output_is_the_same_however_the_input_comes(here, suffix):
    works("segment", "input.txt", "-o", f"file{suffix}", cwd=here)
    with start("segment", "-o", f"pipe{suffix}", cwd=here) as process:
        wait_for(lambda: any(name.startswith(".cws-") for name in os.listdir(here)))
        for line in TEXT.splitlines(keepends=True):
            time.sleep(0.1)
            process.stdin.write(line.encode())
            process.stdin.flush()
    assert process.returncode == 0
    assert (here / f"file{suffix}").read_bytes() == (here / f"pipe{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("format", "first"),
    [
        ("text", "今天 天气 好"),
        ("conll", "今天"),
        ("spans", "0-2 2-4 4-5"),
        (
            "json",
            '{"tokens":[{"text":"今天","start":0,"end":2},{"text":"天气","start":2,"end":4},{"text":"好","start":4,"end":5}]}',
        ),
    ],
)
def test_cli_segment_formats(here, format, first):
    assert works("segment", "--format", format, "input.txt", cwd=here).splitlines()[0] == first


def test_cli_segment_is_the_same_for_any_number_of_threads(here):
    (here / "long.txt").write_text(TEXT * 20_000, encoding="utf-8")
    outputs = [run("segment", "long.txt", "--threads", threads, cwd=here).stdout for threads in (1, 2, 7)]
    assert outputs == [WORDS.encode() * 20_000] * 3


def test_cli_segment_writes_everything_but_white_space(here):
    generator = random.Random(1)
    pools = ["的一是在不了有和人这中大来到他", 'aZ09 ,."\\', "\t\r\0\u3000\xa0\u2028\x85\ufeff\u200b", None]
    text = "".join(
        generator.choice(
            generator.choice(pools) or chr(generator.choice([0x4E00, 0x10000, 0x20000]) + generator.randrange(5000))
        )
        for _ in range(50_000)
    )
    text = re.sub("。{3}|的的", "\n", text)
    kept = "".join(character for character in text if character == "\n" or character_type(character) != SPACE)
    assert works("segment", cwd=here, stdin=text.encode()).replace(" ", "").rstrip("\n") == kept.rstrip("\n")


def test_cli_segment_a_model_by_folder(trained):
    assert works("segment", "-m", "model", cwd=trained, stdin="我们去北京大学吧".encode()) == "我们 去 北京 大学 吧\n"


def test_cli_segment_with_each_bundled_model(here):
    for name in cws.models():
        assert works("segment", "--model", name, "input.txt", cwd=here) == WORDS


def test_cli_segment_into_a_pipe_that_closes(here):
    (here / "long.txt").write_text(TEXT * 50_000, encoding="utf-8")
    with start("segment", "long.txt", cwd=here) as process:
        assert process.stdout.readline().decode() == "今天 天气 好\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_cli_segment_progress(here):
    result = run("segment", "input.txt", "-o", "words.txt", "--progress", cwd=here)
    assert result.returncode == 0
    assert "segmenting: 100%" in result.stderr.decode()


# cws segment: a conversation


@pytest.mark.parametrize(
    ("threads", "encoding", "terminal"),
    [(3, "utf-8", False), (3, "utf-8", True), (3, "gbk", False), (1, "utf-8", False)],
)
def test_cli_segment_answers_each_line_at_once(here, threads, encoding, terminal):
    ours, theirs = pty.openpty() if terminal else reversed(os.pipe())
    args = ("segment", "--threads", threads, "--encoding", encoding)
    with start(*args, cwd=here, stdin=theirs) as process:
        os.close(theirs)
        for _ in range(3):
            os.write(ours, "我爱北京\n".encode(encoding))
            assert select.select([process.stdout], [], [], 60)[0]
            assert process.stdout.readline().decode() == "我 爱 北京\n"
        os.write(ours, b"\x04" * terminal)  # Ctrl-D
        if not terminal:
            os.close(ours)
        assert process.stdout.read() == b""
        greeting = b"cws: reading what you type; Ctrl-D ends it\n"
        assert process.stderr.read() == greeting * terminal
    assert process.returncode == 0
    if terminal:
        os.close(ours)


def test_cli_segment_answers_through_a_named_pipe(here):
    os.mkfifo(here / "pipe")
    with start("segment", "pipe", cwd=here) as process, open(here / "pipe", "wb", buffering=0) as pipe:
        pipe.write("我爱北京\n".encode())
        assert process.stdout.readline().decode() == "我 爱 北京\n"


# cws segment: encodings


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-16", "utf-16-be", "UTF_8", "utf-8-sig"])
def test_cli_segment_encoding(here, encoding):
    (here / "old.txt").write_bytes(TEXT.encode(encoding))
    assert works("segment", "old.txt", "--encoding", encoding, cwd=here) == WORDS


def test_cli_segment_replaces_invalid_bytes(here):
    stdout = works("segment", "--errors", "replace", cwd=here, stdin=b"\xff" + TEXT.encode())
    assert stdout.replace(" ", "") == "\ufffd" + TEXT


@pytest.mark.parametrize("threads", [1, 3])
def test_cli_segment_invalid_utf8(here, threads):
    (here / "bad.txt").write_bytes(TEXT.encode() + b"\xff\n")
    message = r"bad\.txt:3:29: byte 0xff is not valid utf-8: mend the file \(cws segment has --errors replace\)$"
    fails(message, "segment", "input.txt", "bad.txt", "-o", "words.txt", "--threads", threads, cwd=here)


@pytest.mark.parametrize(
    ("encoding", "place", "guess"),
    [("utf-16", "0", "utf-16"), ("utf-16-le", "[0-9]+", "utf-16-le"), ("gbk", "0", "gb18030")],
)
def test_cli_segment_names_the_encoding_of_foreign_text(here, encoding, place, guess):
    (here / "old.txt").write_bytes((TEXT * 50).encode(encoding))
    message = rf"old\.txt:1:{place}: byte 0x.. is not valid utf-8: this looks like {guess}: try --encoding {guess}$"
    fails(message, "segment", "old.txt", cwd=here)
    assert works("segment", "old.txt", "--encoding", guess, cwd=here) == WORDS * 50


def test_cli_segment_unknown_encoding(here):
    message = "unknown encoding: klingon: try utf-8, gb18030 or big5"
    fails(message, "segment", "input.txt", "-o", "words.txt", "--encoding", "klingon", cwd=here)


# cws segment: what goes wrong


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
        (("input.txt", "-m", "pkuu"), "no model 'pkuu': give a folder made by cws train, or one of pku, ctb"),
        (("input.txt", "-m", "input.txt"), "no model 'input.txt': give a folder made by cws train, or one of pku"),
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
def test_cli_full_disk_behind_stdout(here, command):
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


@pytest.mark.parametrize("command", [("segment", "input.txt"), ("models",), ("-h",)])
def test_cli_stdout_closed(here, command):
    assert works(*command, cwd=here, limit=lambda: os.close(1)) == ""


# Signals


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


def test_cli_train_interrupted(here):
    (here / "long.txt").write_text(GOLD * 10_000, encoding="utf-8")
    before = files(here)
    with start("train", "--train", "long.txt", "--no-jieba", "-o", "model", cwd=here) as process:
        while b"epoch" not in (line := process.stderr.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read().decode().endswith("cws: error: interrupted\n")
    assert files(here) == before


# cws train


def test_cli_train_says_where_the_model_is(trained):
    result = run("train", "--train", "gold.txt", "--dev", "gold.txt", "-o", "deep/in/model", "--no-jieba", cwd=trained)
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr.decode().splitlines()[-1] == (
        "the model is in deep/in/model: cws segment --model deep/in/model input.txt"
    )


def test_cli_train_is_deterministic(trained):
    assert run("train", "--train", "gold.txt", "-o", "again", "--no-jieba", cwd=trained).returncode == 0
    for name in ("weights.safetensors", "cws.json"):
        same = (trained / "model" / name).read_bytes(), (trained / "again" / name).read_bytes()
        assert same[0] == same[1]


def test_cli_train_replaces_a_model(trained, tmp_path):
    for _ in range(2):
        assert run("train", "--train", trained / "gold.txt", "-o", "m", "--no-jieba", cwd=tmp_path).returncode == 0
    assert sorted(os.listdir(tmp_path / "m")) == ["cws.json", "weights.safetensors"]


def test_cli_train_with_lexicon_and_jieba(here):
    (here / "words.txt").write_text("天气 10\n北京大学\n", encoding="utf-8")
    result = run("train", "--train", "gold.txt", "--lexicon", "words.txt", "-o", "model", cwd=here)
    assert result.returncode == 0
    assert works("segment", "-m", "model", cwd=here, stdin="今天天气真好".encode()) == "今天 天气 真好\n"


def test_cli_train_encoding(here):
    (here / "gold.txt").write_bytes(GOLD.encode("gb18030"))
    args = ("train", "--train", "gold.txt", "--no-jieba", "-o", "model", "--encoding", "gb18030")
    assert run(*args, cwd=here).returncode == 0
    assert works("segment", "-m", "model", cwd=here, stdin="今天天气真好".encode()) == "今天 天气 真好\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--train", "empty.txt"), r"empty\.txt: no sentence in this file: give a file with one sentence a line"),
        (("--train", "blank.txt"), r"blank\.txt: no sentence in this file: give a file with one sentence a line"),
        (("--train", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (("--train", "one.txt"), "cannot split 1 sentences in two: give two or more$"),
        (("--train", "gbk.txt"), r"gbk\.txt:1:0: byte 0xbd .*: this looks like gb18030: try --encoding gb18030$"),
        (("--train", "gold.txt", "--dev", "empty.txt"), r"empty\.txt: no sentence in this file: give"),
        (("--train", "gold.txt", "--dev", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (
            ("--train", "gold.txt", "--lexicon", "missing.txt"),
            r"missing\.txt: No such file or directory: check the path$",
        ),
        (("--train", "gold.txt", "--lexicon", "blank.txt"), r"blank\.txt: no word in this file: give a word list"),
        (("--train", "gold.txt", "-o", "gold.txt"), r"gold\.txt: Not a directory: check the path: one of its folders"),
        (
            ("--train", "gold.txt", "-o", "gold.txt/m"),
            r"gold\.txt/m: Not a directory: check the path: one of its folders",
        ),
    ],
)
def test_cli_train_errors(here, args, message):
    (here / "empty.txt").touch()
    (here / "blank.txt").write_text("  \n\n\u3000\t\n")
    (here / "one.txt").write_text("今天 天气 好\n", encoding="utf-8")
    (here / "gbk.txt").write_bytes(GOLD.encode("gbk"))
    fails(message, "train", "-o", "model", *args, "--no-jieba", cwd=here)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-o", "model"), "linear needs --train FILE"),
        (("-o", "model", "-m", "hmm"), "hmm needs --train FILE or --init MODEL"),
        (("-o", "model", "-m", "hmm", "--train", "gold.txt", "--init", "pku"), "one of them"),
        (("-o", "model", "-m", "hmm", "--order", "2", "--init", "jieba"), "are for models of order 1"),
        (("-o", "model", "-m", "hmm", "--order", "3", "--train", "gold.txt"), "3 is not in the range"),
        (("-o", "model", "-m", "hmm", "--init", "pku"), "needs --raw FILE"),
        (("--train", "gold.txt", "--learning-rate", "0.1"), "--learning-rate is for bilstm, bilstm-crf"),
        (("-m", "dictionary", "--order", "2"), "it means nothing to dictionary"),
        (("-m", "bert", "--init", "x", "--encoder", "y"), "--encoder means nothing beside --init"),
        (("-m", "cnn", "--crf-lr-multiplier", "2"), "--crf-lr-multiplier is for bilstm-crf, cnn-crf, bert-crf"),
        (("--train", "gold.txt", "-o", "model", "-m", "transformer"), "'transformer' is not"),
        (("--train", "gold.txt", "-o", "model", "--seed", "-1"), "-1 is not in the range"),
        (("--train", "gold.txt", "-o", "model", "--seed", "99999999999999999999"), "is not in the range"),
    ],
)
def test_cli_train_wrong_usage(here, args, message):
    is_misused(message, "train", *args, cwd=here)


@pytest.mark.parametrize(
    "args",
    [
        ("--train", "gold.txt"),
        ("--train", "gold.txt", "--order", "2"),
        ("--train", "gold.txt", "--raw", "raw.txt", "--iterations", "2"),
        ("--init", "pku", "--raw", "raw.txt", "--iterations", "2"),
        ("--init", "jieba"),
    ],
)
def test_cli_train_hmm(here, args):
    (here / "raw.txt").write_text("今天天气真好\n他来到了 网易杭研大厦\n", encoding="utf-8")
    result = run("train", "-m", "hmm", *args, "-o", "model", cwd=here)
    assert result.returncode == 0
    *progress, last = result.stderr.decode().splitlines()
    assert last == "the model is in model: cws segment --model model input.txt"
    assert len(progress) == (3 if "--raw" in args else 0)
    assert all(re.fullmatch(r"iteration \d: log-likelihood -\d+\.\d+ a character", line) for line in progress)
    assert (
        works("segment", "--model", "model", "raw.txt", cwd=here).replace(" ", "")
        == "今天天气真好\n他来到了网易杭研大厦\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--init", "pku", "--raw", "empty.txt"), "no words to learn from"),
        (("--train", "gold.txt", "--raw", "empty.txt"), "no text to learn from"),
        (("--init", "nowhere", "--raw", "gold.txt"), "no model 'nowhere'"),
        (("--train", "nowhere.txt"), r"nowhere\.txt: No such file"),
        (("--train", "gold.txt", "--raw", "nowhere.txt"), r"nowhere\.txt: No such file"),
    ],
)
def test_cli_train_hmm_errors(here, args, message):
    (here / "empty.txt").touch()
    fails(message, "train", "-m", "hmm", "-o", "model", *args, cwd=here)


# cws evaluate


def test_cli_evaluate(trained):
    rows = works("evaluate", "model", "gold.txt", cwd=trained).splitlines()
    assert rows[0].split(" | ")[-1].strip(" |") == "F1"
    assert re.search(r"\| 100\.00 \|$", rows[2])


def test_cli_evaluate_with_training_words(trained):
    figures = json.loads(works("evaluate", "model", "gold.txt", "--train-words", "gold.txt", "--json", cwd=trained))
    assert (figures["sentences"], figures["f1"], figures["oov_rate"]) == (12, 1.0, 0.0)


def test_cli_evaluate_encoding(trained):
    (trained / "gbk.txt").write_bytes(GOLD.encode("gbk"))
    args = ("evaluate", "model", "gbk.txt", "--train-words", "gbk.txt", "--encoding", "gbk")
    assert "100.00" in works(*args, cwd=trained)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("pkuu", "gold.txt"), "no model 'pkuu': give a folder made by cws train, or one of pku, ctb"),
        (("pku", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (("pku", "gold.txt", "--train-words", "missing.txt"), r"missing\.txt: No such file or directory"),
        (("pku", "empty.txt"), r"empty\.txt: no sentence in this file"),
        (("pku", "gbk.txt"), r"gbk\.txt:1:0: .*: this looks like gb18030: try --encoding gb18030$"),
    ],
)
def test_cli_evaluate_errors(here, args, message):
    (here / "empty.txt").touch()
    (here / "gbk.txt").write_bytes(GOLD.encode("gbk"))
    fails(message, "evaluate", *args, cwd=here)


# cws score


@pytest.fixture
def predictions(here):
    """Also a.txt, with one word of gold.txt too few in each third sentence, and b.txt, with all of it in one word."""
    (here / "a.txt").write_text(GOLD.replace("北京 大学", "北京大学"), encoding="utf-8")
    (here / "b.txt").write_text(GOLD.replace(" ", ""), encoding="utf-8")
    return here


def test_cli_score(predictions):
    row = works("score", "gold.txt", "a.txt", cwd=predictions).splitlines()[2]
    precision, recall = 10 / 11, 10 / 12
    f1 = 2 * precision * recall / (precision + recall)
    assert row.strip("| ").split(" | ")[-3:] == [f"{100 * figure:.2f}" for figure in (precision, recall, f1)]


def test_cli_score_json(predictions):
    figures = json.loads(works("score", "gold.txt", "a.txt", "--json", "--train-words", "a.txt", cwd=predictions))
    assert (figures["gold_words"], figures["predicted_words"], figures["correct_words"]) == (48, 44, 40)
    assert (figures["oov_gold"], figures["oov_correct"]) == (8, 0)


@pytest.mark.parametrize("predicted", ["a.txt", "-"])
def test_cli_score_against(predictions, predicted):
    stdin = (predictions / "a.txt").read_bytes()
    stdout = works("score", "gold.txt", predicted, "--against", "b.txt", cwd=predictions, stdin=stdin)
    assert re.search(r"against b\.txt: F1 0\.00, difference \+86\.96 \(95 % of samples .*\), p = 0\.0001\n$", stdout)


def test_cli_score_against_json(predictions):
    figures = json.loads(works("score", "gold.txt", "a.txt", "--against", "b.txt", "--json", cwd=predictions))
    assert figures["against"]["f1_a"] == figures["f1"]
    assert figures["against"]["f1_b"] == 0


def test_cli_score_encoding(predictions):
    for name in ("gold.txt", "a.txt", "b.txt"):
        path = predictions / name
        path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    args = ("score", "gold.txt", "a.txt", "--against", "b.txt", "--train-words", "gold.txt", "--encoding", "gbk")
    assert "against b.txt" in works(*args, cwd=predictions)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("gold.txt", "other.txt"),
            "sentence 2: gold and predicted must spell the same text, but at character 3 gold has",
        ),
        (("gold.txt", "short.txt"), "predicted ends after 1 sentences, gold goes on: score the same sentences$"),
        (("short.txt", "gold.txt"), "gold ends after 1 sentences, predicted goes on: score the same sentences$"),
        (("gold.txt", "missing.txt"), r"missing\.txt: No such file or directory: check the path$"),
        (("gold.txt", "empty.txt"), r"empty\.txt: no sentence in this file"),
        (("gold.txt", "gold.txt", "--against", "short.txt"), "predicted ends after 1 sentences"),
        (("gold.txt", "gold.txt", "--train-words", "empty.txt"), r"empty\.txt: no sentence in this file"),
    ],
)
def test_cli_score_errors(here, args, message):
    (here / "other.txt").write_text(GOLD.replace("北京", "南京", 1), encoding="utf-8")
    (here / "short.txt").write_text("今天 天气 真好\n", encoding="utf-8")
    (here / "empty.txt").touch()
    fails(message, "score", *args, cwd=here)


def test_cli_score_wrong_usage(here):
    is_misused("Missing argument 'PREDICTED'", "score", "gold.txt", cwd=here)


ENTRIES = "天天 !\n爱北京 5.5 TERM\nNew York\t!\n好 -\n"


def test_user_dictionaries_change_words(tmp_path):
    (tmp_path / "words.txt").write_text(ENTRIES, "utf-8")
    (tmp_path / "gb.txt").write_text("我爱 !\n", "gb18030")
    text = "今天天气好，New York\n我爱北京\n".encode()
    by_text = works("segment", "--user-dict", "words.txt", cwd=tmp_path, stdin=text)
    assert by_text.startswith("今 天天 气")
    assert "New York\n" in by_text
    works("dictionary", "compile", "words.txt", "-o", "words.dict", cwd=tmp_path, said=b"4 entries are in words.dict\n")
    assert works("segment", "--user-dict", "words.dict", cwd=tmp_path, stdin=text) == by_text
    both = works("segment", "--user-dict", "gb.txt", "--user-dict-encoding", "gb18030", cwd=tmp_path, stdin=text)
    assert both.endswith("我爱 北京\n")
    spans = works("segment", "--user-dict", "words.txt", "--format", "spans", cwd=tmp_path, stdin=text)
    assert "6-14\n" in spans


def test_user_dictionaries_ignore_case_and_width_when_asked(tmp_path):
    (tmp_path / "words.txt").write_text("爱iPhone !\n", "utf-8")
    text = "我爱IPHONE，我爱ｉＰｈｏｎｅ\n".encode()
    folded = works("segment", "--user-dict", "words.txt", "--ignore-case", "--ignore-width", cwd=tmp_path, stdin=text)
    assert folded.split() == ["我", "爱IPHONE", "，", "我", "爱ｉＰｈｏｎｅ"]
    is_misused("--user-dict", "segment", "--ignore-case", cwd=tmp_path)


def test_user_dictionaries_may_live_with_a_model(tmp_path):
    (tmp_path / "list.txt").write_text("今天 9\n天气 8\n北京 7\n", "utf-8")
    (tmp_path / "words.txt").write_text(ENTRIES, "utf-8")
    options = ("train", "--model", "dictionary", "--lexicon", "list.txt", "--no-jieba", "-o", "own")
    works(*options, cwd=tmp_path, said=b"the model is in own: cws segment --model own input.txt\n")
    assert works("segment", "-m", "own", cwd=tmp_path, stdin=TEXT.encode()) == "今天 天气 好\n我 爱 北京\n"
    works("dictionary", "compile", "words.txt", "-o", "own", cwd=tmp_path,
          said=b"4 entries are in own/user_dictionary.safetensors\n")  # fmt: skip
    assert works("segment", "-m", "own", cwd=tmp_path, stdin=TEXT.encode()) == "今 天天 气 好\n我 爱北京\n"


def test_bad_user_dictionaries_are_named(tmp_path):
    (tmp_path / "words.txt").write_text("好\n天 气\n", "utf-8")
    (tmp_path / "gb.txt").write_text("天气\n", "gb18030")
    (tmp_path / "twice.txt").write_text("天气\n天气\n天气 !\n", "utf-8")
    (tmp_path / "noise.dict").write_bytes(b"\x09\0\0\0\0\0\0\0{")
    fails("words.txt:2: expected a weight, ! or -", "segment", "--user-dict", "words.txt", cwd=tmp_path)
    fails("gb.txt:1:0: .*gb18030", "segment", "--user-dict", "gb.txt", cwd=tmp_path)
    fails("none.txt: .*check the path", "dictionary", "compile", "none.txt", "-o", "x", cwd=tmp_path)
    fails("noise.dict: not a safetensors file", "segment", "--user-dict", "noise.dict", cwd=tmp_path)
    is_misused("--lexicon", "train", "--model", "dictionary", "--train", "words.txt", "-o", "x", cwd=tmp_path)
    warned = subprocess.run(
        [sys.executable, "-m", "cws", "evaluate", "pku", "gold.txt", "--user-dict", "twice.txt"], cwd=tmp_path,
        capture_output=True, env=ENVIRONMENT,
    )  # fmt: skip
    first, second, error = warned.stderr.decode().splitlines()
    assert first == "cws: warning: 1 entry is given twice, first 天气 at twice.txt:1 and twice.txt:2"
    assert second.startswith("cws: warning: 1 entry is given twice and differ")
    assert error.startswith("cws: error: gold.txt: ")


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
        works("lexicon", "report", "lexicon", cwd=tmp_path, said=b"the picture is lexicon.png\n")
        assert (tmp_path / "lexicon.png").exists()


def test_lexicons_of_nothing_are_refused(tmp_path):
    (tmp_path / "raw.txt").write_text("abc 123\n", "utf-8")
    (tmp_path / "gb.txt").write_text("今天天气\n", "gb18030")
    fails("no Chinese", "lexicon", "build", "raw.txt", "-o", "x", cwd=tmp_path)
    fails("none.txt: .*check the path", "lexicon", "build", "none.txt", "-o", "x", cwd=tmp_path)
    fails("gb.txt:1:0: .*gb18030", "lexicon", "build", "gb.txt", "-o", "x", cwd=tmp_path)
    fails("Not a directory", "lexicon", "report", "raw.txt", cwd=tmp_path)
    fails("stdin cannot be read again", "lexicon", "build", "-", "-o", "x", "--work-folder", "w", cwd=tmp_path)
