"""The share of examples that the old model answers wrong and the new one right."""

from compatkit.evaluate_modules.flip_module import FlipModule


class PositiveFlipRate(FlipModule):
    """See the module's entry in `compatkit.evaluate_modules.MODULES`."""

    module = "positive_flip_rate"
