"""Checkpoints: a model and what belongs to it, found, refused or loaded.

What lies on the disk is looked at in `sources` and `adapters`, before a heavy library is
imported; `checkpoint` and `adapters` load it, whole or not at all; `tokens` makes tokens of texts
and conversations; `loading` makes one message of what goes wrong, or is warned of, elsewhere.
"""
