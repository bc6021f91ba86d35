"""Metrics: what is measured of two models' results on the same examples.

`definitions` says what each number is; the other files count and estimate them.
"""
