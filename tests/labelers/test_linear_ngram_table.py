"""The hash table of a linear model's n-grams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_models import CLASSES, aligned, native_emissions, views, zeros

from cws._native import LinearPredictor, build_table, find_in_table
from cws.labelers.character_classes import ABSENT
from cws.labelers.reference import NgramTable, linear_emissions, ngram_key

grams = st.lists(st.integers(0, 20) | st.integers(0, 0xFFFE), min_size=2, max_size=4)


@given(st.lists(grams, max_size=60).map(lambda grams: sorted({ngram_key(gram) for gram in grams})), st.integers(0))
def test_linear_table_holds_every_key_and_no_other(keys, seed):
    weights = np.random.default_rng(seed).integers(-128, 128, (len(keys), 4, 4)).astype(np.int8)
    buckets, pilots = build_table(np.array(keys, np.uint64), weights)
    table = NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes()))
    prefixes = {key | ABSENT << 48 for key in keys if key >> 48 != ABSENT}
    for key, row in zip(keys, weights, strict=True):
        assert table.find(key) == (row.ravel().tolist(), key in prefixes)
    for prefix in prefixes - {*keys}:
        assert table.find(prefix) == ([0] * 16, True)
    for key in {key + 1 for key in keys} - {*keys} - prefixes:
        assert table.find(key) is None


def test_linear_table_of_many_keys_is_nearly_full():
    keys = np.unique(np.random.default_rng(0).integers(0, 2**63, 20_000, np.uint64) | np.uint64(ABSENT << 48))
    buckets, pilots = build_table(keys, np.ones((len(keys), 4, 4), np.int8))
    assert len(keys) / (3 * len(buckets)) > 0.85
    table = NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes()))
    assert all(table.find(int(key)) == ([1] * 16, False) for key in keys[::20])


def test_linear_table_can_be_empty():
    buckets, pilots = build_table(np.empty(0, np.uint64), np.empty((0, 4, 4), np.int8))
    assert (buckets.shape, pilots.shape) == ((1, 64), (1,))
    assert NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes())).find(5) is None


@pytest.mark.parametrize("keys", [[2, 1], [1, 1], [1, 2, 2], [2**63, 1]])
def test_linear_table_refuses_keys_that_do_not_ascend(keys):
    with pytest.raises(ValueError, match="n-gram keys must ascend"):
        build_table(np.array(keys, np.uint64), np.zeros((len(keys), 4, 4), np.int8))


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 4, 4), (2, 4), (0,)])
def test_linear_table_refuses_weights_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"weights must have shape \(keys, 4, 4\)"):
        build_table(np.array([1, 2], np.uint64), np.zeros(shape, np.int8))


def key_of_hash(fingerprint: int, place: int) -> int:
    """The key with this hash; hashing only multiplies and shifts, so it can be undone."""
    key = (fingerprint << 32 | place) * pow(0xD6E8FEB86659FD93, -1, 2**64) % 2**64
    return (key ^ key >> 32) * pow(0x9E3779B97F4A7C15, -1, 2**64) % 2**64


@pytest.mark.parametrize("strong", [0, 1])
def test_linear_table_keeps_the_stronger_of_keys_it_cannot_tell_apart(strong):
    # Fingerprint 0 is taken for 1, because it marks free entries; of the rest only seven bits count.
    keys = np.array(sorted((key_of_hash(0, 12345), key_of_hash(1, 54321))), np.uint64)
    weights = np.full((2, 4, 4), 3, np.int8)
    weights[strong] = -4
    buckets, pilots = build_table(keys, weights)
    table = NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes()))
    assert [table.find(int(key))[0] for key in keys] == [[-4] * 16] * 2


def test_linear_table_tells_keys_of_one_fingerprint_apart_by_seven_more_bits():
    keys = np.array(sorted(key_of_hash(77, rest << 25) for rest in range(3)), np.uint64)
    weights = np.arange(3, dtype=np.int8)[:, None, None].repeat(4, 1).repeat(4, 2)
    buckets, pilots = build_table(keys, weights)
    table = NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes()))
    assert [table.find(int(key)) for key in keys] == [([at] * 16, False) for at in range(3)]


@given(
    st.lists(grams, max_size=40).map(lambda grams: sorted({ngram_key(gram) for gram in grams})),
    st.lists(grams, max_size=40).map(lambda grams: sorted({ngram_key(gram) for gram in grams})),
    st.integers(0),
)
def test_linear_table_goes_on_from_another(base, added, seed):
    random = np.random.default_rng(seed)
    of_base, of_added = (random.integers(-128, 128, (len(keys), 4, 4)).astype(np.int8) for keys in (base, added))
    buckets, pilots = build_table(
        np.array(added, np.uint64), of_added, *build_table(np.array(base, np.uint64), of_base)
    )
    table = NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes()))
    expected = {key: row.ravel().tolist() for key, row in zip(base, of_base, strict=True)}
    expected |= {key: row.ravel().tolist() for key, row in zip(added, of_added, strict=True)}
    prefixes = {key | ABSENT << 48 for key in expected if key >> 48 != ABSENT}
    for key in prefixes | {*expected}:
        assert table.find(key) == (expected.get(key, [0] * 16), key in prefixes)
    found, is_there = find_in_table(buckets, pilots, np.array(sorted(expected), np.uint64))
    assert is_there.all() and found.tolist() == [expected[key] for key in sorted(expected)]


def test_linear_core_reads_no_further_than_a_bucket_that_repeats_itself():
    # No table is built like this, but a hostile file can be.
    key = ngram_key((CLASSES["甲"], CLASSES["乙"]))
    buckets, pilots = build_table(np.array([key], np.uint64), np.zeros((1, 4, 4), np.int8))
    fingerprint = buckets[0, :4].tobytes()
    buckets[0, :12] = np.frombuffer(fingerprint * 3, np.uint8)
    after = np.full((1, 64), 77, np.uint8)
    tensors = zeros() | {"buckets": aligned(np.concatenate([buckets, after]))[:1], "pilots": aligned(pilots)}
    native = LinearPredictor(tensors, 0.5)
    assert native_emissions(native, "甲乙") == [(0, linear_emissions(views(tensors), "甲乙"))]
