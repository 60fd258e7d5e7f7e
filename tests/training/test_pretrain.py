"""Pretraining, with models so small that it takes seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

import cws
from cws.cli import cli
from cws.errors import EncodingError, FileError, InputError, ModelError
from cws.text import fold

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

from cws.labelers.neural.bert import Bert, load_encoder  # noqa: E402
from cws.labelers.neural.features import Batch  # noqa: E402
from cws.training.pretraining.masking import CLS, MASK, SEP, UNK, Vocabulary, mask_words  # noqa: E402
from cws.training.pretraining.options import PretrainOptions, shape  # noqa: E402
from cws.training.pretraining.packed_text import (  # noqa: E402
    BEGIN,
    FIRST,
    HELD_OUT,
    LAST,
    UNKNOWN,
    PackedText,
    Part,
    pack_text,
)  # fmt: skip
from cws.training.pretraining.pretrain import pretrain  # noqa: E402

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
torch.set_num_threads(1)  # two that wait for each other are slower, and the killed trainings have one
TINY = PretrainOptions(size="1x64", steps=20, epochs=5, batch_size=2, length=32)


def segment(texts: list[str]) -> list[list[str]]:
    return cws.load().segment_batch(texts)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sentences of the sample corpus as raw text, many times so that a hundredth is enough."""
    sample = Path(cws.__file__).parent / "data/sample/train.txt"
    lines = sample.read_text("utf-8").replace(" ", "").split("\n")
    path = tmp_path_factory.mktemp("raw") / "text.txt"
    path.write_text("\n".join(f"{line}{'天地人'[n]}A1" for n in range(3) for line in lines if line), "utf-8")
    return path


def lines_of(packed, text: PackedText) -> list[list[str]]:
    """The words of the lines of a packed text, from its numbers alone."""
    lines: list[list[str]] = []
    for code in text.codes.tolist():
        number = code & (BEGIN - 1)
        if number == FIRST:
            lines.append([])
        elif number != LAST:
            character = "\N{REPLACEMENT CHARACTER}" if number == UNKNOWN else packed.characters[number - UNKNOWN - 1]
            if code & BEGIN:
                lines[-1].append("")
            lines[-1][-1] += character
        else:
            assert code & BEGIN
    return lines


def folded_words(words: list[str]) -> list[str]:
    return ["".join(c if ord(c) < 0x10000 and not "\ud800" <= c < "\ue000" else "\ufffd" for c in fold(word))
            for word in words]  # fmt: skip


LINES = st.lists(st.text(st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]), max_size=12))


@settings(max_examples=50)
@given(LINES, st.integers(0, 2**32 - 1))
def test_packed_text_has_every_line_and_every_word(tmp_path_factory, lines, seed):
    folder = tmp_path_factory.mktemp("packed")
    own = [line for line in lines if line and not line.isspace()]
    marked = [f"我们今天去北京{n}" for n in range(1500)]  # so that there is something on either side
    (folder / "raw.txt").write_text("\n".join(lines + marked), "utf-8", newline="")
    packed = pack_text([folder / "raw.txt"], folder, segment, seed=seed)
    is_held = [zlib.crc32(line.encode(), seed) % HELD_OUT == 0 for line in own + marked]
    for side, text in enumerate((packed.train, packed.held_out)):
        expected = [folded_words(words) for words, held in zip(segment(own + marked), is_held, strict=True)
                    if held == side]  # fmt: skip
        assert lines_of(packed, text) == expected


def test_packed_text_is_written_once(tmp_path, text):
    calls = []

    def count(texts):
        calls.append(len(texts))
        return segment(texts)

    first = pack_text([text], tmp_path, count)
    assert sum(calls) == len(text.read_text("utf-8").split("\n"))
    calls.clear()
    again = pack_text([text], tmp_path, count)
    assert not calls
    assert again.checksum == first.checksum
    assert pack_text([text], tmp_path, count, seed=2).checksum != first.checksum
    assert calls


