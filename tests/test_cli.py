"""The command line as a shell sees it: exit codes, the two streams, and what is imported."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from prediction_files import write_models

import compatkit
from compatkit import cli
from compatkit.cli import COMMANDS, command_line
from compatkit.commands.printing import print_report
from compatkit.readers.logs import LOGS

HEAVY = ["numpy", "pandas", "scipy", "rich", "pyarrow", "rouge_score", "sacrebleu", "nltk"]
HEAVY += ["rapidfuzz", "msgspec", "torch", "transformers", "datasets", "evaluate", "hypothesis"]


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compatkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def imported(code: str, *, folder: Path | None = None) -> set[str]:
    """Return which heavy modules a piece of Python leaves loaded."""
    code += "\nimport sys; print('\\n' + ' '.join({n.partition('.')[0] for n in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder
    )
    assert done.stderr == ""
    return set(done.stdout.splitlines()[-1].split()) & {*HEAVY, "click"}


CALL = """
from compatkit.cli import main
import sys
sys.argv = ["compatkit", *{}]
try:
    main()
except SystemExit as error:
    assert error.code == 0, error.code
"""


def test_an_ending_process_is_not_searched_for_garbage() -> None:
    code = CALL.format(["--version"]) + "import gc; assert gc.get_freeze_count() > 1000"
    assert imported(code) == {"click"}


def test_importing_imports_next_to_nothing() -> None:
    assert imported("import compatkit") == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["muscle", "train", "-h"],
        *([name, "--help"] for name in COMMANDS),
    ],
)
def test_help_and_version_start_light(arguments: list[str]) -> None:
    assert imported(CALL.format(arguments)) == {"click"}


# What these libraries load themselves, which differs by their versions, is theirs.
LIBRARIES = "import sys, click, numpy, msgspec, rich.console, rich.table"


def loaded_by(arguments: list[str], folder: Path) -> set[str]:
    """Return all modules that a command leaves loaded, those of the libraries' own apart."""
    loaded = []
    for code in (CALL.format(arguments), LIBRARIES):
        listing = f"{code}\nprint('\\n' + ' '.join(sys.modules))"
        done = subprocess.run(
            [sys.executable, "-c", listing], capture_output=True, text=True, check=True, cwd=folder
        )
        loaded.append(set(done.stdout.splitlines()[-1].split()))
    return loaded[0] - loaded[1]


def test_a_help_page_waits_for_no_path() -> None:
    # A development install, and coverage, load some of them before anything of this package.
    code = "import sys\nbefore = set(sys.modules)\n" + CALL.format(["score", "--help"])
    code += (
        "\nloaded = {'pathlib', 'dataclasses', 'compatkit.option'} & sys.modules.keys() - before"
    )
    code += "\nprint('loaded:', *sorted(loaded))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


# What a plain comparison has no use for, in libraries and in the rooms of this package.
LIBRARY_PARTS = {
    *("numpy.ma", "numpy.random", "subprocess", "tempfile", "tomllib", "multiprocessing", "csv"),
    *("gzip", "tarfile", "zipfile", "shutil", "lzma", "bz2", "socket"),
}
UNUSED = {
    "comparison": "best_so_far confidences history matrix trace traced",
    "gate": "first_policy first_slices kept_limits power_table schema",
    "metrics": "confidence found_slices picking slice_search trajectories",
    "pairing": "cluster joined_features paired_choices",
    "predictions": "features",
    "readers": "arrow csv_table json_array parquet plain_text quoting logs.directions",
    "statistics": "betting bootstrap bootstrap_any clusters lifts noise pass_at_k power reliable "
    "sequences slices",
}
# Flips are what a gate shows of an update, and a table alone does not.
OF_FLIPS = {
    "comparison": "causes examples flipped refusals",
    "predictions": "languages scripts",
    "scorers": "number widths",
}
OF_A_GATE = {"statistics": "conservative", "metrics": "changes"}


def modules_of(*rooms: Mapping[str, str]) -> set[str]:
    return {
        f"compatkit.{room}.{name}"
        for part in rooms
        for room, names in part.items()
        for name in names.split()
    }


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["score"], [UNUSED, OF_FLIPS, OF_A_GATE]),
        (["score", "--json"], [UNUSED, OF_A_GATE]),
        (["gate", "--max-nfr", "0.9", "--inconclusive", "pass"], [UNUSED]),
    ],
)
def test_a_plain_comparison_waits_for_nothing_that_it_does_not_use(
    arguments: list[str], unused: list[dict[str, str]], tmp_path: Path
) -> None:
    write_models(tmp_path)
    loaded = loaded_by([*arguments, "old.jsonl", "new.jsonl"], tmp_path)
    assert loaded & (LIBRARY_PARTS | modules_of(*unused)) == set()


def test_what_a_comparison_has_no_use_for_are_modules_that_there_are() -> None:
    folder = Path(compatkit.__file__).parents[1]
    for name in modules_of(UNUSED, OF_FLIPS, OF_A_GATE):
        assert folder.joinpath(*name.split(".")).with_suffix(".py").is_file(), name


def test_a_comparison_loads_one_scorer_and_the_reader_of_one_kind(tmp_path: Path) -> None:
    write_models(tmp_path)
    loaded = loaded_by(["score", "old.jsonl", "new.jsonl"], tmp_path)
    scorers = {name.rpartition(".")[2] for name in loaded if name.startswith("compatkit.scorers.")}
    shared = {"answer_text", "declared", "make", "normalize", "reasoning", "scorer"}
    assert scorers == {*shared, "exact_match"}
    assert loaded.isdisjoint(f"compatkit.readers.logs.{log.module}" for log in LOGS.values())


