"""Segmenting with neural models, of every kind and by every way in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from strategies import any_text
from tiny_neural import SENTENCES, every_kind, small_kinds, torch_segmenter

import cws
from cws.errors import InputError

torch = pytest.importorskip("torch", reason="needs torch")

from cws.labelers.neural.windows import window_places  # noqa: E402


@every_kind
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(any_text())
def test_no_text_is_lost(models, kind, text):
    segmenter = cws.load(models[kind])
    words = segmenter.segment(text)
    assert "".join(words) == text
    assert [token.text for token in segmenter.tokens(text)] == words
    assert segmenter.nbest(text, 2)[0][1] == words


@every_kind
def test_words_are_the_same_for_any_batch_and_company(models, kind):
    texts = ["".join(words) for words in SENTENCES[:6]] + ["", " ", "他", "北京的冬天很冷" * 12, "a\nb"]
    alone = [torch_segmenter(models, kind)._open([text], scored=True)[0].emissions(text) for text in texts]
    for size in (1, 1000):
        segmenter = torch_segmenter(models, kind, batch_characters=size)
        together = segmenter._open(texts, scored=True)
        found = [one.emissions(text) for one, text in zip(together, texts, strict=True)]
        if kind.startswith("bilstm"):  # packed: its products have the shape of what is there
            assert [[at for at, _ in one] for one in found] == [[at for at, _ in one] for one in alone]
        else:
            assert found == alone  # bit for bit
        expected = [segmenter.segment(text) for text in texts]
        assert segmenter.segment_batch(texts, 1) == segmenter.segment_batch(texts, 2) == expected


def test_long_texts_are_read_in_windows_that_overlap(models):
    segmenter = torch_segmenter(models, "bert-crf")
    assert segmenter._model.longest == 36
    text = "北京的冬天很冷今天天气真好" * 400
    assert "".join(segmenter.segment(text)) == text
    # Far from its ends, a text of one period is cut periodically.
    words = segmenter.segment("今天天气真好" * 100)
    inner = words[len(words) // 4 : -len(words) // 4]
    assert len(set(inner)) < 30


@pytest.mark.parametrize(
    ("length", "longest"), [(1, 5), (5, 5), (6, 5), (100, 7), (1024, 508), (1000, 129), (3, 1), (9, 2)]
)
def test_windows_give_each_character_once(length, longest):
    places = window_places(length, longest)
    given_for = [at for _, _, first, last in places for at in range(first, last)]
    assert given_for == list(range(length))
    for begin, end, first, last in places:
        assert 0 <= begin <= first < last <= end <= length and end - begin <= longest
        margin = min(64, (longest - 1) // 2)
        assert begin == 0 or first - begin >= margin
        assert end == length or end - last >= margin


@every_kind
def test_files_and_lines_give_the_same_words(models, kind, tmp_path):
    from click.testing import CliRunner

    from cws.cli import cli

    lines = ["".join(words) for words in SENTENCES[:12]] + ["", "a b", "他" * 1500]
    (tmp_path / "in.txt").write_text("\n".join(lines) + "\n", "utf-8")
    segmenter = cws.load(models[kind])
    expected = "".join(" ".join(word for word in segmenter.segment(line) if word.strip()) + "\n" for line in lines)
    for extra in ([], ["--batch-chars", "7"], ["--threads", "1"]):
        done = CliRunner().invoke(cli, ["segment", "--model", models[kind], str(tmp_path / "in.txt"), *extra])
        assert done.exit_code == 0, done.output
        assert done.stdout == expected


@every_kind
def test_arrow_columns_give_the_same_words(models, kind):
    pa = pytest.importorskip("pyarrow")
    from cws.engines.spark.columns import segment_column

    texts = ["".join(words) for words in SENTENCES[:12]] + ["", None, "a b", "他 \n们", "他" * 1500]
    segmenter = cws.load(models[kind], user_dictionary=["好吃"])
    found = segment_column(segmenter, pa.array(texts)).to_pylist()
    assert found == [None if text is None else segmenter.segment(text) for text in texts]
    assert isinstance(segmenter.predictor.word_ends(b"\xff"), int)


@small_kinds
def test_core_and_torch_find_the_same_words(models, kind):
    texts = ["".join(words) for words in SENTENCES[:12]] + ["", "他 们\n图书馆", "𠮷A1" * 700]
    core, reference = cws.load(models[kind], precision="float32", units=False).predictor, torch_segmenter(models, kind)
    assert type(core).__name__ == "NeuralPredictor"
    assert core.segment_batch(texts, 2) == reference.segment_batch(texts, 1)
    for text in texts[:4]:
        for (at, ours), (where, theirs) in zip(core.emissions(text), reference.emissions(text), strict=True):
            # A softmax's logits differ from its log-probabilities by a number for each character.
            ours, theirs = (np.array(one).reshape(-1, 4) for one in (ours, theirs))
            shift = 0 if kind.endswith("-crf") else (theirs - ours).mean(axis=1, keepdims=True)
            assert at == where and np.abs(ours + shift - theirs).max() < 1e-4


def test_cpu_needs_no_torch(models):
    script = f"""if True:
        import sys, cws
        sys.modules["torch"] = None  # what imports it now fails
        print(cws.load({models["cnn-crf"]!r}).segment("今天天气真好"))
        try:
            cws.load({models["bert-crf"]!r})
        except ValueError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "今天" in done.stdout and "needs pip install 'cws-toolkit[neural]'" in done.stdout


