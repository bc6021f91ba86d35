import subprocess
import sys
from importlib.metadata import version

import pytest

import compatkit


def test_all_is_sorted_and_every_name_is_there() -> None:
    assert compatkit.__all__ == sorted(compatkit.__all__)
    for name in compatkit.__all__:
        assert getattr(compatkit, name) is not None
    assert dir(compatkit) == compatkit.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = compatkit.nothing


def test_the_version_is_the_package_s() -> None:
    assert compatkit.__version__ == version("compatkit")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, compatkit; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    for heavy in ("numpy", "pandas", "scipy", "torch", "click", "rich", "msgspec"):
        assert f"'{heavy}'" not in modules.stdout
