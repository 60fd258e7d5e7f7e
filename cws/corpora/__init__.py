"""Public corpora: what they are and on which terms (recipes), how they are fetched and converted, where they are kept.

A recipe is a JSON file in corpora/recipes/. `get` makes the folder of a corpus of it, `path_of` finds a part again:
docs/guide/corpora.md.
"""

from cws.corpora.fetch import Result, get
from cws.corpora.recipes import Recipe, read_recipe, recipe_names
from cws.corpora.store import corpus_folder, is_fetched, path_of

__all__ = ["Recipe", "Result", "corpus_folder", "get", "is_fetched", "path_of", "read_recipe", "recipe_names"]
