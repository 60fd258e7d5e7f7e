"""Models and user dictionaries on their way to the executors.

Bundled models are there already, other models and all user dictionaries go with the job, as files. Each executor opens
what it has only after its checksum: a job never goes on with another model, or silently without the dictionary.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from cws.bundled import models
from cws.errors import InputError, ModelError
from cws.labelers.device import Device
from cws.segmenter import Segmenter
from cws.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark import SparkContext

    from cws.segmenter import Dictionary

_sent: dict[tuple[str, str], tempfile.TemporaryDirectory[str]] = {}  # by application and name, until Python ends


class Shipment(NamedTuple):
    """What an executor needs to make the same segmenter.

    Attributes:
        version: Of cws.
        model: The name of a bundled model, or what messages call another one.
        model_folder: Its folder beside the other files of the job; empty for a bundled model.
        model_checksum: See `folder_checksum`.
        dictionary: The file of the compiled user dictionary beside the other files of the job; empty if there is none.
        dictionary_checksum: The SHA-256 of that file.
        device: Where a neural model computes.
        units: Whether units are kept whole.
    """

    version: str
    model: str
    model_folder: str
    model_checksum: str
    dictionary: str
    dictionary_checksum: str
    device: Device
    units: bool


def make_segmenter(model: str | os.PathLike[str] | Segmenter, user_dictionary: Dictionary | None) -> Segmenter:
    """Return the segmenter that a model and a dictionary make on this machine."""
    if not isinstance(model, Segmenter):
        return Segmenter(model, user_dictionary)
    if user_dictionary is not None:
        raise InputError("expected a model or a user dictionary with it, got a Segmenter, which has its own, and both")
    return model


def ship(context: SparkContext, segmenter: Segmenter) -> Shipment:
    """Send a segmenter's files with the jobs of a context, and return how executors find and check them."""
    name, dictionary = segmenter._model, segmenter._dictionary
    checksum = folder_checksum(segmenter.path)
    folder = ""
    if name not in models():
        folder = f"cws-model-{checksum[:16]}"
        with _new_file(context, f"{folder}.tar") as path:
            if path:
                _pack(segmenter.path, path)
                context.addArchive(f"{path}#{folder}")
    file = dictionary_checksum = ""
    if dictionary is not None:
        data = dictionary._to_bytes()
        dictionary_checksum = hashlib.sha256(data).hexdigest()
        file = f"cws-dictionary-{dictionary_checksum[:16]}.safetensors"
        with _new_file(context, file) as path:
            if path:
                with open(path, "wb") as out:
                    out.write(data)
                context.addFile(path)
    return Shipment(__version__, name, folder, checksum, file, dictionary_checksum, segmenter._device, segmenter._units)


@lru_cache(maxsize=8)
def open_shipment(shipment: Shipment) -> Segmenter:
    """Return the segmenter on an executor: opened once in a process, its weights and dictionary mapped into memory.

    Raises:
        ModelError: Another version of cws; a model or dictionary that is missing, or is not the one that was sent.
    """
    from pyspark import SparkFiles

    if shipment.version != __version__:
        raise ModelError(
            f"expected cws {shipment.version} as on the driver, got {__version__} in {sys.executable} of the executor:"
            " install the same version on all machines"
        )
    if shipment.model_folder:
        model: str = SparkFiles.get(shipment.model_folder)
    elif shipment.model in models():
        model = shipment.model
    else:
        raise ModelError(f"no bundled model {shipment.model!r} on the executor: install the same cws on all machines")
    folder = model if shipment.model_folder else Segmenter(model).path
    _check(f"model {shipment.model}", folder, shipment.model_checksum, folder_checksum)
    dictionary = None
    if shipment.dictionary:
        dictionary = SparkFiles.get(shipment.dictionary)
        _check("user dictionary", dictionary, shipment.dictionary_checksum, file_checksum)
    segmenter = Segmenter(model, dictionary, *shipment.device, shipment.units)
    if torch := sys.modules.get("torch"):  # a neural model has loaded it
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))  # as many as Spark gives a task
    return segmenter


def folder_checksum(folder: str) -> str:
    """Return one SHA-256 of the names and contents of all files in a folder."""
    digest = hashlib.sha256()
    for name in _files(folder):
        digest.update(f"{name}\0{file_checksum(os.path.join(folder, name))}\n".encode())
    return digest.hexdigest()


def file_checksum(path: str) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _check(what: str, path: str, expected: str, checksum: Callable[[str], str]) -> None:
    remedy = "the job's files were changed on the way: start it again, and look at the disk of this machine"
    if not os.path.exists(path):
        raise ModelError(f"{path}: the {what} is missing: expected SHA-256 {expected}, found no such file: {remedy}")
    found = checksum(path)
    if found != expected:
        raise ModelError(f"{path}: not the {what} of this job: expected SHA-256 {expected}, found {found}: {remedy}")


def _files(folder: str) -> list[str]:
    """Return the files in a folder and the folders in it, sorted; not those of Python's or an editor's."""
    found = [
        os.path.relpath(os.path.join(here, name), folder)
        for here, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".")
    ]
    return sorted(found)


def _pack(folder: str, path: str) -> None:
    with tarfile.open(path, "w") as archive:
        for name in _files(folder):
            archive.add(os.path.join(folder, name), name)


@contextmanager
def _new_file(context: SparkContext, name: str) -> Iterator[str | None]:
    """Yield the path of a file to send, which lives as long as this process; None if it was sent before."""
    key = (context.applicationId, name)
    if key in _sent:
        yield None
        return
    folder = tempfile.TemporaryDirectory(prefix="cws-")
    yield os.path.join(folder.name, name)
    _sent[key] = folder
