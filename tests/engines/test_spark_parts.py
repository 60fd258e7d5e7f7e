"""What tasks on Spark do, without Spark: columns of text, parts of files, shards of counts."""

from __future__ import annotations

import gzip
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lexicon_texts import RUNS
from strategies import any_text

import cws
from cws._native import Format
from cws.errors import CorpusError, EncodingError, FileError, InputError
from cws.lexicon.counting.count import count_partially, count_texts
from cws.segmenter import Segmenter

pa = pytest.importorskip("pyarrow", reason="needs pyarrow")

from cws.engines.spark.columns import segment_column, slices  # noqa: E402
from cws.engines.spark.shards import ShardMerge, cut_file  # noqa: E402
from cws.engines.spark.splits import InputFile, Split, list_files, read_split  # noqa: E402
from cws.lexicon.counting.count import count_merged  # noqa: E402

TEXTS = any_text(max_size=12).map(lambda text: text.encode("utf-8", "replace").decode())  # no lone surrogates
RECORDS = st.lists(st.none() | TEXTS, max_size=12)
STRINGS = st.sampled_from([pa.string(), pa.large_string()])


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return cws.load(user_dictionary=["网易杭研", "大 厦"])


@given(records=RECORDS, kind=STRINGS, skipped=st.integers(0, 2))
def test_columns_of_words_are_those_of_segment(segmenter, records, kind, skipped):
    column = pa.array(records, kind)[skipped:]
    found = segment_column(segmenter, column)
    found.validate(full=True)
    assert found.to_pylist() == [None if text is None else segmenter.segment(text) for text in records[skipped:]]


@given(records=RECORDS, kind=STRINGS, skipped=st.integers(0, 2))
def test_columns_of_text_are_what_the_command_line_writes(segmenter, records, kind, skipped):
    column = pa.array(records, kind)[skipped:]
    found = segment_column(segmenter, column, "text")
    found.validate(full=True)
    assert found.to_pylist() == [None if text is None else written(segmenter, text) for text in records[skipped:]]


def written(segmenter: Segmenter, text: str) -> str:
    return segmenter.predictor.format(Format.text, text.encode() + b"\n", 0, False, True).decode()[:-1]


@given(records=RECORDS)
def test_columns_of_tokens_are_those_of_tokens(segmenter, records):
    found = segment_column(segmenter, pa.array(records, pa.string()), "tokens")
    found.validate(full=True)
    expected = [None if text is None else [token._asdict() for token in segmenter.tokens(text)] for text in records]
    assert found.to_pylist() == expected


@pytest.mark.parametrize("output", ["words", "text"])
def test_columns_of_many_blocks(segmenter, output):
    texts = ["他来到了网易杭研大厦" * (at % 50) for at in range(4000)]
    whole = segment_column(segmenter, pa.array(texts), output).to_pylist()
    one_by_one = [segment_column(segmenter, pa.array([text]), output)[0].as_py() for text in texts[:50]]
    assert whole == [one_by_one[at % 50] for at in range(4000)]


@pytest.mark.parametrize("output", ["words", "text", "tokens"])
@pytest.mark.parametrize("kind", [(pa.binary(), pa.string()), (pa.large_binary(), pa.large_string())])
def test_columns_with_invalid_bytes(segmenter, output, kind):
    column = pa.array(["好".encode(), b"\xff\n", b"ab\n\xe4\xbb"], kind[0]).view(kind[1])
    with pytest.raises(EncodingError, match="^here: byte 0xff at 0 of record 1 is not valid utf-8: mend the text"):
        segment_column(segmenter, column, output, place="here")
    with pytest.raises(EncodingError, match="byte 0xe4 at 3 of record 1 is"):
        segment_column(segmenter, pa.concat_arrays([column[:1], column[2:]]), output)
    mended = pa.array(["好", "�\n", "ab\n�"])
    assert segment_column(segmenter, column, output, errors="replace") == segment_column(segmenter, mended, output)


def test_columns_refuse_unknown_options(segmenter):
    column = pa.array(["好"])
    with pytest.raises(InputError, match="no output 'json': take one of words, text, tokens"):
        segment_column(segmenter, column, "json")
    with pytest.raises(InputError, match="errors must be one of strict, replace, got 'ignore'"):
        segment_column(segmenter, column, errors="ignore")


@given(sizes=st.lists(st.integers(0, 9), max_size=9), most=st.integers(0, 12))
def test_columns_slices_are_small_or_one_record(sizes, most):
    column = pa.array(["a" * size for size in sizes], pa.string())
    found = list(slices(column, most))
    assert [at for first, count in found for at in range(first, first + count)] == list(range(len(sizes)))
    assert all(count == 1 or sum(sizes[first : first + count]) <= most for first, count in found)


def write(path, data: bytes) -> InputFile:
    path.write_bytes(data)
    return InputFile(str(path), path.name, len(data), 0.0)


def parts(file: InputFile, size: int) -> list[bytes]:
    """The parts of a file, without the byte order marks that readers drop."""
    result = []
    for split in file.splits(size=size):
        with read_split(split) as blocks:
            data = b"".join(blocks)
        result.append(data.removeprefix(b"\xef\xbb\xbf") if split.start else data)
    return result


