from __future__ import annotations

import errno
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from cws.errors import FileError, InputError, ModelError
from cws.model_io import ALIGNMENT, map_tensors, read_config, write_model

CONFIG = {"kind": "toy", "name": "小"}
TENSORS = {
    "big": np.arange(70, dtype=np.uint8),
    "pairs": np.array([[1, -2], [300, -400]], np.int16),
    "scores": np.array([0.5, -1.0, 2.0], np.float32),
}
SPECIFICATION = {"big": ("U8", (None,)), "pairs": ("I16", (None, 2)), "scores": ("F32", (3,))}
# What write_model made of them when the format was settled; models that exist must stay readable.
GOLDEN_CONFIG = """\
{
  "format": "cws-model",
  "version": 1,
  "id": "af1f3f8ed03cd7d4",
  "kind": "toy",
  "name": "小"
}
"""
GOLDEN_HEADER = (
    '{"__metadata__":{"id":"af1f3f8ed03cd7d4"},'
    '"scores":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},'
    '"pairs":{"dtype":"I16","shape":[2,2],"data_offsets":[12,20]},'
    '"big":{"dtype":"U8","shape":[70],"data_offsets":[20,90]}}'
)


@pytest.fixture
def folder(tmp_path):
    write_model(tmp_path / "model", CONFIG, TENSORS)
    return tmp_path / "model"


def read(folder: Path) -> dict[str, bytes]:
    """The tensors as everyone reads them, copied so that the file may change."""
    return {name: bytes(data) for name, data in map_tensors(folder, read_config(folder), SPECIFICATION).items()}


def split(folder: Path) -> tuple[dict, bytes]:
    whole = (folder / "weights.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", whole[:8])
    return json.loads(whole[8 : 8 + size]), whole[8 + size :]


