"""The scripts of the fuzz in benchmarks/, as modules."""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
OF_FILES = ("fuzz_inputs", "fuzz_oracle", "fuzz_worker")
OF_LOGS = ("fuzz_inputs", "fuzz_log_runs", "fuzz_log_oracle", "fuzz_log_inputs", "fuzz_log_trial")


@contextmanager
def loaded(names: tuple[str, ...]) -> Iterator[Mapping[str, ModuleType]]:
    """Load scripts, each of which may import those before it, and yield them by their names."""
    modules: dict[str, ModuleType] = {}
    for name in names:
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        modules[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(modules[name])
    try:
        yield modules
    finally:
        for name in modules:
            del sys.modules[name]
