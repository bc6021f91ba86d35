"""Backward trust and error compatibility, negative flip impact, relative negative flip rate, churn, and the share of wrong answers that changed."""

from compatkit.evaluate_modules.flip_module import FlipModule


class BackwardCompatibility(FlipModule):
    """See the module's entry in `compatkit.evaluate_modules.MODULES`."""

    module = "backward_compatibility"
