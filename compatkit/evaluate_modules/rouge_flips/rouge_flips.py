"""Negative and positive flips of generated text by ROUGE."""

from compatkit.evaluate_modules.flip_module import FlipModule


class RougeFlips(FlipModule):
    """See the module's entry in `compatkit.evaluate_modules.MODULES`."""

    module = "rouge_flips"
