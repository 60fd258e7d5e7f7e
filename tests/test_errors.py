from __future__ import annotations

import errno
import pickle

import pytest

from cws.errors import CorpusError, CwsError, EncodingError, EngineError, FileError, InputError, ModelError

EXAMPLES = [
    (CwsError("went wrong"), "went wrong", Exception),
    (InputError("expected 1, got 2"), "expected 1, got 2", ValueError),
    (ModelError("not a model"), "not a model", ValueError),
    (CorpusError("no tag"), "no tag", ValueError),
    (CorpusError("no tag", "a.txt"), "a.txt: no tag", ValueError),
    (CorpusError("no tag", "a.txt", 3), "a.txt:3: no tag", ValueError),
    (EncodingError("byte 0xff", "a.txt", 3, 57), "a.txt:3:57: byte 0xff", ValueError),
    (EncodingError("byte 0xff", "a.txt", 1, 0), "a.txt:1:0: byte 0xff", ValueError),
    (FileError(errno.ENOENT, "no such file: check the path", "a.txt"), "a.txt: no such file: check the path", OSError),
    (FileError("odd"), "odd", OSError),
    (EngineError("Spark gave up"), "Spark gave up", OSError),
]


@pytest.mark.parametrize(("error", "text", "family"), EXAMPLES)
def test_errors_show_the_place_and_belong_to_the_builtin_family(error, text, family):
    assert str(error) == text
    assert isinstance(error, CwsError)
    assert isinstance(error, family)


@pytest.mark.parametrize("error", [example[0] for example in EXAMPLES])
def test_errors_pickle_whole(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__


def test_file_error_keeps_the_fields_of_an_oserror():
    error = pickle.loads(pickle.dumps(FileError(errno.ENOSPC, "disk full", "a.txt")))
    assert (error.errno, error.strerror, error.filename) == (errno.ENOSPC, "disk full", "a.txt")