def test_packed_text_counts_characters(tmp_path, text):
    packed = pack_text([text], tmp_path, segment)
    lines = lines_of(packed, packed.train)
    counts = dict.fromkeys(packed.characters, 0)
    for character in "".join("".join(words) for words in lines):
        counts[character] += 1
    assert list(counts.values()) == packed.counts


def test_windows_are_spread_evenly_and_large_files_are_sampled_down():
    codes = np.arange(50_000, dtype=np.uint16)
    text = PackedText(
        codes, [Part("large", 0, 40_000, 1), Part("none", 40_000, 40_000, 0), Part("b", 40_000, 50_000, 1)]
    )
    starts = text.windows(0, 600, 8)[:, 0].astype(int)
    large, small = np.sort(starts[starts < 40_000]), np.sort(starts[starts >= 40_000])
    assert abs(len(large) - 2 * len(small)) <= 6  # as the roots of 40,000 and 10,000
    for sorted_starts, size in ((large, 40_000), (small, 10_000)):
        gaps = np.diff(sorted_starts)
        assert gaps.min() >= 0.3 * size / len(sorted_starts)
        assert gaps.max() <= 3 * size / len(sorted_starts)
    assert (text.windows(7, 5, 8) == text.windows(0, 12, 8)[7:]).all()
    assert (np.diff(text.windows(0, 600, 8).astype(int)) == 1).all()


VOCABULARY = Vocabulary(np.arange(20), np.arange(20) >= 6, MASK, 20)


@given(st.integers(1, 4), st.integers(1, 40), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_masks_are_whole_words_of_the_right_share(rows, length, share, seed):
    random = np.random.default_rng(seed)
    tokens = random.integers(4, 20, (rows, length))
    begins = random.random((rows, length)) < 0.6
    before = tokens.copy(), begins.copy()
    seen, places, targets = mask_words(tokens, begins, VOCABULARY, share, np.random.default_rng(seed + 1))
    assert (tokens == before[0]).all()
    assert (begins == before[1]).all()
    assert (targets == tokens.ravel()[places]).all()
    assert (np.diff(places) > 0).all()
    untouched = np.ones(tokens.size, bool)
    untouched[places] = False
    assert (seen.ravel() == tokens.ravel())[untouched].all()
    # By the slow way: words are runs inside a row, chosen whole or not at all.
    words: list[list[int]] = []
    for at in range(tokens.size):
        if at % length == 0 or begins.ravel()[at]:
            words.append([])
        words[-1].append(at)
    chosen = [set(word) <= set(places.tolist()) for word in words]
    assert not any(
        set(word) & set(places.tolist()) for word, is_chosen in zip(words, chosen, strict=True) if not is_chosen
    )
    allowed = [len(word) for word in words if all(tokens.ravel()[at] >= 6 for at in word)]
    assert all(tokens.ravel()[places] >= 6)
    wanted = share * sum(allowed)
    assert wanted - 1e-6 <= len(places) < wanted + max(allowed, default=1)


def test_masks_are_eight_of_ten_the_mask_one_another_one_the_same():
    tokens = np.random.default_rng(1).integers(6, 20, (100, 400))
    seen, places, targets = mask_words(tokens, tokens % 2 == 0, VOCABULARY, 0.2, np.random.default_rng(2))
    shown = seen.ravel()[places]
    assert len(places) == pytest.approx(0.2 * tokens.size, rel=0.001)
    assert (shown == MASK).mean() == pytest.approx(0.8, abs=0.02)
    assert (shown == targets).mean() == pytest.approx(0.1 + 0.1 / 14, abs=0.02)  # some others are the same by chance
    assert (shown != MASK).mean() == pytest.approx(0.2, abs=0.02)


def test_masks_of_nothing_are_nothing():
    seen, places, targets = mask_words(
        np.full((2, 5), 4), np.ones((2, 5), bool), VOCABULARY, 0.5, np.random.default_rng()
    )
    assert (seen == 4).all()
    assert len(places) == len(targets) == 0


def test_vocabulary_is_of_folded_characters_without_space(tmp_path):
    lines = [f"我们 在ＰＫＵ讀書{n}年。龘" if n == 3 else f"我们 在ＰＫＵ讀書{n}年。" for n in range(500)]
    (tmp_path / "raw.txt").write_text("\n".join(lines), "utf-8")
    packed = pack_text([tmp_path / "raw.txt"], tmp_path, segment)
    vocabulary = Vocabulary.of_text(packed)
    assert set(vocabulary.names[5:]) == set("我们在a读书0年。")  # one 龘 is too rare
    assert vocabulary.of_numbers[[FIRST, LAST, UNKNOWN]].tolist() == [CLS, SEP, UNK]
    unpredicted = {name for name, ok in zip(vocabulary.names, vocabulary.predicted, strict=True) if not ok}
    assert unpredicted == {*vocabulary.names[:5], "a", "0"}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory, text) -> Path:
    """The folder of an encoder that was pretrained without interruption."""
    folder = tmp_path_factory.mktemp("encoder")
    assert pretrain([text], folder, segment, options=TINY)
    return folder


