"""Engines that run cws on many machines."""
