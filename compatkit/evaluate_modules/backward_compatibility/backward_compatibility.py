"""Trust, errors and churn of an update against the model before it."""

from compatkit.evaluate_modules.flip_module import FlipModule


class BackwardCompatibility(FlipModule):
    """See the module's entry in `compatkit.evaluate_modules.MODULES`."""

    module = "backward_compatibility"
