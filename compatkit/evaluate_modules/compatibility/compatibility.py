"""Every metric of what an update broke and mended, by any scorer of compatkit."""

from compatkit.evaluate_modules.flip_module import FlipModule


class Compatibility(FlipModule):
    """See the module's entry in `compatkit.evaluate_modules.MODULES`."""

    module = "compatibility"
