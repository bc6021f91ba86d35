"""Negative and positive flips of answers that are right when they equal a reference."""

from compatkit.evaluate_modules.flip_module import FlipModule


class ExactMatchFlips(FlipModule):
    """See the module's entry in `compatkit.evaluate_modules.MODULES`."""

    module = "exact_match_flips"