def test_encoder_is_a_hugging_face_directory(encoder):
    from transformers import AutoModel, AutoTokenizer

    assert sorted(os.listdir(encoder)) == ["README.md", "config.json", "history.jsonl", "model.safetensors",
                                           "tokenizer.json", "tokenizer_config.json", "vocab.txt"]  # fmt: skip
    with safe_open(encoder / "model.safetensors", "pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118
    model, tokenizer = AutoModel.from_pretrained(encoder), AutoTokenizer.from_pretrained(encoder)
    names = (encoder / "vocab.txt").read_text("utf-8").split("\n")[:-1]
    assert len(names) == model.config.vocab_size == len(set(names))
    ids = tokenizer("今天Ｂb，9 龘")["input_ids"]
    assert [names[token] for token in ids] == ["[CLS]", *"今天aa,0", "[UNK]", "[UNK]", "[SEP]"]
    assert tokenizer.decode(tokenizer("今天天气")["input_ids"], skip_special_tokens=True) == "今天天气"
    assert (tokenizer.pad_token, tokenizer.unk_token, tokenizer.mask_token) == ("[PAD]", "[UNK]", "[MASK]")
    assert model.float()(torch.tensor([ids])).last_hidden_state.shape == (1, 10, 64)


def test_encoder_has_a_card_and_a_history(encoder):
    history = [json.loads(line) for line in (encoder / "history.jsonl").read_text().split("\n")[:-1]]
    assert [record["step"] for record in history] == [4, 8, 12, 16, 20]
    card = (encoder / "README.md").read_text("utf-8")
    assert "| text.txt |" in card
    assert f"| 20 | {history[-1]['loss']:.3f} | {history[-1]['masked_loss']:.3f} |" in card


def test_encoder_is_read_character_by_character(encoder):
    model, _, tokens = load_encoder(encoder)
    assert next(model.parameters()).dtype == torch.float32
    texts = ["我在ＰＫＵ讀書20年", "今天天气很好" * 40]  # longer than any window of the pretraining
    assert tokens.encode(texts[0]).tolist() == tokens.encode("我在aaa读书00年").tolist()
    bert = Bert(model, tokens).eval()
    together = bert(Batch.of([tokens.encode(text) for text in texts]))
    alone = [bert(Batch.of([tokens.encode(text)])) for text in texts]
    assert together.shape == (sum(map(len, texts)), 64)
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


def test_pretraining_learns(tmp_path):
    """The second half of each line follows from the first: half of what is hidden follows from the rest."""
    lines = [f"{a}{n}{b}" for n in range(1000) for a, b in ("天地", "黑白", "大小", "来去")]
    np.random.default_rng(1).shuffle(lines)  # so that a line does not follow from the one before
    (tmp_path / "raw.txt").write_text("\n".join(lines), "utf-8")
    options = PretrainOptions(size="2x64", steps=200, epochs=2, batch_size=8, length=32, learning_rate=5e-3)
    pretrain([tmp_path / "raw.txt"], tmp_path, lambda texts: [list(text) for text in texts], options=options)
    records = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().split("\n")[:-1]]
    assert records[1]["masked_loss"] < records[0]["masked_loss"]
    assert records[1]["masked_loss"] < 1.7  # without the rest it is at least the log of 8, 2.08


