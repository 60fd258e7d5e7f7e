"""User dictionaries: what the user decides about words.

`reference.py` specifies what entries do to the words of a model, `dictionary.py` is the dictionary and its compiled
files, `text_format.py` its text files, `entry.py` an entry.
"""

from cws.user_dictionary.dictionary import UserDictionary
from cws.user_dictionary.entry import MAX_WEIGHT, MAX_WORD, Entry

__all__ = ["MAX_WEIGHT", "MAX_WORD", "Entry", "UserDictionary"]
