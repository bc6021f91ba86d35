import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import compatkit.statistics

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
MODULES = [module.name for module in pkgutil.iter_modules(compatkit.statistics.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name):
    module = importlib.import_module(f"compatkit.statistics.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_examples_of_the_page_are_true():
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0


def test_every_public_name_has_an_example():
    for name in compatkit.statistics.__all__:
        assert ">>>" in (getattr(compatkit.statistics, name).__doc__ or ""), name
