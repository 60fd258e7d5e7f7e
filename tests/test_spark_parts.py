"""What tasks on Spark do, without Spark: columns of text, parts of files, shards of counts."""

from __future__ import annotations

import gzip
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lexicon_texts import RUNS

import cws
from cws.cli.segment import segment as segment_files
from cws.errors import CorpusError, EncodingError, FileError, InputError
from cws.lexicon.count import count_partially, count_texts, merge_counts
from cws.segmenter import Segmenter

pa = pytest.importorskip("pyarrow", reason="needs pyarrow")

from cws.engines.spark.columns import segment_column, slices  # noqa: E402
from cws.engines.spark.shards import ShardMerge, cut_file, shard_of  # noqa: E402
from cws.engines.spark.splits import InputFile, Split, list_files, read_split  # noqa: E402
from cws.lexicon.count import count_merged  # noqa: E402

LETTERS = st.characters(codec="utf-8") | st.sampled_from("\n\r \t　他来到了网易杭研大厦ａ1\ufeff\0")
RECORDS = st.lists(st.none() | st.text(LETTERS, max_size=12), max_size=12)
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
    from cws._native import Format

    return segmenter.native.format(Format.text, text.encode() + b"\n", 0, False, True).decode()[:-1]


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
        segment_column(segmenter, column[1:].slice(0).take(pa.array([0, 1]))[1:], output) if False else segment_column(
            segmenter, pa.concat_arrays([column[:1], column[2:]]), output
        )
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
