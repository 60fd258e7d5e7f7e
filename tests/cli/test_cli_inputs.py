"""What commands do with files that are not what they should be, and with names that are nearly right."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec

import pytest
from commands import COMMAND, ENVIRONMENT, GOLD, TEXT, fails, files, is_misused, run, works
from hypothesis import given, settings
from hypothesis import strategies as st

from cws.cli.evaluate import evaluate
from cws.cli.score import score
from cws.corpus import read_segmented
from cws.segmenter import load
from cws.streaming import segment_blocks
from cws.text import is_written

needs_torch = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("transformers")), reason="needs torch and transformers"
)
UNSEGMENTED = GOLD.replace(" ", "")
TAGGED = GOLD.replace(" ", "/n ").replace("\n", "/v\n")
TRAIN = ("train", "--no-jieba", "-o", "model")


@pytest.mark.parametrize("kind", ["linear", "hmm", pytest.param("cnn", marks=needs_torch)])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (UNSEGMENTED, "not segmented: .* one word"),
        ("\n".join(" ".join(line) for line in UNSEGMENTED.split("\n")), "cut into characters"),
        ("".join(f"{one}\tO\n" for one in UNSEGMENTED if one != "\n"), "the tags spell no words"),
    ],
)
def test_cli_train_refuses_what_is_not_segmented(here, kind, content, message):
    (here / "bad.txt").write_text(content, encoding="utf-8")
    fails(rf"bad\.txt:1: .*{message}", *TRAIN, "--model", kind, "--train", "bad.txt", cwd=here)
    if kind != "hmm":
        fails(r"bad\.txt:1: ", *TRAIN, "--model", kind, "--train", "gold.txt", "--dev", "bad.txt", cwd=here)


def test_cli_train_drops_tags_and_says_so(here):
    (here / "tagged.txt").write_text(TAGGED, encoding="utf-8")
    said = [run("train", "--no-jieba", "--train", f"{name}.txt", "-o", name, cwd=here) for name in ("tagged", "gold")]
    assert "cws: warning: tagged.txt:1: the words have tags, such as 今天/n: the tags are dropped\n" in (
        said[0].stderr.decode()
    )
    tagged, gold = ((here / name / "weights.safetensors").read_bytes() for name in ("tagged", "gold"))
    assert tagged == gold


@pytest.mark.parametrize("kind", ["linear", "hmm"])
def test_cli_train_joins_several_files(here, kind):
    lines = GOLD.splitlines(keepends=True)
    (here / "a.txt").write_text("".join(lines[:5]), encoding="utf-8")
    (here / "b.txt").write_text("".join(lines[5:]), encoding="utf-8")
    options = ("train", "-m", kind, "--no-jieba")
    assert run(*options, "--train", "a.txt", "--train", "b.txt", "-o", "both", cwd=here).returncode == 0
    assert run(*options, "--train", "gold.txt", "-o", "one", cwd=here).returncode == 0
    assert run(*options, "--train", "a.txt", "-o", "half", cwd=here).returncode == 0
    both, one, half = ((here / name / "weights.safetensors").read_bytes() for name in ("both", "one", "half"))
    assert both == one != half


def test_cli_train_joins_several_dev_files(here):
    for name in ("a", "b"):
        (here / f"{name}.txt").write_text(GOLD, encoding="utf-8")
    result = run(*TRAIN, "--train", "gold.txt", "--dev", "a.txt", "--dev", "b.txt", cwd=here)
    assert "12 sentences to train on, 24 to choose on" in result.stderr.decode()


def test_cli_train_cuts_a_corpus_of_one_line(here):
    (here / "line.txt").write_text(GOLD.replace("\n", " 。 "), encoding="utf-8")
    result = run(*TRAIN, "--train", "line.txt", cwd=here)
    assert result.returncode == 0
    assert "11 sentences to train on, 1 to choose on" in result.stderr.decode()


@pytest.mark.parametrize("line", ["机器 学习 5", "用的 -3", "词 3.5", "词 5e2", f"词 {'9' * 20}"])
def test_cli_train_names_the_line_of_a_word_list(here, line):
    (here / "words.txt").write_text(f"好 5\n{line}\n", encoding="utf-8")
    fails(r"words\.txt:2: expected a count .*: .*give a line", *TRAIN, "--train", "gold.txt", "--lexicon", "words.txt",
          cwd=here)  # fmt: skip


@pytest.mark.parametrize("kind", ["linear", "hmm", "dictionary"])
def test_cli_train_takes_switches_of_showing_for_every_kind(here, kind):
    (here / "words.txt").write_text("好 5\n", encoding="utf-8")
    corpus = ("--lexicon", "words.txt") if kind == "dictionary" else ("--train", "gold.txt")
    for at, switch in enumerate(("--no-progress", "--progress")):
        result = run("train", "-m", kind, *corpus, switch, "--no-jieba", "-o", f"m{at}", cwd=here)
        assert (result.returncode, result.stdout) == (0, b"")
    is_misused("--jieba is for linear", "train", "-m", "hmm", "--train", "gold.txt", "--jieba", cwd=here)


# Outputs


@pytest.mark.parametrize("output", ["input.txt", "./input.txt", "sub/../input.txt", "link.txt", "hard.txt"])
def test_cli_segment_refuses_an_output_that_is_an_input(here, output):
    (here / "sub").mkdir()
    (here / "link.txt").symlink_to("input.txt")
    os.link(here / "input.txt", here / "hard.txt")
    message = "would be overwritten: choose another output"
    fails(f"input.txt is the output too, and {message}", "segment", "input.txt", "-o", output, cwd=here)
    fails(f"input.txt is the output too, and {message}", "segment", "gold.txt", "input.txt", "-o", output, cwd=here)
    before = files(here)
    with open(here / "input.txt", "rb") as stdin:
        result = run_with(stdin, "segment", "-o", output, cwd=here)
    assert result.returncode == 1
    assert f"<stdin> is the output too, and {message}" in result.stderr.decode()
    with open(here / "input.txt", "ab") as stdout:
        assert run_with(None, "segment", "input.txt", cwd=here, stdout=stdout).returncode == 1
    assert files(here) == before


def run_with(stdin, *args, cwd, stdout=None):
    stdout = stdout or subprocess.PIPE
    return subprocess.run(
        [*COMMAND, *args], cwd=cwd, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=100
    )


@needs_torch
def test_cli_outputs_that_are_other_inputs_are_refused(here):
    (here / "words.txt").write_text("好\n", encoding="utf-8")
    assert run(*TRAIN, "--train", "gold.txt", cwd=here).returncode == 0
    fails("words.txt is the output", "segment", "input.txt", "--user-dict", "words.txt", "-o", "words.txt", cwd=here)
    fails("cws.json is the output", "segment", "input.txt", "-m", "model", "-o", "model/cws.json", cwd=here)
    fails("input.txt is the output", "lexicon", "segment", "model", "input.txt", "-o", "input.txt", cwd=here)
    fails("cws.json is the output", "lexicon", "report", "model", "-o", "model/cws.json", cwd=here)
    fails("cws.json is the output", "plot", "model", "-o", "model/cws.json", cwd=here)
    hmm = ("train", "-m", "hmm", "--init", "model", "--raw", "input.txt", "-o", "model", "--overwrite")
    fails("model is an input and the output", *hmm, cwd=here)
    fails("model holds a model: choose another folder", "pretrain", "input.txt", "-o", "model", cwd=here)
    fails("model holds a model that is no lexicon", "lexicon", "build", "input.txt", "-o", "model", cwd=here)


def test_cli_segment_into_files_that_are_no_inputs_works(here):
    (here / "words.txt").write_text("old", encoding="utf-8")
    shutil.copy(here / "input.txt", here / "copy.txt")
    for output in ("words.txt", "new.txt", "copy.txt"):
        works("segment", "input.txt", "-o", output, cwd=here)
    works("segment", "input.txt", "-o", "/dev/null", cwd=here)


@needs_torch
def test_cli_train_refuses_a_folder_with_a_model(here):
    assert run(*TRAIN, "--train", "gold.txt", cwd=here).returncode == 0
    message = "model holds a model: choose another folder, or give --overwrite"
    fails(message, *TRAIN, "--train", "gold.txt", cwd=here)
    fails(message, *TRAIN, "--train", "gold.txt", "-m", "hmm", cwd=here)
    fails(message, *TRAIN, "-m", "cnn", "--train", "gold.txt", cwd=here)
    for name in ("user_dictionary.safetensors", "config.json", "tokenizer.json", "history.jsonl", "notes.md"):
        (here / "model" / name).write_text("old", encoding="utf-8")
    before = files(here)
    broken = run(*TRAIN, "--train", "input.txt", "--overwrite", cwd=here)
    assert broken.returncode == 1
    assert files(here) == before
    assert run(*TRAIN, "-m", "hmm", "--train", "gold.txt", "--overwrite", cwd=here).returncode == 0
    assert sorted(os.listdir(here / "model")) == ["cws.json", "notes.md", "weights.safetensors"]
    assert '"kind": "hmm"' in (here / "model" / "cws.json").read_text("utf-8")


def test_cli_train_refuses_to_replace_its_own_word_list(here):
    raw = here / "raw.txt"
    raw.write_text("研究生命的起源，北京大学今天天气\n" * 200, encoding="utf-8")
    build = ("lexicon", "build", "raw.txt", "-o", "lexicon", "--goal", "entropy")
    assert run(*build, cwd=here).returncode == 0
    assert run(*build, cwd=here).returncode == 0  # a lexicon is built again into its folder
    own = ("--lexicon", "lexicon/lexicon.txt", "-o", "lexicon", "--overwrite")
    fails("lexicon/lexicon.txt is the output too", "train", "--no-jieba", "-m", "dictionary", *own, cwd=here)
    fails("lexicon/lexicon.txt is the output too", *build, "--known", "lexicon/lexicon.txt", cwd=here)


# Scores


def test_cli_scores_of_what_is_not_segmented(here):
    (here / "bad.txt").write_text(UNSEGMENTED, encoding="utf-8")
    fails(r"bad\.txt:1: this is not segmented: .*give one sentence a line", "evaluate", "pku", "bad.txt", cwd=here)
    fails(r"bad\.txt:1: this is not segmented", "score", "bad.txt", "gold.txt", cwd=here)
    fails(r"bad\.txt:1: this is not segmented", "score", "gold.txt", "gold.txt", "--train-words", "bad.txt", cwd=here)
    result = run("score", "gold.txt", "bad.txt", cwd=here)
    assert (result.returncode, b"F1" in result.stdout) == (0, True)
    assert result.stderr.decode().startswith("cws: warning: bad.txt:1: this is not segmented: 12 of 12 lines")


def test_cli_evaluate_reads_tagged_gold(here):
    (here / "tagged.txt").write_text(TAGGED, encoding="utf-8")
    result = run("evaluate", "pku", "tagged.txt", cwd=here)
    assert result.stdout.decode() == works("evaluate", "pku", "gold.txt", cwd=here)
    assert b"the words have tags, such as" in result.stderr


# Names


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("segment", "-m", "PKU", "input.txt"), "no model 'PKU': did you mean pku"),
        (("segment", "-m", "ctb6", "input.txt"), "no model 'ctb6': did you mean ctb"),
        (("evaluate", "ctb6", "gold.txt"), "no model 'ctb6': did you mean ctb"),
        (("corpora", "show", "PKU"), "no corpus is called 'PKU': did you mean pku"),
        (("segment", "今天天气真好"), "今天天气真好: No such file .*: echo '?今天天气真好'? | cws segment$"),
        (("segment", "今天天气真好" * 50), "File name too long: .*: echo .* | cws segment$"),
        (("segment", "input.txt", "他说：“好”"), "他说：“好”: No such file .*: echo '他说：“好”' | cws segment$"),
        (("segment", "nothing.txt"), "nothing.txt: No such file or directory: check the path$"),
    ],
)
def test_cli_names_that_are_nearly_right(here, args, message):
    fails(message, *args, cwd=here)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("sgment",), "No such command 'sgment'. Did you mean 'segment'?"),
        (("Train",), "No such command 'Train'. Did you mean 'train'?"),
        (("xyz",), "No such command 'xyz'."),
        (("lexicon", "bild"), "No such command 'bild'. Did you mean 'build'?"),
        (("corpora", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("train", "--model", "bertcrf"), "'bertcrf' is not one of .* Did you mean 'bert-crf'?"),
        (("train", "--model", "BERT_CRF"), "Did you mean 'bert-crf'?"),
        (("segment", "--format", "jsn"), "Did you mean 'json'?"),
        (("train", "--trian", "x"), "--train"),
    ],
)
def test_cli_commands_and_choices_that_are_nearly_right(here, args, message):
    is_misused(message.replace(".", r"\.").replace(r"\.*", ".*"), *args, cwd=here)


# Control characters

CONTROLS = [chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if chr(code) != "\n"]
texts = st.text(st.sampled_from(["今", "天", "气", "好", "a", "1", "。", " ", "\u2028", *CONTROLS]), max_size=30)


@given(lines=st.lists(texts, min_size=1, max_size=4))
@settings(deadline=None)
def test_cli_control_characters_are_those_of_python(lines):
    segmenter = load()
    written = b"".join(segment_blocks(segmenter, ["\n".join(lines).encode()])).decode()
    # The end of a line may be \r\n; \r elsewhere, and other ends of lines that Unicode knows, are within a line.
    found = [" ".join(filter(is_written, segmenter.segment(line.removesuffix("\r")))) for line in lines]
    assert written == "".join(f"{line}\n" for line in (found if lines[-1] else found[:-1]))


@given(lines=st.lists(texts.filter(lambda text: any(map(str.isalnum, text))), min_size=1, max_size=4))
@settings(deadline=None)
def test_cli_scores_control_characters_as_it_segments_them(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("controls")
    segmenter = load()
    raw = "\n".join(lines).encode()
    (folder / "gold.txt").write_bytes("\n".join(" ".join(segmenter.segment(line)) for line in lines).encode())
    (folder / "words.txt").write_bytes(b"".join(segment_blocks(segmenter, [raw])))
    counts, _ = score(str(folder / "gold.txt"), str(folder / "words.txt"))
    assert counts.f1 == 1
    gold = [list(filter(is_written, words)) for words in read_segmented(folder / "gold.txt")]
    assert gold == list(read_segmented(folder / "words.txt"))
    assert evaluate(segmenter, str(folder / "words.txt")).gold_words == counts.gold_words


def test_cli_text_has_no_control_characters_in_its_words(here):
    assert TEXT
    assert works("segment", cwd=here, stdin="今天\0天气\x1b真\x85好\r\n好\r坏".encode()) == "今天 天气 真 好\n好 坏\n"


@needs_torch
def test_cli_train_goes_on_in_its_own_folder(here):
    train = (*TRAIN, "-m", "cnn", "--train", "gold.txt", "--epochs", "2", "--threads", "1")
    assert run(*train, "--minutes", "0.00001", cwd=here).returncode == 0
    assert sorted(os.listdir(here / "model")) == ["checkpoint.safetensors", "history.jsonl"]
    assert b"the model is in model" in run(*train, cwd=here).stderr
    complete = ["cws.json", "history.jsonl", "weights.safetensors"]
    assert sorted(os.listdir(here / "model")) == complete
    fails("model holds a model", *train, cwd=here)
    assert run(*train, "--seed", "2", "--overwrite", "--minutes", "0.00001", cwd=here).returncode == 0
    assert sorted(os.listdir(here / "model")) == ["checkpoint.safetensors", *complete]
    assert b"the model is in model" in run(*train, "--seed", "2", cwd=here).stderr
    assert sorted(os.listdir(here / "model")) == complete