@given(data=st.lists(st.sampled_from([b"\n", b"ab", "好".encode(), b"\r\n", b"\xff"]), max_size=30).map(b"".join),
       size=st.integers(1, 12))  # fmt: skip
def test_splits_are_whole_lines_and_all_of_the_file(tmp_path_factory, data, size):
    found = parts(write(tmp_path_factory.mktemp("splits") / "a.txt", data), size)
    assert b"".join(found) == data
    assert all(part.endswith(b"\n") for part in found[:-1] if part and b"".join(found[found.index(part) + 1 :]))


def test_splits_keep_a_mark_at_the_beginning_of_a_line(tmp_path):
    file = write(tmp_path / "a.txt", "\ufeff好\n\ufeff好\n".encode())
    with read_split(file.splits(size=7)[1]) as blocks:
        assert b"".join(blocks) == "\ufeff\ufeff好\n".encode()  # of which readers drop one


@pytest.mark.parametrize(("name", "encoding"), [("a.txt.gz", "utf-8"), ("a.txt", "gb18030"), ("a.parquet", "utf-8")])
def test_splits_of_files_that_cannot_be_cut(name, encoding):
    assert InputFile(name, name, 1000, 0.0).splits(encoding, 10) == [Split(name, 0, -1)]


def test_splits_of_compressed_files(tmp_path):
    assert parts(write(tmp_path / "a.gz", gzip.compress(b"one\ntwo")), 3) == [b"one\ntwo"]
    with pytest.raises(CorpusError, match="broken compressed file"):
        parts(write(tmp_path / "b.gz", gzip.compress(b"one\ntwo")[:-9]), 3)


def test_splits_errors_have_their_place_in_the_file(tmp_path):
    file = write(tmp_path / "a.txt", b"one\ntwo\nthree\n")
    with pytest.raises(EncodingError) as caught, read_split(file.splits(size=5)[1]) as blocks:
        data = b"".join(blocks)
        raise EncodingError("bad", file.path, 1, data.index(b"three"))
    assert (caught.value.line, caught.value.byte) == (3, 8)


def test_list_files_leaves_out_what_is_no_data(tmp_path):
    for name in ("b.txt", "a/c.txt", "_SUCCESS", ".hidden", "_temporary/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("好")
    found = list_files(str(tmp_path))
    assert [file.name for file in found] == ["a/c.txt", "b.txt"]
    assert [os.path.samefile(file.path, tmp_path / file.name) for file in found] == [True, True]
    assert list_files(f"{tmp_path}/") == found
    [one] = list_files(str(tmp_path / "b.txt"))
    assert one == found[1]
    [one] = list_files((tmp_path / "b.txt").as_uri())
    assert (one.name, one.size) == ("b.txt", 3)


def test_list_files_says_what_is_wrong(tmp_path):
    with pytest.raises(FileError, match="No such file or directory: check the path"):
        list_files(str(tmp_path / "none"))
    with pytest.raises(InputError, match="no file system .*: give a path, or a URI of"):
        list_files("ftp://host/folder")


@settings(max_examples=20)
@given(texts=st.lists(st.lists(RUNS.map("，".join), max_size=4), min_size=1, max_size=4), shards=st.integers(1, 5),
       n=st.integers(1, 4), min_count=st.integers(1, 3))  # fmt: skip
def test_shards_merge_to_the_same_counts(tmp_path_factory, texts, shards, n, min_count):
    folder = tmp_path_factory.mktemp("shards")
    merges = [ShardMerge() for _ in range(shards)]
    for at, lines in enumerate(texts):
        (folder / f"{at}.txt").write_text("\n".join(lines), "utf-8")
        count_partially([folder / f"{at}.txt"], folder / f"{at}.ngrams", n=n, threads=1)
        for number, shard in cut_file(str(folder / f"{at}.ngrams"), shards):
            merges[number].add(shard)
    expected = count_texts([text for lines in texts for text in lines], n=n, min_count=min_count)
    found = [count_merged(merge.files, min_count=min_count, folder=merge.folder) for merge in merges if merge.files]
    assert sum(counts.characters for counts in found) == expected.characters
    assert sum(counts.runs for counts in found) == expected.runs
    for order in range(n):
        rows = sorted(row for counts in found for row in rows_of(counts.tables[order]))
        assert rows == rows_of(expected.tables[order])


def rows_of(table) -> list[tuple]:
    return list(zip(table.strings().tolist(), *(column.tolist() for column in table[1:]), strict=True))


def test_shards_are_merged_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr("cws.engines.spark.shards.MOST_FILES", 2)
    merge = ShardMerge()
    for at in range(7):
        (tmp_path / "a.txt").write_text("北京" * (at + 1), "utf-8")
        count_partially([tmp_path / "a.txt"], tmp_path / "a.ngrams", n=2, threads=1)
        for _, shard in cut_file(str(tmp_path / "a.ngrams"), 1):
            merge.add(shard)
    assert len(merge.files) == 3
    counts = count_merged(merge.files, min_count=1, folder=merge.folder)
    assert counts.characters == 56
    assert counts.tables[1].counts.tolist() == [21, 28]  # 京北, 北京