def test_pretraining_stopped_again_and_again_gives_the_same_weights(tmp_path, text, encoder):
    lines: list[str] = []
    calls = 1
    while not pretrain([text], tmp_path, segment, options=TINY, stop_after=0, log_line=lines.append):
        calls += 1
    assert calls > 10
    assert sum("going on after" in line for line in lines) == calls - 1
    assert (tmp_path / "model.safetensors").read_bytes() == (encoder / "model.safetensors").read_bytes()


def test_pretraining_killed_and_resumed_gives_the_same_weights(tmp_path, text, encoder):
    command = [sys.executable, "-m", "cws", "pretrain", str(text), "-o", str(tmp_path), "--size", "1x64", "--steps",
               "20", "--batch-size", "2", "--length", "32", "--threads", "1"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(Path(cws.__file__).parents[1]), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("epoch  3"):  # and it works on the next one
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "model.safetensors").exists()
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "going on after epoch" in done.stderr
    whole = tmp_path / "whole"
    pretrain([text], whole, segment, options=PretrainOptions(size="1x64", steps=20, batch_size=2, length=32))
    assert (tmp_path / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_pretraining_in_two_processes_stops_and_goes_on(tmp_path, text):
    """All processes stop at the same step, whichever looks at the clock first."""
    environment = os.environ | {"PYTHONPATH": str(Path(cws.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    files = []
    for folder, limit in (("whole", []), ("pieces", ["--minutes", "0.05"])):
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "cws", "pretrain",
                   str(text), "-o", str(tmp_path / folder), "--size", "1x64", "--steps", "60", "--batch-size", "2",
                   "--length", "32", "--threads", "1", *limit]  # fmt: skip
        pieces = 0
        while not (tmp_path / folder / "model.safetensors").exists():
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
            assert done.returncode == 0, done.stderr
            pieces += 1
        assert (pieces > 1) == bool(limit)
        files.append((tmp_path / folder / "model.safetensors").read_bytes())
    assert files[0] == files[1]


def test_pretraining_goes_on_from_an_encoder(tmp_path, text, encoder):
    options = PretrainOptions(steps=2, epochs=1, batch_size=2, length=32, learning_rate=1e-5)
    pretrain([text], tmp_path, segment, options=options, init=str(encoder))
    before, after = load_encoder(encoder)[0].state_dict(), load_encoder(tmp_path)[0].state_dict()
    assert all(torch.allclose(before[name], after[name], atol=1e-3) for name in before)
    assert any((before[name] != after[name]).any() for name in before)


def test_pretraining_goes_on_from_a_bert(tmp_path, text, encoder):
    from transformers import BertConfig, BertModel

    start = tmp_path / "bert"
    size = (encoder / "vocab.txt").read_text("utf-8").count("\n")
    config = BertConfig(vocab_size=size, hidden_size=64, num_hidden_layers=1, num_attention_heads=1,
                        intermediate_size=64, max_position_embeddings=32)  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(start)
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        (start / name).write_bytes((encoder / name).read_bytes())
    options = PretrainOptions(steps=2, epochs=1, batch_size=2, length=32)
    assert pretrain([text], tmp_path / "out", segment, options=options, init=str(start))
    assert load_encoder(tmp_path / "out")[0].config.model_type == "bert"
    with pytest.raises(InputError, match="reads 32 characters at most"):
        pretrain([text], tmp_path / "no", segment, options=PretrainOptions(length=64), init=str(start))


def test_pretraining_from_an_encoder_without_a_mask_says_so(tmp_path, text, encoder):
    start = tmp_path / "start"
    start.mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt", "tokenizer.json"):
        (start / name).write_bytes((encoder / name).read_bytes())
    config = json.loads((encoder / "tokenizer_config.json").read_text())
    (start / "tokenizer_config.json").write_text(json.dumps(config | {"mask_token": None}))
    with pytest.raises(InputError, match="has no mask"):
        pretrain([text], tmp_path / "out", segment, options=TINY, init=str(start))


def test_pretraining_does_not_overwrite_an_encoder(encoder, text):
    with pytest.raises(InputError, match="an encoder is there and complete"):
        pretrain([text], encoder, segment, options=TINY)


def test_pretraining_of_other_options_does_not_go_on(tmp_path, text):
    assert not pretrain([text], tmp_path, segment, options=TINY, stop_after=0)
    with pytest.raises(ModelError, match="another training was interrupted here"):
        pretrain([text], tmp_path, segment, options=PretrainOptions(size="1x64", steps=21, batch_size=2, length=32))


def test_pretraining_without_enough_text_says_so(tmp_path):
    for name, content, message in (
        ("empty", "\n  \n", "no text in"),
        ("short", "今天天气真好\n", "too little text"),
        ("latin", "".join(f"number {n}\n" for n in range(2000)), "nothing to predict|common Chinese"),
    ):
        (tmp_path / name).write_text(content, "utf-8")
        with pytest.raises(InputError, match=message):
            pretrain([tmp_path / name], tmp_path / "out", segment, options=TINY)
        assert not (tmp_path / "out/model.safetensors").exists()
    with pytest.raises(FileError, match="check the path"):
        pretrain([tmp_path / "none"], tmp_path / "out", segment, options=TINY)
    with pytest.raises(InputError, match="give files, not a pipe"):
        pretrain(["-"], tmp_path / "out", segment, options=TINY)


def test_pretraining_of_bytes_that_are_no_text_leaves_nothing(tmp_path):
    (tmp_path / "raw").write_bytes("今天天气真好\n".encode("gb18030") * 100)
    with pytest.raises(EncodingError, match="gb18030"):
        pretrain([tmp_path / "raw"], tmp_path / "out", segment, options=TINY)
    assert os.listdir(tmp_path / "out") == []


def test_pretraining_into_a_file_says_so(tmp_path, text):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError):
        pretrain([text], tmp_path / "file", segment, options=TINY)


@pytest.mark.parametrize(
    "option",
    [{"steps": 0}, {"masked": 1.0}, {"length": 4}, {"learning_rate": 0.0}, {"seed": -1}, {"clip": 0}, {"beta2": 1.0}],
)
def test_pretraining_options_are_checked(option):
    with pytest.raises(InputError, match=next(iter(option))):
        PretrainOptions(**option)


def test_sizes_are_names_or_numbers():
    assert shape("mini") == (4, 256)
    assert shape("3x192") == (3, 192)
    for wrong in ("huge", "3x100", "0x64", "x", "3x192x4"):
        with pytest.raises(InputError, match="LAYERSxWIDTH"):
            shape(wrong)


def test_pretrain_command_stops_and_says_how_to_go_on(tmp_path, text):
    arguments = ["pretrain", str(text), "-o", str(tmp_path), "--size", "1x64", "--steps", "9", "--batch-size", "2",
                 "--length", "32", "--threads", "1"]  # fmt: skip
    first = CliRunner().invoke(cli, [*arguments, "--minutes", "0.00001"])
    assert first.exit_code == 0
    assert "the same command goes on from here" in first.output
    assert "the encoder is in" not in first.output
    second = CliRunner().invoke(cli, [*arguments, "--progress"])
    assert second.exit_code == 0
    assert "going on after" in second.output
    assert f"the encoder is in {tmp_path}" in second.output


def test_pretrain_command_has_help():
    shown = CliRunner().invoke(cli, ["pretrain", "--help"]).output
    assert "--minutes" in shown
    assert "Hugging Face" in shown