def test_a_table_waits_for_no_other_report_and_for_nothing_of_the_network(tmp_path: Path) -> None:
    write_models(tmp_path)
    loaded = loaded_by(["score", "old.jsonl", "new.jsonl"], tmp_path)
    reports = {name for name in loaded if name.startswith("compatkit.reports.")}
    rooms = {name.split(".")[2] for name in reports}
    assert rooms.isdisjoint({"page", "latex", "csv_report", "json_report", "notebook", "matrix"})
    assert "compatkit.reports.pictures.picture" not in loaded
    unneeded = {"importlib.metadata", "email", "concurrent.futures", "logging", "numpy.random"}
    assert loaded.isdisjoint(unneeded)


def test_exact_match_imports_what_it_needs_alone(tmp_path: Path) -> None:
    write_models(tmp_path)
    score = CALL.format(["score", "old.jsonl", "new.jsonl"])
    assert imported(score, folder=tmp_path) == {"click", "numpy", "msgspec", "rich"}
    score = CALL.format(["score", "old.jsonl", "new.jsonl", "--json"])
    assert imported(score, folder=tmp_path) == {"click", "numpy", "msgspec"}
    # The limits of slices that may be picked are exact ones, which need the beta distribution.
    score = CALL.format(["score", "old.jsonl", "new.jsonl", "--json", "--by", "lang"])
    assert imported(score, folder=tmp_path) == {"click", "numpy", "msgspec", "scipy"}


def test_the_core_knows_no_framework() -> None:
    code = """
import importlib, pathlib, compatkit
root = pathlib.Path(compatkit.__file__).parent
apart = {"__main__", "engine", "evaluate_modules", "runner", "muscle"}
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    if apart.isdisjoint(parts):
        importlib.import_module(".".join(("compatkit", *parts)).removesuffix(".__init__"))
"""
    assert imported(code).isdisjoint({"torch", "transformers", "datasets", "evaluate", "pandas"})


def test_version_and_help() -> None:
    version = run("--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout == f"compatkit, version {compatkit.__version__}\n"
    shown = CliRunner().invoke(command_line, ["-h"]).output
    for name, (_, line) in COMMANDS.items():
        assert name in shown
        assert line.split()[0] in shown
    assert "Exit codes:" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text_that_is_shown(name: str) -> None:
    context = click.Context(command_line)
    command = command_line.get_command(context, name)
    assert command is not None
    shown = " ".join(CliRunner().invoke(command_line, [name, "--help"]).output.split())
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert all(each in shown for each in option.opts)
            assert option.help.split()[0] in shown
        else:
            assert str(option.metavar or option.name).upper() in shown
    assert "\\b" not in shown
    assert "\b" not in shown


def test_an_unknown_command_is_bad_usage() -> None:
    done = run("scroe")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no command 'scroe'; did you mean 'score'?" in done.stderr


def test_a_broken_pipe_is_no_error_to_read_of(tmp_path: Path) -> None:
    write_models(tmp_path)
    command = [sys.executable, "-m", "compatkit", "score", "old.jsonl", "new.jsonl", "--json"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) in {0, 1}
    assert error == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_message(tmp_path: Path) -> None:
    write_models(tmp_path)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "compatkit", "score", "old.jsonl", "new.jsonl"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "compatkit: No space left on device.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGINT between processes")
def test_an_interrupt_ends_without_a_traceback(tmp_path: Path) -> None:
    write_models(tmp_path)
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\n"
        "def score(predictions, references):\n"
        "    pathlib.Path('started').touch()\n"
        "    time.sleep(300)\n"
    )
    command = [sys.executable, "-m", "compatkit", "score", "old.jsonl", "new.jsonl"]
    process = subprocess.Popen(
        [*command, "-s", "slow:score", "-o", "report.md"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background is not interrupted, nor what that starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    deadline = time.monotonic() + 200
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=300)
    assert process.returncode in {1, 130}
    assert output == ""
    assert "Traceback" not in error
    assert not (tmp_path / "report.md").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("color", "columns"), [(True, "80"), (False, "120")])
def test_a_terminal_gets_colours_unless_it_says_no(
    tmp_path: Path, color: bool, columns: str
) -> None:
    import pty  # noqa: PLC0415

    write_models(tmp_path)
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": columns, "TERM": "xterm", "NO_COLOR": "1"}
    if color:
        del environment["NO_COLOR"]
    process = subprocess.Popen(
        [sys.executable, "-m", "compatkit", "score", "old.jsonl", "new.jsonl", "--by", "lang"],
        cwd=tmp_path,
        stdout=slave,
        stderr=slave,
        env=environment,
    )
    os.close(slave)
    read = b""
    try:
        while chunk := os.read(master, 1 << 16):
            read += chunk
    except OSError:  # the other side is closed
        pass
    os.close(master)
    assert process.wait(30) == 0
    assert (b"\x1b[" in read) is color
    plain = re.sub(r"\x1b\[[0-9;]*m", "", read.decode())
    assert all(len(line) <= int(columns) for line in plain.split("\r\n") if "signature" not in line)
    assert "negative flip rate (NFR)" in plain


def test_a_fault_of_compatkit_itself_is_never_taken_for_a_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr(cli, "command_line", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert "ZeroDivisionError: nobody thought of it" in error
    assert "a fault of compatkit itself" in error


def test_a_shell_can_complete_the_commands() -> None:
    complete = ShellComplete(command_line, {}, "compatkit", "_COMPATKIT_COMPLETE")
    assert [item.value for item in complete.get_completions([], "")] == sorted(COMMANDS)


def test_what_the_terminal_lacks_is_printed_as_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    print_report("caf\u00e9 \u2265 1\n")
    assert written.getvalue() == b"caf\\xe9 \\u2265 1\n"
