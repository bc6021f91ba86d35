"""Predictions: the rows of a file as columns, and which field plays which role."""
