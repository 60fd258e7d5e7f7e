"""User dictionaries: what the user decides about words.

`reference.py` specifies what entries do to the words of a model, `dictionary.py` is the dictionary and its files.
"""

from cws.user_dictionary.dictionary import DEFAULT_WEIGHT, MAX_WEIGHT, Entry, UserDictionary

__all__ = ["DEFAULT_WEIGHT", "MAX_WEIGHT", "Entry", "UserDictionary"]
