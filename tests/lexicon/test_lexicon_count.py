from __future__ import annotations

import gzip
import io
import itertools
import lzma
import os
import random
import signal
import struct
import subprocess
import sys
import textwrap
import time
from functools import partial
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text

from cws import _native
from cws.errors import CorpusError, EncodingError, FileError, InputError
from cws.lexicon.counting.blocks import MANIFEST, Blocks
from cws.lexicon.counting.count import count, count_partially, count_texts, merge_counts, parse_memory
from cws.lexicon.reference import count_reference, runs, windows
from cws.text import HANZI, NUMERAL, bmp_types

counting = sys.modules["cws.lexicon.counting.count"]  # the function of this name hides the module

TEXTS = ["北京，东京，一二〇三", "他来到了网易杭研大厦" * 3, "", "abc", "京京京京京\n京", "𠀀𠀁𠀀𠀁〇"]
SMALL = partial(count_texts, memory="128M")


def small_memory(block_characters, key_bytes):
    """Blocks of so many characters and sort buffers of so many bytes."""

    def counter(self):
        return _native.NgramCounter(self.n, counting._is_han(), block_characters, key_bytes, self.threads)

    return mock.patch.object(counting._Limits, "counter", counter)


def random_text(seed, size, alphabet="的一是在不了有和人这中大来，。\n", weights=None):
    rng = random.Random(seed)
    return "".join(rng.choices(alphabet, weights or [1 / (i + 1) for i in range(len(alphabet))], k=size))


def assert_equals_reference(counts, texts, n, min_count=1):
    expected = count_reference(texts, n, min_count)
    assert len(counts.tables) == n
    for table, ngrams in zip(counts.tables, expected, strict=True):
        assert table.strings().tolist() == [ngram.text for ngram in ngrams]
        assert table.counts.tolist() == [ngram.count for ngram in ngrams]
        assert table.left_neighbours.tolist() == [ngram.left_neighbours for ngram in ngrams]
        assert table.right_neighbours.tolist() == [ngram.right_neighbours for ngram in ngrams]
        np.testing.assert_allclose(table.left_entropies, [ngram.left_entropy for ngram in ngrams], atol=1e-6)
        np.testing.assert_allclose(table.right_entropies, [ngram.right_entropy for ngram in ngrams], atol=1e-6)
    found = list(runs(texts))
    assert (counts.characters, counts.runs) == (sum(map(len, found)), len(found))


def assert_same(one, other):
    assert one[1:] == other[1:]
    for a, b in zip(one.tables, other.tables, strict=True):
        for mine, theirs in zip(a, b, strict=True):
            assert (mine.dtype, mine.shape, mine.tobytes()) == (theirs.dtype, theirs.shape, theirs.tobytes())


@pytest.mark.parametrize("n", range(1, 11))
@pytest.mark.parametrize("min_count", [1, 2, 5])
def test_count_texts_equals_reference(n, min_count):
    assert_equals_reference(SMALL(TEXTS, n=n, min_count=min_count), TEXTS, n, min_count)


@settings(max_examples=300)
@given(
    texts=st.lists(st.one_of(any_text(), st.text("的一是，", max_size=80)), max_size=5),
    n=st.integers(1, 10),
    min_count=st.integers(1, 3),
    threads=st.integers(1, 3),
    block=st.integers(1, 200),
    key_bytes=st.integers(1, 3000),
)
def test_count_of_any_text_in_any_blocks_equals_reference(texts, n, min_count, threads, block, key_bytes):
    with small_memory(block, key_bytes):
        counts = count_texts(texts, n=n, min_count=min_count, threads=threads)
    assert_equals_reference(counts, texts, n, min_count)


