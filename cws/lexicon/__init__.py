"""Building a lexicon from raw text without supervision."""
