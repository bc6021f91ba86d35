"""pytest plugin: `--compatkit-policy FILE` makes a policy's budgets tests.

It is imported by every pytest run of an environment that compatkit is installed in, so that it
imports nothing before the option is given; the rest is in `compatkit.pytest_items`.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("compatkit").addoption(
        "--compatkit-policy",
        metavar="FILE",
        help="Hold an update against this policy: each budget and each must-not-flip example is "
        "a test.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Add the tests of a policy, where one is named."""
    path = config.getoption("compatkit_policy")
    if path is not None:
        from compatkit.pytest_items import PolicyTests  # noqa: PLC0415

        config.pluginmanager.register(PolicyTests(path, config), "compatkit-policy")
