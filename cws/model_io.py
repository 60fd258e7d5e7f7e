"""Model directories: `cws.json` says what the model is, `weights.safetensors` holds its tensors.

A directory is written so that a reader sees the old model or the new one or a clear error, never a mixture: both files
carry the same `id`. Weights are mapped into memory, not read; one tensor begins at a multiple of 64 bytes, a cache
line, which the safetensors format allows (its header may end in spaces).
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import struct

from cws.errors import InputError, ModelError
from cws.files import atomic_output, file_error

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    # The safetensors name of a tensor's type, and its shape; None is any size.
    Specification = Mapping[str, tuple[str, tuple[int | None, ...]]]

FORMAT = "cws-model"
VERSION = 1
RESERVED = frozenset({"format", "version", "id"})  # of cws.json, written here
ALIGNMENT = 64
_ITEM_BYTES = {"U8": 1, "I8": 1, "U16": 2, "I16": 2, "U32": 4, "F32": 4, "I64": 8, "U64": 8}
_MAX_HEADER = 1 << 20
_ENCODER_FILES = ("config.json", "model.safetensors", "tokenizer", "vocab", "special_tokens", "added_tokens", "merges")
_OTHER_FILES = frozenset(  # beside cws.json, weights.safetensors and the encoder, by whoever writes them
    ["user_dictionary.safetensors", "history.jsonl", "lexicon.txt", "checkpoint.safetensors"]
)
_MAKE_AGAIN = "train, compile or install it again"


def read_config(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a model's `cws.json` says.

    Raises:
        FileError: No such folder, or no `cws.json` in it.
        ModelError: Not a cws model, or of a version this release does not know.
    """
    path = os.path.join(folder, "cws.json")
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except OSError as error:
        raise file_error(
            error, path, {errno.ENOENT: "no model here: cws train makes one, cws models lists some"}
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON ({error}): the file is damaged, train or install it again") from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelError(f'{path}: expected a model with "format": "{FORMAT}", this is something else')
    version = config.get("version")
    if type(version) is not int or version != VERSION:
        raise ModelError(f"{path}: version {version!r} is not {VERSION}: install the cws that made it")
    return config


def holds_model(folder: str | os.PathLike[str]) -> bool:
    """Whether there is a model in the folder, whole or not."""
    return os.path.exists(os.path.join(folder, "cws.json"))


def is_model_file(name: str) -> bool:
    """Whether a file of this name, in the folder of a model, is a part of the model."""
    return name in ("cws.json", "weights.safetensors") or name in _OTHER_FILES or name.startswith(_ENCODER_FILES)


def map_tensors(
    folder: str | os.PathLike[str], config: Mapping[str, Any], specification: Specification
) -> dict[str, memoryview]:
    """Return the bytes of each tensor, mapped from `weights.safetensors` and checked against the specification.

    Raises:
        FileError: The file cannot be opened.
        ModelError: As `map_file`; weights that belong to another `cws.json`.
    """
    path = os.path.join(folder, "weights.safetensors")
    metadata, tensors = map_file(path, specification)
    if not metadata.get("id") or metadata["id"] != config.get("id"):
        raise ModelError(f"{path}: belongs to another cws.json: train or install it again")
    return tensors


def map_file(
    path: str | os.PathLike[str], specification: Specification
) -> tuple[dict[str, str], dict[str, memoryview]]:
    """Return the metadata of a safetensors file and the bytes of each tensor, mapped into memory.

    Raises:
        FileError: The file cannot be opened.
        ModelError: Truncated or foreign file; a tensor missing, too many, misplaced, of another type or shape.
    """
    try:
        with open(path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise file_error(error, path) from error
    except ValueError:
        raise ModelError(f"{os.fspath(path)}: the file is empty: {_MAKE_AGAIN}") from None
    return read_tensors(memoryview(mapped), os.fspath(path), specification)


def read_tensors(
    whole: memoryview, path: str, specification: Specification
) -> tuple[dict[str, str], dict[str, memoryview]]:
    """Return the metadata of the bytes of a safetensors file and the bytes of each tensor, which are not copied.

    Raises:
        ModelError: As `map_file`.
    """
    header, data = _split(whole, path)
    metadata = header.pop("__metadata__", {})
    metadata = metadata if isinstance(metadata, dict) else {}
    if header.keys() != specification.keys():
        raise ModelError(
            f"{path}: expected the tensors {', '.join(sorted(specification))}, got {', '.join(sorted(header))}"
        )
    tensors = {}
    covered = 0
    for name, entry in sorted(header.items(), key=lambda item: _offsets(item[1], path)):
        begin, end = _offsets(entry, path)
        dtype, shape = specification[name]
        got = entry.get("shape")
        if entry.get("dtype") != dtype or not _shape_fits(got, shape):
            raise ModelError(f"{path}: {name}: expected {dtype} {list(shape)}, got {entry.get('dtype')} {got}")
        size = _ITEM_BYTES[dtype]
        for factor in got:
            size *= factor
        if begin != covered or end - begin != size or end > len(data):
            raise ModelError(f"{path}: {name}: its bytes are {begin} to {end}, which cannot be: the file is damaged")
        covered = end
        tensors[name] = data[begin:end]
    if covered != len(data):
        raise ModelError(f"{path}: expected {covered} bytes of tensors, got {len(data)}: the file is damaged")
    return metadata, tensors


def _split(whole: memoryview, path: str) -> tuple[dict[str, Any], memoryview]:
    """Return the header and the bytes after it."""
    size = struct.unpack("<Q", whole[:8])[0] if len(whole) >= 8 else 0
    if not 2 <= size <= min(_MAX_HEADER, len(whole) - 8):
        raise ModelError(f"{path}: not a safetensors file, or cut off: {_MAKE_AGAIN}")
    try:
        header = json.loads(bytes(whole[8 : 8 + size]))
    except (ValueError, RecursionError):
        raise ModelError(f"{path}: not a safetensors file: {_MAKE_AGAIN}") from None
    if not isinstance(header, dict):
        raise ModelError(f"{path}: not a safetensors file: {_MAKE_AGAIN}")
    return header, whole[8 + size :]


def _shape_fits(got: Any, expected: tuple[int | None, ...]) -> bool:
    if not isinstance(got, list) or len(got) != len(expected):
        return False
    return all(type(g) is int and g >= 0 and e in (None, g) for g, e in zip(got, expected, strict=True))


def _offsets(entry: Any, path: str) -> tuple[int, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(at) is int and at >= 0 for at in offsets)):
        raise ModelError(f"{path}: a tensor without data_offsets: the file is damaged")
    return offsets[0], offsets[1]


def write_model(
    folder: str | os.PathLike[str],
    config: Mapping[str, Any],
    tensors: Mapping[str, np.ndarray[Any, Any]],
    *,
    aligned: str | None = None,
) -> None:
    """Write a model directory, replacing a model that is there.

    Args:
        folder: Made if it is not there.
        config: The model's kind and what else `cws.json` should say; not its format, version and id.
        tensors: Arrays of any layout in memory.
        aligned: As of `pack`.

    Raises:
        InputError: A config that says what only this function may say.
        FileError: A file instead of a folder, no permission, a full disk.
    """
    import numpy as np

    if reserved := sorted(RESERVED & config.keys()):
        raise InputError(f"the config of a model must not have {', '.join(reserved)}: choose other names")
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    identity = _identity(tensors)
    weights = pack(tensors, {"id": identity}, aligned)
    complete = {"format": FORMAT, "version": VERSION, "id": identity, **config}
    description = json.dumps(complete, indent=2, ensure_ascii=False).encode() + b"\n"
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise file_error(error, folder) from error
    with atomic_output(os.path.join(folder, "weights.safetensors")) as file:
        file.write(weights)
        file.flush()  # a full disk shows here, while the old model is whole
        with atomic_output(os.path.join(folder, "cws.json")) as config_file:
            config_file.write(description)


def _identity(tensors: Mapping[str, np.ndarray[Any, Any]]) -> str:
    from hashlib import sha256

    digest = sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].tobytes())
    return digest.hexdigest()[:16]