@every_kind
def test_user_dictionaries_work(models, kind):
    segmenter = cws.load(models[kind], user_dictionary=["今天天气"])
    segmenter.add_word("明天去", "!", "PLAN")
    assert "明天去" in segmenter.segment("我们明天去公园看花")
    labels = {token.text: token.label for token in segmenter.tokens("我们明天去公园看花")}
    assert labels["明天去"] == "PLAN"


def test_precisions_of_the_cpu(models):
    texts = ["".join(words) for words in SENTENCES[:12]]
    exact = torch_segmenter(models, "bert-crf")._open(texts, scored=True)
    for precision, most in (("bf16", 0.5), ("int8", 0.5)):
        found = torch_segmenter(models, "bert-crf", precision=precision)._open(texts, scored=True)
        differences = [
            np.abs(np.array(a.emissions(text)[0][1]) - np.array(b.emissions(text)[0][1])).max()
            for a, b, text in zip(exact, found, texts, strict=True)
        ]
        assert 0 < max(differences) < most
    with pytest.raises(InputError, match="no precision 'int4'"):
        torch_segmenter(models, "bert-crf", precision="int4")
    with pytest.raises(InputError, match="batch_characters must be 1 or more"):
        torch_segmenter(models, "bert-crf", batch_characters=0)
    with pytest.raises(InputError, match="are for neural models; this one is linear"):
        cws.load(precision="bf16")


def test_command_line_trains_evaluates_and_plots(tmp_path, monkeypatch, encoder):
    from click.testing import CliRunner

    from cws.cli import cli

    def call(*arguments, status=0):
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exit_code == status, done.output
        return done.output + str(done.exception or "")

    monkeypatch.chdir(tmp_path)
    shown = call("train", "--model", "cnn-crf", "--epochs", "1", "--threads", "1", "--no-jieba", "--device", "cpu")
    assert "the bundled sample" in shown and "the model is in cws-cnn-crf" in shown
    assert "F1" in call("evaluate", "cws-cnn-crf", str(Path(cws.__file__).parent / "data" / "sample" / "dev.txt"))
    Path("gold.txt").write_text("\n".join(map(" ".join, SENTENCES)), "utf-8")
    arguments = ("train", "-m", "bert", "--encoder", encoder, "--encoder-layers", "1", "--batch-chars", "40")
    arguments += ("--train", "gold.txt", "-o", "tuned", "--threads", "1")
    assert "stopped at step" in call(*arguments, "--minutes", "1e-9")
    assert "no epoch is complete yet" in call("plot", "tuned", status=1)
    assert "going on after epoch 0" in call(*arguments)
    call("plot", "cws-cnn-crf", "tuned", "-o", "both.png")
    assert Path("both.png").read_bytes().startswith(b"\x89PNG")
    assert "expected a name that ends in" in call("plot", "tuned", "-o", "both.doc", status=1)
    assert (
        "finds no CUDA device" in call(*arguments, "--overwrite", "--device", "cuda", status=1)
        or torch.cuda.is_available()
    )
