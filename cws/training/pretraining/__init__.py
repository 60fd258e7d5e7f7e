"""Pretraining encoders on raw text: masked characters."""
