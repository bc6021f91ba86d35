"""Lacking: that there is nothing to draw, and why."""

from compatkit.errors import ConfigError

ONE_CANDIDATE = "there is one new model. Several have such a picture."
NO_SLICES = "there are none. --by FIELD names a field to slice by."
NO_SWEEP = "flips over all thresholds were not counted. --sweep counts them."


class NoPictureError(ConfigError):
    """There is nothing to draw, and why."""