def copy_model(source: str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
    """Copy a model into another folder, which is made if it is not there: `cws.json`, its weights, and of kind bert the
    encoder and its tokenizer.

    Raises:
        FileError: A file instead of a folder, no permission, a full disk.
    """
    if os.path.realpath(source) == os.path.realpath(folder):
        return
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise file_error(error, folder) from error
    encoder = sorted(name for name in os.listdir(source) if name.startswith(_ENCODER_FILES))
    for name in (*encoder, "weights.safetensors", "cws.json"):
        with open(os.path.join(source, name), "rb") as original, atomic_output(os.path.join(folder, name)) as copy:
            while block := original.read(1 << 20):
                copy.write(block)


def pack(tensors: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str], aligned: str | None = None) -> bytes:
    """Return the bytes of a safetensors file, with spaces after its header so that `aligned` begins at a multiple of
    ALIGNMENT; None aligns the largest tensor.
    """
    from safetensors.numpy import save

    data = save(dict(tensors), dict(metadata))
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    spans = {name: entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"}
    begin, _ = spans[aligned or max(spans, key=lambda name: spans[name][1] - spans[name][0])]
    padded = size + -(8 + size + begin) % ALIGNMENT
    if "__metadata__" in header:  # which comes in any order: the same content is the same bytes
        header["__metadata__"] = dict(metadata)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return struct.pack("<Q", padded) + text.ljust(padded) + data[8 + size :]


def aligned(tensor: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that begins at a multiple of ALIGNMENT, as it would in a file."""
    import numpy as np  # here, because segmenting does without

    room = np.empty(tensor.nbytes + ALIGNMENT, np.uint8)
    begin = -room.ctypes.data % ALIGNMENT
    copy = room[begin : begin + tensor.nbytes].view(tensor.dtype).reshape(tensor.shape)
    copy[...] = tensor
    return copy