@pytest.mark.parametrize("n", [1, 2, 4, 8])
@pytest.mark.parametrize(
    "alphabet",
    ["的一，", "的", "".join(map(chr, range(0x4E00, 0x4E00 + 3000))), "".join(map(chr, range(0x20000, 0x25000)))],
    ids=["two", "one", "thousands", "beyond the BMP"],
)
def test_count_of_long_texts_equals_reference(alphabet, n):
    texts = [random_text(n, 24_000 // n, alphabet)]
    assert_equals_reference(SMALL(texts, n=n, threads=2), texts, n)
    with small_memory(9000 // n, 50_000):
        assert_equals_reference(count_texts(texts, n=n, threads=2), texts, n)


def test_count_of_more_characters_than_a_block_can_hold():
    """A block has at most 65,534 different ones."""
    text = "".join(map(chr, itertools.chain(range(0x4E00, 0xA000), range(0x20000, 0x40000)))) * 2
    counts = SMALL([text], n=1)
    assert counts.characters == len(text)
    assert counts.tables[0].counts.tolist() == [2] * (len(text) // 2)
    assert counts.tables[0].strings().tolist() == list(text[: len(text) // 2])


def test_count_merges_many_blocks_in_levels(monkeypatch):
    monkeypatch.setattr("cws.lexicon.counting.blocks.MOST_FILES", 4)
    texts = [random_text(1, 3000)]
    with small_memory(50, 400):
        assert_equals_reference(count_texts(texts, n=3, threads=2), texts, 3)


def test_count_does_not_depend_on_order_threads_or_memory(tmp_path):
    paths = [tmp_path / f"{i}.txt" for i in range(4)]
    for i, path in enumerate(paths):
        path.write_text(random_text(i, 30_000), "utf-8")
    expected = count(paths, threads=1)
    assert_same(count(paths[::-1], threads=3), expected)
    for block, key_bytes, threads in ((10_000, 8_000, 2), (40_000, 10**6, 1), (1000, 100_000, 2)):
        with small_memory(block, key_bytes):
            assert_same(count(paths, threads=threads), expected)


def test_count_is_of_han_characters_and_numerals():
    expected = bytes(kind in (HANZI, NUMERAL) for kind in bmp_types())
    assert counting._is_han()[:0x10000] == expected
    assert counting._is_han()[0x10000:] == bytes(0x10000) + b"\1" * 0x20000


def test_count_of_nothing():
    for texts in ([], [""], ["abc 123"]):
        counts = SMALL(texts, n=2)
        assert [len(table.counts) for table in counts.tables] == [0, 0]
        assert [table.ngrams.shape for table in counts.tables] == [(0, 1), (0, 2)]
        assert counts[1:] == (0, 0)
    assert count([], n=1).characters == 0


def test_count_drops_rare_ngrams_but_not_as_neighbours():
    table = SMALL(["甲乙，甲丙"], n=1, min_count=2).tables[0]
    assert table.strings().tolist() == ["甲"]
    assert (table.right_neighbours.tolist(), table.right_entropies.tolist()) == ([2], [np.float32(np.log(2))])


def test_count_tables_are_read_only_and_outlive_the_count():
    table = SMALL(["北京"], n=2).tables[1]
    with pytest.raises(ValueError, match="read-only"):
        table.counts[0] = 5
    assert table.strings()[0] == "北京"


def test_count_reads_compressed_files_and_encodings(tmp_path):
    text = random_text(3, 5000)
    data = text.encode()
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + data)
    (tmp_path / "a.gz").write_bytes(gzip.compress(data))
    (tmp_path / "a.xz").write_bytes(lzma.compress(data))
    (tmp_path / "a.zst").write_bytes(zstandard.compress(data))
    for name in ("a.txt", "a.gz", "a.xz", "a.zst"):
        assert_equals_reference(count([tmp_path / name], n=2), [text], 2)
    (tmp_path / "b.txt").write_bytes(text.encode("gb18030"))
    assert_equals_reference(count([tmp_path / "b.txt"], n=2, encoding="gb18030"), [text], 2)
    with pytest.raises(EncodingError, match=r"b.txt:1:0: byte 0x\w\w is not valid utf-8: this looks like gb18030"):
        count([tmp_path / "b.txt"], n=2)


def test_count_reads_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("北京".encode())))
    assert_equals_reference(count(["-"], n=2), ["北京"], 2)


def test_count_shows_how_far_it_is(tmp_path, capsys):
    (tmp_path / "a.txt").write_text(random_text(1, 1000), "utf-8")
    with small_memory(200, 1000):
        count([tmp_path / "a.txt"], progress=True)
    shown = capsys.readouterr().err
    assert "reading: 100%" in shown
    assert "sorting" in shown
    count([tmp_path / "a.txt"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be from 1 to 10, got 0"),
        ({"n": 11}, "n must be from 1 to 10, got 11"),
        ({"min_count": 0}, "min_count must be at least 1, got 0"),
        ({"threads": 0}, "threads must be from 1 to 256, got 0"),
        ({"memory": "64M"}, "memory must be at least 128M, got '64M'"),
        ({"memory": "much"}, "memory must be bytes or such as 500M and 2G, got 'much'"),
    ],
)
def test_count_refuses_wrong_arguments(options, message):
    with pytest.raises(InputError, match=message):
        count_texts(["北京"], **options)


def test_count_refuses_wrong_inputs(tmp_path):
    with pytest.raises(InputError, match="expected a list of paths, got one path"):
        count(str(tmp_path / "a.txt"))
    with pytest.raises(InputError, match="expected texts, got bytes"):
        count_texts([b"abc"])
    with pytest.raises(FileError, match="No such file"):
        count([tmp_path / "a.txt"])


@pytest.mark.parametrize(
    ("memory", "expected"), [("2G", 2 << 30), ("1.5g", 3 << 29), ("500MB", 500 << 20), (1 << 28, 1 << 28)]
)
def test_count_parse_memory(memory, expected):
    assert parse_memory(memory) == expected


# Files of partial counts.


def read_partial(data, n):
    """The windows of a file of partial counts, as docs/reference/ngram_counts.md describes it."""
    assert data[:16] == b"cwsngram" + struct.pack("<II", 1, n)
    directory, size, magic = struct.unpack("<QQ8s", data[-24:])
    assert magic == b"cwsngram"
    entries = [struct.unpack_from("<IIQQQ", data, directory + 32 * i) for i in range(size)]
    assert len(data) == directory + 32 * size + 24
    characters = ["\0"] + [chr(entry[0]) for entry in entries]
    found = {}
    for code, _, total, at, length in entries:
        end, window, before = at + length, [chr(code)] + ["\0"] * (n + 1), found.copy()

        def varint():
            nonlocal at
            value = shift = 0
            while True:
                at += 1
                value |= (data[at - 1] & 0x7F) << shift
                shift += 7
                if data[at - 1] < 0x80:
                    return value

        while at < end:
            shared, number = data[at] & 15, data[at] >> 4
            at += 1
            if number == 15:
                number += varint()
            for i in range(shared, n + 2):
                window[i] = "\0" if i <= n and window[i - 1] == "\0" else characters[varint()]
            found["".join(window)] = number
        assert sum(found.values()) - sum(before.values()) == total
    return found


def varint_bytes(value):
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint_bytes(value >> 7)


def write_partial(counts, n, order_of_characters=sorted):
    """Another engine's file: sections in any order, characters too, nothing shared but the first character."""
    characters = order_of_characters({character for window in counts for character in window} - {"\0"})
    index = {character: i for i, character in enumerate(["\0", *characters])}
    body, directory = bytearray(b"cwsngram" + struct.pack("<II", 1, n)), b""
    for first in characters:
        start, total = len(body), 0
        for window in sorted(window for window in counts if window[0] == first):
            number = counts[window]
            total += number
            body += bytes([min(number, 15) << 4 | 1]) + (varint_bytes(number - 15) if number >= 15 else b"")
            for i in range(1, n + 2):
                if i == n + 1 or window[i - 1] != "\0":
                    body += varint_bytes(index[window[i]])
        directory += struct.pack("<IIQQQ", ord(first), 0, total, start if total else 0, len(body) - start)
    return bytes(body) + directory + struct.pack("<QQ8s", len(body), len(characters), b"cwsngram")


def reversed_order(characters):
    return sorted(characters, reverse=True)


def partial_of(tmp_path, texts, n, name="part"):
    paths = []
    for i, text in enumerate(texts):
        paths.append(tmp_path / f"{name}{i}.txt")
        paths[-1].write_text(text, "utf-8")
    count_partially(paths, tmp_path / name, n=n, memory="128M", threads=2)
    return tmp_path / name


@pytest.mark.parametrize("n", [1, 2, 4, 7, 10])
def test_count_partially_writes_the_documented_format(tmp_path, n):
    texts = ["北京，东京，一二〇三", "京" * 1000, random_text(n, 3000), "𠀀𠀁𠀀"]
    assert read_partial(partial_of(tmp_path, texts, n).read_bytes(), n) == windows(texts, n)


def test_count_partially_golden_bytes(tmp_path):
    """The example of docs/reference/ngram_counts.md."""
    data = partial_of(tmp_path, ["北京，北京"], 1).read_bytes()
    assert data.hex(" ") == (
        "63 77 73 6e 67 72 61 6d 01 00 00 00 01 00 00 00 "
        "21 00 02 21 01 00 "
        "ac 4e 00 00 00 00 00 00 02 00 00 00 00 00 00 00 10 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 "
        "17 53 00 00 00 00 00 00 02 00 00 00 00 00 00 00 13 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 "
        "16 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 63 77 73 6e 67 72 61 6d"
    )


def test_count_partially_gives_the_same_bytes_however_it_is_done(tmp_path):
    paths = [tmp_path / f"{i}.txt" for i in range(3)]
    for i, path in enumerate(paths):
        path.write_text(random_text(i, 20_000), "utf-8")
    count_partially(paths, tmp_path / "one", threads=1)
    with small_memory(5000, 8000):
        count_partially(paths[::-1], tmp_path / "other", threads=3)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@settings(max_examples=50)
@given(parts=st.lists(st.lists(any_text(), max_size=3), min_size=1, max_size=4), n=st.integers(1, 10))
def test_merge_counts_equals_counting_at_once(parts, n, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    paths = []
    for i, texts in enumerate(parts):
        paths.append(folder / str(i))
        paths[-1].write_bytes(write_partial(windows(texts, n), n, [sorted, reversed_order][i % 2]))
    assert_equals_reference(merge_counts(paths, threads=2), list(itertools.chain(*parts)), n)


def test_merge_counts_of_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(counting, "MOST_FILES", 3)
    texts = [random_text(i, 300) for i in range(8)]
    paths = [partial_of(tmp_path, [text], 3, f"part{i}") for i, text in enumerate(texts)]
    assert_equals_reference(merge_counts(paths, min_count=2), texts, 3, 2)


def test_merge_counts_refuses_foreign_files(tmp_path):
    three, four = partial_of(tmp_path, ["北京"], 3, "three"), partial_of(tmp_path, ["北京"], 4, "four")
    (tmp_path / "text").write_text("北京" * 100, "utf-8")
    with pytest.raises(
        CorpusError, match=r"four: broken partial counts \(expected n = 3 as in the other files, got 4\)"
    ):
        merge_counts([three, four])
    with pytest.raises(
        CorpusError, match="text: broken partial counts .it does not begin with cwsngram.*make the file again"
    ):
        merge_counts([tmp_path / "text"])
    with pytest.raises(FileError, match="none: No such file or directory: check the path"):
        merge_counts([tmp_path / "none"])
    with pytest.raises(InputError, match="expected at least one file"):
        merge_counts([])


def test_merge_counts_refuses_every_truncation(tmp_path):
    path = partial_of(tmp_path, ["北京，东京"], 2)
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(CorpusError, match="broken partial counts"):
            merge_counts([path])


def test_merge_counts_survives_any_change_of_bytes(tmp_path):
    path = partial_of(tmp_path, ["北京，东京" + "京" * 30, random_text(5, 60)], 2)
    data, rng = path.read_bytes(), random.Random(1)
    refused = 0
    for _ in range(1000):
        harmed = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 5])):
            harmed[rng.randrange(len(data))] = rng.choice([0, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        path.write_bytes(harmed)
        try:
            merge_counts([path], threads=1)
        except CorpusError:
            refused += 1
    assert refused > 700


@pytest.mark.parametrize("name", ["-", "a.gz", "a.xz", "a.zst"])
def test_count_partially_refuses_outputs_it_cannot_write(name):
    with pytest.raises(InputError, match="expected a file, got"):
        count_partially([], name)


# Interrupted, full disk, limits.


class Stop(BaseException):
    pass


def stop_after(blocks):
    """Interrupt a count when so many blocks are done."""
    add, calls = Blocks.add, itertools.count()

    def stopping(self, *arguments):
        if next(calls) == blocks:
            raise Stop
        add(self, *arguments)

    return mock.patch.object(Blocks, "add", stopping)


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_count_goes_on_after_an_interruption(tmp_path, blocks):
    paths = [tmp_path / f"{i}.txt" for i in range(3)]
    for i, path in enumerate(paths):
        path.write_text(random_text(i, 20_000, "的一是在不了有和人，"), "utf-8")
    expected, work = count(paths), tmp_path / "work"
    with small_memory(9000, 50_000), stop_after(blocks), pytest.raises(Stop):
        count(paths, work_folder=work, threads=2)
    assert len(list(work.iterdir())) == 2 * blocks + 1
    with small_memory(7000, 60_000), mock.patch.object(Blocks, "add", autospec=True, side_effect=Blocks.add) as add:
        assert_same(count(paths, work_folder=work, threads=1), expected)
    whole = len("".join(path.read_text("utf-8") for path in paths))
    assert add.call_count <= (whole - blocks * 8000) // 6000 + 2
    assert list(work.iterdir()) == []


def test_count_goes_on_after_kill(tmp_path):
    text, work = tmp_path / "a.txt", tmp_path / "work"
    text.write_text(random_text(1, 1_000_000), "utf-8")
    script = f"""
        import sys
        from cws import _native
        import cws.lexicon
        counting = sys.modules["cws.lexicon.counting.count"]
        counting._Limits.counter = lambda self: _native.NgramCounter(
            self.n, counting._is_han(), 50_000, 10**6, self.threads)
        counting.count([{str(text)!r}], work_folder={str(work)!r}, threads=2)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    while not list(work.glob("block-00003-*")) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (work / "count.json").exists()
    assert_same(count([text], work_folder=work, threads=2), count([text]))
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("killed", ["in a block", "in the first manifest"])
def test_count_removes_what_a_killed_run_was_writing(tmp_path, killed):
    path, work = tmp_path / "a.txt", tmp_path / "work"
    path.write_text(random_text(1, 20_000), "utf-8")
    with small_memory(9000, 50_000), stop_after(1), pytest.raises(Stop):
        count([path], work_folder=work, threads=2)
    if killed == "in the first manifest":
        (work / MANIFEST).unlink()
    (work / ".cws-0123456789abcdef.tmp").write_bytes(b"{")
    (work / "block-00007-1.ngrams").write_bytes(b"cws")
    (work / ".cws-notes.tmp").write_bytes(b"of somebody else")
    assert_same(count([path], work_folder=work, threads=1), count([path]))
    assert [left.name for left in work.iterdir()] == [".cws-notes.tmp"]


def test_count_keeps_unfinished_outputs_of_others(tmp_path):
    (tmp_path / "a.txt").write_text(random_text(1, 2000), "utf-8")
    (tmp_path / ".cws-0123456789abcdef.tmp").write_bytes(b"of another process")
    count([tmp_path / "a.txt"], work_folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_count_interrupted_while_merging_goes_on(tmp_path):
    path, work = tmp_path / "a.txt", tmp_path / "work"
    path.write_text(random_text(1, 20_000), "utf-8")
    with small_memory(9000, 50_000), mock.patch.object(_native, "count_ngram_files", side_effect=Stop):
        with pytest.raises(Stop):
            count([path], work_folder=work)
        assert list(work.iterdir())
    assert_same(count([path], work_folder=work), count([path]))
    assert list(work.iterdir()) == []


def test_count_refuses_a_work_folder_of_something_else(tmp_path):
    path, work = tmp_path / "a.txt", tmp_path / "work"
    path.write_text(random_text(1, 20_000), "utf-8")
    with small_memory(9000, 50_000), stop_after(1), pytest.raises(Stop):
        count([path], work_folder=work)
    with pytest.raises(InputError, match="work holds an interrupted count of other text"):
        count([path], n=3, work_folder=work)
    manifest = (work / "count.json").read_bytes()
    for harmed in (b"", b"[]", b"{}", manifest[:-10], manifest.replace(b'"rest"', b'"rust"')):
        (work / "count.json").write_bytes(harmed)
        with pytest.raises(InputError, match="work holds an interrupted count of other text"):
            count([path], work_folder=work)
    (work / "count.json").write_bytes(manifest)
    path.write_text("北京", "utf-8")
    with pytest.raises(InputError, match="work holds an interrupted count of other text"):
        count([path], work_folder=work)
    with pytest.raises(InputError, match="stdin cannot be read again"):
        count(["-"], work_folder=tmp_path / "new")


def test_count_stops_on_ctrl_c_and_leaves_nothing(tmp_path):
    (tmp_path / "a.txt").write_text(random_text(1, 3_000_000), "utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    script = f"""
        import signal, threading, os
        from cws.lexicon.counting.count import count_partially
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have set to be ignored
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        while True:
            count_partially([{str(tmp_path / "a.txt")!r}], {str(temporary / "out")!r}, memory="128M", threads=2)
            os.unlink({str(temporary / "out")!r})
    """
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
    )
    assert b"KeyboardInterrupt" in process.stderr
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("how", ["count", "count_partially", "work_folder"])
def test_count_on_a_full_disk_leaves_nothing(tmp_path, how):
    (tmp_path / "a.txt").write_text(random_text(1, 400_000), "utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    call = {
        "count": "count(paths, memory='128M')",
        "count_partially": f"count_partially(paths, {str(temporary / 'out')!r}, memory='128M')",
        "work_folder": f"count_partially(paths, {str(tmp_path / 'out')!r}, work_folder={str(temporary)!r})",
    }[how]
    script = f"""
        import resource
        from cws.errors import FileError
        from cws.lexicon.counting.count import count, count_partially
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        paths = [{str(tmp_path / "a.txt")!r}]
        try:
            {call}
        except FileError as error:
            print(error)
    """
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    )
    assert "File too large: raise the limit on file sizes or write less" in process.stdout, process.stderr
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("memory", [128, 200])
def test_count_stays_within_its_memory(tmp_path, memory):
    rng = np.random.default_rng(1)
    codes = (0x4E00 + rng.zipf(1.3, 8_000_000) % 5000).astype(np.uint16)
    codes[::13] = ord("，")
    (tmp_path / "a.txt").write_bytes(codes.tobytes().decode("utf-16-le").encode())
    script = f"""
        from pathlib import Path
        from cws.lexicon.counting.count import count
        counts = count([{str(tmp_path / "a.txt")!r}], min_count=3, memory="{memory}M", threads=2)
        status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent
        print(counts.characters, status.split("VmHWM:")[1].split()[0])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    characters, kilobytes = map(int, done.stdout.split())
    assert characters == int((codes != ord("，")).sum())
    assert kilobytes <= memory * 1024
