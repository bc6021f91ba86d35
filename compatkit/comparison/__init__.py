"""Comparison: what an update changed, from files and options to counts, metrics and flips."""
