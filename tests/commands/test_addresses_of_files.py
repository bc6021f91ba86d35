"""Commands read files by their addresses, write none there, and show no secret of them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prediction_files import rows_of_model
from remote_files import Shelf, serve

from compatkit.cli import main
from compatkit.reports import SUFFIXES
from compatkit.reports.verdicts import VERDICT_SUFFIXES

pytest.importorskip("fsspec", reason="the extra url is not installed")
pytest.importorskip("aiohttp", reason="the extra url is not installed")

SECRET = "s3cr3t"  # noqa: S105
USER = f"user:{SECRET}"
QUERY = f"?X-Amz-Signature={SECRET}&token={SECRET}"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A server that asks for a user, with the predictions of two models."""
    with serve() as running:
        running.sign_in = USER
        for model in ("old", "new"):
            rows = "".join(json.dumps(row) + "\n" for row in rows_of_model(model))
            running.put(f"{model}.jsonl", rows.encode())
        yield running


@pytest.fixture
def pair(shelf: Shelf) -> tuple[str, str]:
    return shelf.url("old.jsonl", USER, QUERY), shelf.url("new.jsonl", USER, QUERY)


def run(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str]:
    """Run a command, and return its code and all that it prints, which shows no secret."""
    before, sys.argv = sys.argv, ["compatkit", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as stopped:
            main()
    finally:
        sys.argv = before
    printed = "".join(capfd.readouterr())
    assert SECRET not in printed
    return stopped.value.code, printed


def refuse_secrets(folder: Path) -> None:
    """Hold every file of a folder to show none."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert SECRET.encode() not in path.read_bytes(), path


def test_score_reads_addresses_and_writes_none_of_their_secrets(
    shelf: Shelf, pair: tuple[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outputs = [f"-o{tmp_path}/report{suffix}" for suffix in SUFFIXES]
    flips = [f"--flips={tmp_path}/flips.jsonl", f"--flips={tmp_path}/flips.csv"]
    code, printed = run(capfd, "score", *pair, *outputs, *flips, "--show-flips=3", "--verbose")
    assert code == 0
    assert "new.jsonl" in printed
    refuse_secrets(tmp_path)
    result = json.loads((tmp_path / "report.json").read_text())
    assert shelf.url("new.jsonl") in json.dumps(result)


@pytest.mark.parametrize(
    "command",
    [
        ("score", "v1={old}", "v2={new}", "{old}", "--json"),
        ("score", "--matrix", "v1={old}", "{new}", "--markdown"),
        ("score", "{old}", "{new}", "--old-rerun", "{old}", "--json"),
        ("history", "{old}", "v2={new}", "--json"),
        ("gate", "{old}", "v2={new}", "--max-nfr", "0.9", "--json"),
        ("gate", "{old}", "{new}", "--max-nfr", "0.001", "--markdown"),
    ],
    ids=str,
)
def test_what_is_printed_shows_no_secret(
    pair: tuple[str, str], capfd: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    old, new = pair
    code, printed = run(capfd, *(part.format(old=old, new=new) for part in command))
    assert code in {0, 1, 3}, printed
    assert "127.0.0.1" in printed or "new.jsonl" in printed


def test_a_policy_names_addresses(
    pair: tuple[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "gate" / "compatkit.toml"
    policy.parent.mkdir()
    policy.write_text(
        f'[tasks.math]\nold = "{pair[0]}"\nnew = "{pair[1]}"\nhistory = ["{pair[0]}"]\n'
        "[tasks.math.budgets]\nmax_nfr = 0.9\n"
    )
    written = tmp_path / "reports"
    written.mkdir()
    outputs = [f"-o{written}/report{suffix}" for suffix in VERDICT_SUFFIXES]
    code, printed = run(
        capfd, "gate", "--policy", policy, *outputs, f"--gitlab={written}/gitlab.json"
    )
    assert code in {0, 1, 3}, printed
    refuse_secrets(written)
    assert "address" in run(capfd, "gate", "--policy", policy, "--update-baseline")[1]
    policy.write_text(policy.read_text().replace("old.jsonl", "none.jsonl"))
    code, printed = run(capfd, "gate", "--policy", policy)
    assert code == 2
    assert "none.jsonl, which does not exist" in printed


def test_a_first_policy_names_addresses_without_secrets_alone(
    shelf: Shelf, pair: tuple[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "compatkit.toml"
    code, printed = run(capfd, "gate", "--init", *pair, "--policy", policy)
    assert code == 2
    assert "holds a sign-in or a query, which the policy would show" in printed
    assert not policy.exists()
    shelf.sign_in = ""
    plain = shelf.url("old.jsonl"), shelf.url("new.jsonl")
    assert run(capfd, "gate", "--init", *plain, "--policy", policy)[0] == 0
    assert f'new = "{plain[1]}"' in policy.read_text()
    assert run(capfd, "gate", "--policy", policy)[0] in {0, 3}


def test_convert_reads_an_address(
    pair: tuple[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(capfd, "convert", pair[1], "-o", tmp_path / "new.jsonl")[0] == 0
    assert len((tmp_path / "new.jsonl").read_text().splitlines()) == 8
    refuse_secrets(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        ("score", "{old}", "{new}", "-o", "{new}.html"),
        ("score", "{old}", "{new}", "--flips", "file:///flips.jsonl"),
        ("convert", "{new}", "-o", "{old}"),
        ("gate", "{old}", "{new}", "--max-nfr", "0.5", "--gitlab", "{old}"),
        ("gate", "--policy", "{old}"),
        ("run", "--model", "m", "--task", "t", "--data", "{old}", "-o", "x.jsonl"),
    ],
    ids=str,
)
def test_nothing_else_is_an_address(
    shelf: Shelf,
    pair: tuple[str, str],
    capfd: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    code, printed = run(capfd, *(part.format(old=pair[0], new=pair[1]) for part in command))
    assert code == 2
    assert "is an address" in printed
    assert not shelf.requests


def test_a_wrong_call_shows_no_secret(
    pair: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    old, new = pair
    for wrong in (
        ("score", old, new, "--old-rerun", old, "--old-rerun", new),
        ("score", old, new, "--scorer", f"field:{new}"),
        ("convert", old, new, "-o", "x.jsonl"),
        ("score", f"v2={old}"),
        ("score", f"a={old}", f"a={new}"),
        ("score", old, new, "--references", f"math={new}"),
        ("score", old, old.replace("old.jsonl", "none.jsonl")),
    ):
        assert run(capfd, *wrong)[0] == 2, wrong
