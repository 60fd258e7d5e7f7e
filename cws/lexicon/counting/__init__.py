"""Counting the n-grams of raw text, any amount of it in bounded memory."""
