import importlib
import pkgutil
from doctest import DocTestFinder

import pytest

import compatkit.statistics

MODULES = [module.name for module in pkgutil.iter_modules(compatkit.statistics.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_examples(name):
    """Which pytest runs, as it does those of the pages."""
    module = importlib.import_module(f"compatkit.statistics.{name}")
    assert any(test.examples for test in DocTestFinder().find(module))


def test_every_public_name_has_an_example():
    for name in compatkit.statistics.__all__:
        assert ">>>" in (getattr(compatkit.statistics, name).__doc__ or ""), name


def test_no_public_name_is_a_modules():
    # Importing the module would put it in the function's place.
    assert set(compatkit.statistics.__all__).isdisjoint(MODULES)
