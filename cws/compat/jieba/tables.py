"""The tables of the installed jieba package, read as data: importing the package takes a second and starts loggers."""

from __future__ import annotations

from threading import Lock

from cws._native import JiebaForcedSplits, JiebaHmm, JiebaTagModel
from cws.errors import ModelError
from cws.word_list import jieba_table

FORCED_SPLITS = JiebaForcedSplits()  # one for the process: a word deleted from one list is split in all, as in jieba

_lock = Lock()
_hmm: JiebaHmm | None = None
_tag_model: JiebaTagModel | None = None


def hmm() -> JiebaHmm:
    """Return the model of words that are not in the list, which the first call reads.

    Raises:
        FileError: jieba is not installed.
        ModelError: Its tables are not those of jieba 0.42.
    """
    global _hmm
    with _lock:
        if _hmm is None:
            tables = [jieba_table("finalseg", name) for name in ("prob_start", "prob_trans", "prob_emit")]
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
            start, transitions, emissions, known_states = (jieba_table("posseg", name) for name in names)
            try:
                _tag_model = JiebaTagModel(sorted(transitions), start, transitions, emissions, known_states)
            except (TypeError, ValueError, LookupError, RuntimeError) as error:
                raise _foreign("posseg", error) from error
        return _tag_model


def _foreign(package: str, error: Exception) -> ModelError:
    return ModelError(f"the tables of jieba.{package} are not those of jieba 0.42 ({error}): pip install jieba==0.42.1")
