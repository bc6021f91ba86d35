"""How the kernel is built: with a compiler, without one, and under the compiler's sanitizers."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from builds import ROOT, build, source_of, wheel_of

from compatkit.kernel import SWITCH, load_kernel

pytest.importorskip(
    "setuptools", "77", reason="setuptools 77 is not installed: the group dev has it"
)

SOURCE = ROOT / "compatkit" / "kernel"
COMPILER = shutil.which("cc")
STABLE = not sysconfig.get_config_var("Py_GIL_DISABLED")
needs_compiler = pytest.mark.skipif(
    COMPILER is None or not (Path(sysconfig.get_path("include")) / "Python.h").exists(),
    reason="no C compiler, or none of Python's headers",
)


@needs_compiler
def test_a_wheel_holds_the_binary_and_no_source_of_it(tmp_path: Path) -> None:
    build(tmp_path, "bdist_wheel")
    wheel = wheel_of(tmp_path)
    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if name.startswith("compatkit/kernel/")}
    binaries = {name for name in names if "/_kernel." in name} - {"compatkit/kernel/_kernel.pyi"}
    assert names - binaries == {"compatkit/kernel/__init__.py", "compatkit/kernel/_kernel.pyi"}
    (binary,) = binaries
    if STABLE:
        assert "-cp311-abi3-" in wheel.name
        assert ".abi3." in binary or binary.endswith(".pyd")


def test_a_source_distribution_holds_all_that_the_kernel_is_built_from(tmp_path: Path) -> None:
    build(tmp_path, "sdist")
    with tarfile.open(source_of(tmp_path)) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    written = {f"compatkit/kernel/{path.name}" for path in SOURCE.glob("*.[ch]")}
    assert {name for name in names if name.endswith((".c", ".h"))} == written
    assert {"setup.py", "setup.cfg", "pyproject.toml", "compatkit/kernel/_kernel.pyi"} <= names


def test_without_a_compiler_the_rest_is_built_and_says_so(tmp_path: Path) -> None:
    done = build(tmp_path, "bdist_wheel", CC="/bin/false")
    assert "compatkit.kernel._kernel" in done.stderr + done.stdout
    with zipfile.ZipFile(wheel_of(tmp_path)) as opened:
        assert not [name for name in opened.namelist() if name.endswith((".so", ".pyd"))]
        opened.extractall(tmp_path / "installed")  # noqa: S202 - built here
    code = (
        "import compatkit.kernel as k; from compatkit.scorers.rouge_columns import RougeColumns;"
        "print(k.__file__); print(k.describe_kernel());"
        "print(RougeColumns('rouge1')(['the cat sat'], ['The cat!']).tolist())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "installed",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed"), SWITCH: ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert Path(shown[0]).is_relative_to(tmp_path / "installed")
    assert shown[1:] == ["in Python (the compiled kernel was not built)", "[0.8]"]


FUZZ = """
import array, ctypes, hashlib, importlib.util, random, sys

path, failing = sys.argv[1], sys.argv[2] == "fail"
spec = importlib.util.spec_from_file_location("_kernel", path)
kernel = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kernel)
drawn = random.Random(20)
pieces = ["a", "b ", "c ", "the ", "running ", "\\n", "U.S.", "3,5", "1-2", "&quot;", "<skipped>",
          "-\\n", "\\ud800", "\\u0130", "\\u3000", "\\U0001f600", "\\0", ".,", "ational "]

def text():
    return "".join(drawn.choices(pieces, k=drawn.choice([0, 1, 3, 9, 30, 200])))

def words():
    return " ".join(drawn.choices("abcd", k=drawn.choice([0, 1, 4, 9, 20, 70])))

def calls(rows):
    one, other = [text() for _ in range(rows)], [text() for _ in range(rows)]
    several = [[text() for _ in range(drawn.randrange(1, 4))] for _ in range(rows)]
    for order in (-1, 0, 1, 2, 9):
        yield 3, kernel.rouge, one, other, (order, order % 2 == 0)
    yield 6, kernel.bleu, one, several, ()
    yield 8, kernel.chrf, one, other, ()
    pairs = [[words(), words()] for _ in range(rows)]
    yield 2, kernel.ter, [words() for _ in range(rows)], pairs, ()

if failing:
    left = ctypes.c_long.in_dll(ctypes.CDLL(path), "allocations_left")
digest = hashlib.sha256()
for _ in range(3 if failing else 25):
    for columns, count, one, other, options in calls(6):
        counts = array.array("q", [0]) * (6 * columns)
        allowed = 0
        while True:
            if failing:
                left.value = allowed
            try:
                count(one, other, counts, *options)
                break
            except MemoryError:
                allowed += 1
            finally:
                if failing:
                    left.value = -1
        digest.update(counts.tobytes())
        if failing:
            assert allowed > 3, allowed
print(digest.hexdigest())
"""
FAILING = """
#include <stdlib.h>
#include <string.h>
extern long allocations_left;
static inline int fails(void) { return allocations_left >= 0 && allocations_left-- <= 0; }
#define malloc(size) (fails() ? NULL : malloc(size))
#define calloc(count, size) (fails() ? NULL : calloc(count, size))
#define realloc(old, size) (fails() ? NULL : realloc(old, size))
"""
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-Wshadow", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")


def compile_kernel(folder: Path, *options: str) -> Path:
    binary = folder / "_kernel.abi3.so"
    assert COMPILER is not None
    sources = map(str, [*sorted(SOURCE.glob("*.c")), *sorted(folder.glob("*.c"))])
    limited = ["-DPy_LIMITED_API=0x030B0000"] if STABLE else []
    how = ("-std=c11", "-O1", "-g", "-shared", "-fPIC", "-ffp-contract=off", *options, *limited)
    headers = f"-I{sysconfig.get_path('include')}"
    subprocess.run(
        [COMPILER, *how, headers, *sources, "-o", str(binary)],
        check=True,
        capture_output=True,
        text=True,
    )
    return binary


def fuzz(binary: str, mode: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, binary, mode],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def sanitizing() -> dict[str, str]:
    assert COMPILER is not None
    library = subprocess.run(
        [COMPILER, "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("the compiler has no sanitizers")
    # Python's own allocator would hide what lies beyond a block; what it keeps at exit is no leak.
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="the sanitizers are loaded as on Linux")
def test_random_texts_count_the_same_under_the_sanitizers(tmp_path: Path) -> None:
    binary = compile_kernel(tmp_path, *WARNINGS, *SANITIZERS)
    counted = fuzz(str(binary), "count", **sanitizing())
    compiled = load_kernel()
    if compiled is None:
        pytest.skip("the compiled kernel is not built: `make kernel` takes a C compiler")
    assert counted == fuzz(str(compiled.__file__), "count")


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="the sanitizers are loaded as on Linux")
def test_every_allocation_that_fails_is_a_memory_error(tmp_path: Path) -> None:
    (tmp_path / "fails.h").write_text(FAILING)
    (tmp_path / "fails.c").write_text("long allocations_left = -1;\n")
    binary = compile_kernel(tmp_path, *SANITIZERS, "-include", str(tmp_path / "fails.h"))
    assert fuzz(str(binary), "fail", **sanitizing())
