"""Models that score tags: one file for each kind."""
