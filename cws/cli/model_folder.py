"""Folders that commands write models into: what is there already, and what must not stay."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from cws.errors import InputError
from cws.files import check_folder, check_output
from cws.model_io import holds_model, is_model_file

_CHECKPOINT = "checkpoint.safetensors"


@contextmanager
def model_folder(
    folder: str, inputs: Iterable[str | None], *, overwrite: bool = False, resumes: bool = False
) -> Iterator[None]:
    """Check a folder before a model is made there, and afterwards take away what was left of the model before.

    Args:
        folder: Where the model goes; it need not be there.
        inputs: What the model is made from: files, and folders of other models; None is left out.
        overwrite: Whether a model that is there may be replaced.
        resumes: Whether a checkpoint there is that of a training which goes on.

    Raises:
        InputError: A model is there, or an input would be overwritten.
        FileError: The folder could not be made.
    """
    check_folder(folder)
    check_not_input(folder, inputs)
    going_on = resumes and os.path.exists(os.path.join(folder, _CHECKPOINT))
    if holds_model(folder) and not overwrite and not going_on:
        raise InputError(f"{folder} holds a model: choose another folder, or give --overwrite to replace the model")
    before = _model_files(folder)
    yield
    after = _model_files(folder)
    if before.get("cws.json") != after.get("cws.json"):
        for name, status in before.items():
            if after.get(name) == status:  # nobody wrote it again
                with suppress(FileNotFoundError):  # of several processes of one training, another was faster
                    os.unlink(os.path.join(folder, name))


def check_not_input(folder: str, inputs: Iterable[str | None]) -> None:
    """Raise InputError if a model in this folder would take the place of an input: a file in it, or the folder."""
    for path in inputs:
        if path is None:
            continue
        if os.path.isdir(path) and os.path.isdir(folder) and os.path.samefile(path, folder):
            raise InputError(f"{path} is an input and the output: choose another folder for the new model")
        for name in _model_files(folder):
            check_output(os.path.join(folder, name), [path])


def _model_files(folder: str) -> dict[str, tuple[int, int, int]]:
    """Return what tells whether a file was written again, for each file of a model in the folder."""
    if not os.path.isdir(folder):
        return {}
    names = [name for name in sorted(os.listdir(folder)) if is_model_file(name)]
    status = {name: os.stat(os.path.join(folder, name)) for name in names if os.path.isfile(os.path.join(folder, name))}
    return {name: (one.st_ino, one.st_mtime_ns, one.st_size) for name, one in status.items()}
