"""Checkpoints: a model and what belongs to it, found, refused or loaded.

What lies on the disk is looked at in `sources` and `adapters`, before a heavy library is
imported; `checkpoint` loads it; `tokens` joins texts, and `memory` knows what running out of it
looks like.
"""