def join(folder: Path, header: object, data: bytes) -> None:
    text = json.dumps(header).encode()
    (folder / "weights.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read(folder)


def test_model_io_writes_the_golden_bytes(folder):
    data = TENSORS["scores"].tobytes() + TENSORS["pairs"].tobytes() + TENSORS["big"].tobytes()
    padded = GOLDEN_HEADER.ljust(len(GOLDEN_HEADER) + -(8 + len(GOLDEN_HEADER) + 20) % 64)
    assert (folder / "cws.json").read_text("utf-8") == GOLDEN_CONFIG
    whole = (folder / "weights.safetensors").read_bytes()
    assert whole == struct.pack("<Q", len(padded)) + padded.encode() + data


def test_model_io_tensors_come_back(folder):
    assert read(folder) == {name: tensor.tobytes() for name, tensor in TENSORS.items()}


def test_model_io_config_comes_back_with_format_version_and_id(folder):
    extra = {"format": "cws-model", "version": 1, "id": "af1f3f8ed03cd7d4"}
    assert read_config(folder) == CONFIG | extra


def test_model_io_files_are_safetensors_for_everyone(folder):
    loaded = load_file(folder / "weights.safetensors")
    assert loaded.keys() == TENSORS.keys()
    assert all((loaded[name] == TENSORS[name]).all() for name in TENSORS)


@pytest.mark.parametrize("name", TENSORS)
def test_model_io_chosen_tensor_is_aligned(tmp_path, name):
    write_model(tmp_path, CONFIG, TENSORS, aligned=name)
    tensor = map_tensors(tmp_path, read_config(tmp_path), SPECIFICATION)[name]
    assert np.frombuffer(tensor, np.uint8).ctypes.data % ALIGNMENT == 0


@pytest.mark.parametrize("extra", range(0, 64, 9))
def test_model_io_largest_tensor_is_aligned_if_none_is_chosen(tmp_path, extra):
    tensors = {"x" * (1 + extra): np.zeros(1, np.int64), "large": np.ones(100 + extra, np.uint8)}
    write_model(tmp_path, {}, tensors)
    specification = {"x" * (1 + extra): ("I64", (1,)), "large": ("U8", (None,))}
    large = map_tensors(tmp_path, read_config(tmp_path), specification)["large"]
    assert np.frombuffer(large, np.uint8).ctypes.data % ALIGNMENT == 0


def test_model_io_tensors_are_read_only(folder):
    assert all(data.readonly for data in map_tensors(folder, read_config(folder), SPECIFICATION).values())


def test_model_io_writing_again_replaces_the_model(folder):
    mapped = map_tensors(folder, read_config(folder), SPECIFICATION)
    other = TENSORS | {"big": np.zeros(5, np.uint8)}
    write_model(folder, CONFIG, other)
    assert read(folder)["big"] == bytes(5)
    assert bytes(mapped["big"]) == TENSORS["big"].tobytes()  # who has the old one open keeps it
    assert sorted(path.name for path in folder.iterdir()) == ["cws.json", "weights.safetensors"]


def test_model_io_same_tensors_give_the_same_bytes(folder, tmp_path):
    write_model(tmp_path / "twin", CONFIG, dict(reversed(TENSORS.items())))
    for name in ("cws.json", "weights.safetensors"):
        assert (folder / name).read_bytes() == (tmp_path / "twin" / name).read_bytes()


def test_model_io_makes_folders(tmp_path):
    write_model(tmp_path / "a" / "b", CONFIG, TENSORS)
    assert read(tmp_path / "a" / "b")


@pytest.mark.parametrize("key", ["format", "version", "id"])
def test_model_io_config_cannot_say_what_the_writer_says(tmp_path, key):
    with pytest.raises(InputError, match=f"must not have {key}: choose other names"):
        write_model(tmp_path, {key: "mine"}, TENSORS)


def test_model_io_config_that_is_no_json_leaves_the_old_model(folder):
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_model(folder, {"kind": object()}, {"big": np.zeros(1, np.uint8)})
    assert read(folder)["big"] == TENSORS["big"].tobytes()


def test_model_io_writing_over_a_file_is_an_error(tmp_path):
    (tmp_path / "model").write_text("mine")
    with pytest.raises(FileError, match="model: File exists"):
        write_model(tmp_path / "model", CONFIG, TENSORS)
    assert (tmp_path / "model").read_text() == "mine"


FULL_DISK = """
import resource, signal, sys
import numpy as np
from cws.errors import FileError
from cws.model_io import write_model
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    write_model(sys.argv[1], {"kind": "toy", "name": "x" * 5000}, {"big": np.ones(3000, np.uint8)})
except FileError as error:
    print(error.errno, error)
"""


@pytest.mark.parametrize("limit", [100, 4000])  # stops the weights; stops only cws.json
def test_model_io_full_disk_leaves_the_old_model(folder, limit):
    command = [sys.executable, "-c", FULL_DISK, str(folder), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{errno.EFBIG} ")
    assert "raise the limit on file sizes" in done.stdout
    assert read(folder)["big"] == TENSORS["big"].tobytes()
    assert len([*folder.iterdir()]) == 2


# Hostile files: every one gives a ModelError (or a FileError) that says what is wrong, and nothing else.


@pytest.mark.parametrize("name", ["cws.json", "weights.safetensors"])
def test_model_io_missing_file_is_an_error(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileError, match=f"{name}: No such file"):
        read(folder)


@pytest.mark.parametrize("name", ["cws.json", "weights.safetensors"])
def test_model_io_directory_in_place_of_a_file_is_an_error(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(FileError, match=f"{name}: Is a directory"):
        read(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cws.json: not JSON"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "cws.json: not JSON"),
        (b"{", "cws.json: not JSON"),
        (b"[" * 100_000, "cws.json: not JSON"),
        (b'{"version": ' + b"9" * 5000 + b"}", "cws.json: (not JSON|expected a model)"),
        (b"[]", 'expected a model with "format": "cws-model", this is something else'),
        (b"null", "this is something else"),
        (b'{"version": 1}', "this is something else"),
        (b'{"format": "other", "version": 1}', "this is something else"),
        (b'{"format": "cws-model"}', "version None is not 1: install the cws that made it"),
        (b'{"format": "cws-model", "version": 2}', "version 2 is not 1: install the cws that made it"),
        (b'{"format": "cws-model", "version": "1"}', "version '1' is not 1"),
        (b'{"format": "cws-model", "version": true}', "version True is not 1"),
        (b'{"format": "cws-model", "version": 1}', "belongs to another cws.json: train or install it again"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_model_io_foreign_config_is_refused(folder, content, message):
    (folder / "cws.json").write_bytes(content)
    refused(folder, message)


def test_model_io_empty_weights_are_refused(folder):
    (folder / "weights.safetensors").write_bytes(b"")
    refused(folder, "weights.safetensors: the file is empty: train, compile or install it again")


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b'{"format": "cws-model"}',
        b"\0",
        struct.pack("<Q", 0),
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2**64 - 1) + b"{}",
        struct.pack("<Q", 3) + b"{}",
        struct.pack("<Q", (1 << 20) + 1) + b"{" * 2_000_000,
    ],
    ids=lambda value: repr(value[:12]),
)
def test_model_io_foreign_weights_are_refused(folder, content):
    (folder / "weights.safetensors").write_bytes(content)
    refused(folder, "not a safetensors file, or cut off: train, compile or install it again")


@pytest.mark.parametrize("header", [b"{]", b"[1, 2]", b"\xff\xff", b"[" * 100_000, b'"text"'])
def test_model_io_foreign_header_is_refused(folder, header):
    (folder / "weights.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    refused(folder, "not a safetensors file: train, compile or install it again")


@pytest.mark.parametrize("metadata", [None, {}, [], {"id": None}, {"id": 1}, {"id": "0" * 16}])
def test_model_io_weights_of_another_config_are_refused(folder, metadata):
    header, data = split(folder)
    join(folder, header | {"__metadata__": metadata}, data)
    refused(folder, "belongs to another cws.json")


def test_model_io_ids_that_both_miss_are_refused(folder):
    header, data = split(folder)
    del header["__metadata__"]
    join(folder, header, data)
    (folder / "cws.json").write_text('{"format": "cws-model", "version": 1}')
    refused(folder, "belongs to another cws.json")


def test_model_io_missing_tensor_is_refused(folder):
    header, data = split(folder)
    del header["pairs"]
    join(folder, header, data)
    refused(folder, "expected the tensors big, pairs, scores, got big, scores")


def test_model_io_extra_tensor_is_refused(folder):
    header, data = split(folder)
    join(folder, header | {"more": header["big"]}, data)
    refused(folder, "expected the tensors big, pairs, scores, got big, more, pairs, scores")


@pytest.mark.parametrize("dtype", ["I8", "BF16", "", None, 8, ["U8"], {}])
def test_model_io_wrong_dtype_is_refused(folder, dtype):
    header, data = split(folder)
    header["big"]["dtype"] = dtype
    join(folder, header, data)
    refused(folder, r"big: expected U8 \[None\], got ")


@pytest.mark.parametrize(
    "shape", [None, 3, "3", [], [2, 2, 1], [4], [2, 3], [2.0, 2], [True, 2], [-2, 2], [None, 2], ["2", 2], [[2], 2]]
)
def test_model_io_wrong_shape_is_refused(folder, shape):
    header, data = split(folder)
    header["pairs"]["shape"] = shape
    join(folder, header, data)
    refused(folder, r"pairs: expected I16 \[None, 2\], got I16 ")


@pytest.mark.parametrize("shape", [[1, 2], [3, 2], [2**62, 2], [10**30, 2]])
def test_model_io_shape_of_another_size_is_refused(folder, shape):
    header, data = split(folder)
    header["pairs"]["shape"] = shape
    join(folder, header, data)
    refused(folder, "pairs: its bytes are 12 to 20, which cannot be: the file is damaged")


@pytest.mark.parametrize(
    "offsets", [None, 12, [], [12], [12, 20, 28], [-8, 0], [12, -1], [12.0, 20.0], [True, 20], ["12", "20"], [None, 20]]
)
def test_model_io_offsets_that_are_none_are_refused(folder, offsets):
    header, data = split(folder)
    header["pairs"]["data_offsets"] = offsets
    join(folder, header, data)
    refused(folder, "a tensor without data_offsets: the file is damaged")


@pytest.mark.parametrize("entry", [None, [], 1, "pairs", {}])
def test_model_io_entry_that_is_no_tensor_is_refused(folder, entry):
    header, data = split(folder)
    join(folder, header | {"pairs": entry}, data)
    refused(folder, "a tensor without data_offsets: the file is damaged")


@pytest.mark.parametrize(
    "offsets", [[11, 19], [13, 21], [0, 8], [20, 12], [12, 12], [12, 19], [90, 98], [82, 90], [10**30, 10**30 + 8]]
)
def test_model_io_offsets_that_overlap_or_leave_the_file_are_refused(folder, offsets):
    header, data = split(folder)
    header["pairs"]["data_offsets"] = offsets
    join(folder, header, data)
    refused(folder, "which cannot be: the file is damaged")


@pytest.mark.parametrize("data", [b"", b"\0" * 89, b"\0" * 20])
def test_model_io_missing_bytes_are_refused(folder, data):
    header, _ = split(folder)
    join(folder, header, data)
    refused(folder, "which cannot be: the file is damaged")


def test_model_io_bytes_behind_the_tensors_are_refused(folder):
    header, data = split(folder)
    join(folder, header, data + b"\0")
    refused(folder, "expected 90 bytes of tensors, got 91: the file is damaged")


@pytest.fixture(scope="module")
def whole():
    """The bytes of both files, and a folder to write others into."""
    with tempfile.TemporaryDirectory() as name:
        write_model(name, CONFIG, TENSORS)
        yield {path.name: path.read_bytes() for path in Path(name).iterdir()}, Path(name)


def survives(folder: Path, files: dict[str, bytes]) -> None:
    """Reading gives the model that was written, or an error of ours."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        tensors = read(folder)
    except (ModelError, FileError):
        return
    assert tensors == {name: tensor.tobytes() for name, tensor in TENSORS.items()}


@pytest.mark.parametrize("name", ["cws.json", "weights.safetensors"])
def test_model_io_survives_truncation_anywhere(whole, name):
    files, folder = whole
    for size in range(len(files[name])):
        survives(folder, files | {name: files[name][:size]})


@settings(max_examples=300)
@given(data=st.data())
def test_model_io_survives_a_changed_byte(whole, data):
    files, folder = whole
    name = data.draw(st.sampled_from(sorted(files)))
    # Bytes of tensors are not looked at: whatever they are, they are weights.
    size = len(files[name]) - (90 if name == "weights.safetensors" else 0)
    changed = bytearray(files[name])
    changed[data.draw(st.integers(0, size - 1))] = data.draw(st.integers(0, 255))
    survives(folder, files | {name: bytes(changed)})


@given(content=st.binary(max_size=200))
def test_model_io_survives_any_bytes(whole, content):
    files, folder = whole
    survives(folder, files | {"weights.safetensors": content})
    survives(folder, files | {"weights.safetensors": struct.pack("<Q", len(content)) + content})
    survives(folder, files | {"cws.json": content})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["U8", [0, 12]]),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=5), values, max_size=4),
    max_leaves=8,
)


@given(data=st.data(), value=json_values)
def test_model_io_survives_any_json_in_the_header(whole, data, value):
    files, folder = whole
    (folder / "weights.safetensors").write_bytes(files["weights.safetensors"])
    header, bytes_ = split(folder)
    name = data.draw(st.sampled_from(sorted(header)))
    key = data.draw(st.sampled_from([None, *sorted(header[name])]))
    if key is None:
        header[name] = value
    else:
        header[name][key] = value
    join(folder, header, bytes_)
    survives(folder, files | {"weights.safetensors": (folder / "weights.safetensors").read_bytes()})
