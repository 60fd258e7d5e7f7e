"""The tables of the installed jieba package, read as data: importing the package takes a second and starts loggers."""

from __future__ import annotations

import os
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from threading import Lock

from cws._native import JiebaForcedSplits, JiebaHmm, JiebaTagModel
from cws.errors import FileError, ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORCED_SPLITS = JiebaForcedSplits()  # one for the process: a word deleted from one list is split in all, as in jieba

_lock = Lock()
_hmm: JiebaHmm | None = None
_tag_model: JiebaTagModel | None = None


def jieba_folder() -> str:
    """Return the folder of the installed jieba package.

    Raises:
        FileError: jieba is not installed.
    """
    spec = find_spec("jieba")
    if spec is None or not spec.submodule_search_locations:
        raise FileError(2, "the jieba package is not installed: pip install jieba", "jieba")
    return str(spec.submodule_search_locations[0])


def hmm() -> JiebaHmm:
    """Return the model of words that are not in the list, which the first call reads.

    Raises:
        FileError: jieba is not installed.
        ModelError: Its tables are not those of jieba 0.42.
    """
    global _hmm
    with _lock:
        if _hmm is None:
            tables = [_table("finalseg", name) for name in ("prob_start", "prob_trans", "prob_emit")]
            try:
                _hmm = JiebaHmm(*tables)
            except (TypeError, ValueError, LookupError, RuntimeError) as error:
                raise _foreign("finalseg", error) from error
        return _hmm


def tag_model() -> JiebaTagModel:
    """Return the model of tagged words that are not in the list, which the first call reads.

    Raises:
        FileError: jieba is not installed.
        ModelError: Its tables are not those of jieba 0.42.
    """
    global _tag_model
    with _lock:
        if _tag_model is None:
            names = ("prob_start", "prob_trans", "prob_emit", "char_state_tab")
            start, transitions, emissions, known_states = (_table("posseg", name) for name in names)
            try:
                _tag_model = JiebaTagModel(sorted(transitions), start, transitions, emissions, known_states)
            except (TypeError, ValueError, LookupError, RuntimeError) as error:
                raise _foreign("posseg", error) from error
        return _tag_model


def _table(package: str, name: str) -> dict[Any, Any]:
    """Return what the module jieba.<package>.<name> calls P, without importing its packages."""
    path = os.path.join(jieba_folder(), package, f"{name}.py")
    spec = spec_from_file_location(f"_cws_jieba_{package}_{name}", path)
    if spec is None or spec.loader is None or not os.path.isfile(path):
        raise FileError(2, "the installed jieba has no such table: pip install jieba==0.42.1", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    table = getattr(module, "P", None)
    if not isinstance(table, dict):
        raise _foreign(package, TypeError(f"{path}: expected a dict P"))
    return table


def _foreign(package: str, error: Exception) -> ModelError:
    return ModelError(f"the tables of jieba.{package} are not those of jieba 0.42 ({error}): pip install jieba==0.42.1")
