"""jieba's interface, and jieba 0.42.1's words, from the C++ core: `import cws.compat.jieba as jieba`.

The word list and the model's tables are read from the installed jieba package; its code is not run. Words, tags,
offsets and frequencies are equal to jieba's, for every str, in every mode, and after every change of the word list.

What differs:

- Nothing is written to the shared temporary folder, for reading the list itself is fast: `Tokenizer.tmp_dir` and
  `cache_file` may be set and mean nothing.
- Nothing is printed or logged: `setLogLevel` may be called and means nothing.
- A generator (`cut`, `cut_for_search`, `tokenize`, posseg's `cut`) does a whole text when its first word is asked for:
  a change of the word list in mid-text shows from the next text on, errors come before the first word, and a broken
  dictionary is reported by any first text, where jieba waits for one with Chinese characters.
- `Tokenizer.FREQ` is a read-only mapping, and iterates in another order: change it by `add_word` and `del_word`.
- `lcut` and `lcut_for_search` name their parameters, those of `cut` and `cut_for_search`.
- `enable_parallel` does nothing but load the list, for this is faster on one thread than jieba on many. So the full
  mode has the same empty strings between line ends with and without it; jieba's has more of them with it.
- `use_paddle` is accepted and does nothing, as in a jieba without paddle; `enable_paddle` raises NotImplementedError.
- `posseg.pair` has no `__dict__`, and a dictionary's tags are read at first use where jieba's own list is used.
- What jieba has beside the segmentation, as `jieba.analyse`, is not here.
"""

from __future__ import annotations

from cws.compat.jieba.tokenizer import Tokenizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.42.1"  # whose words these are

DEFAULT_DICT = None
pool = None  # posseg and users of jieba look at it: no parallel mode is on

dt = Tokenizer()

add_word = dt.add_word
calc = dt.calc
cut = dt.cut
cut_for_search = dt.cut_for_search
del_word = dt.del_word
get_DAG = dt.get_DAG
get_dict_file = dt.get_dict_file
initialize = dt.initialize
lcut = dt.lcut
lcut_for_search = dt.lcut_for_search
load_userdict = dt.load_userdict
set_dictionary = dt.set_dictionary
suggest_freq = dt.suggest_freq
tokenize = dt.tokenize
user_word_tag_tab = dt.user_word_tag_tab


def get_FREQ(k: str, d: Any = None) -> Any:
    """Return the count of a word, 0 for the beginning of one, and d for other strings."""
    return dt.FREQ.get(k, d)


def setLogLevel(log_level: int) -> None:
    """Do nothing: there are no messages."""


def enable_parallel(processnum: int | None = None) -> None:
    """Do nothing but load the dictionary, see the module's docstring.

    Args:
        processnum: Ignored.
    """
    dt.check_initialized()


def disable_parallel() -> None:
    """Do nothing."""


def enable_paddle() -> None:
    """Raise NotImplementedError: there is no such mode here."""
    raise NotImplementedError("cws.compat.jieba has no paddle mode: use jieba itself for it")
