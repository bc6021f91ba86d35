"""The share of examples that the old model answers right and the new one wrong."""

from compatkit.evaluate_modules.flip_module import FlipModule


class NegativeFlipRate(FlipModule):
    """See the module's entry in `compatkit.evaluate_modules.MODULES`."""

    module = "negative_flip_rate"
