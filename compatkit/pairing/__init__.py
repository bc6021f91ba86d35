"""Pairing: files are scored, and their rows joined by id.

`scored_rows` is one file's rows after scoring, `align` joins those of several.
"""
