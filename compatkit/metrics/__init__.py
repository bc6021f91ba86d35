"""Metrics: what is measured of two models' results on the same examples.

`definitions` says what each number is, once; the other files are the ways to measure one.
"""
