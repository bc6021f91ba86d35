"""The commands on a Dask cluster of loopback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from compatkit import extras
from compatkit.cli import main
from compatkit.commands import scheduler
from compatkit.commands.scheduler import open_client
from compatkit.errors import CompatkitError, ConfigError, MissingExtraError

distributed = pytest.importorskip("distributed")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = []
    for side, wrong in (("old", 3), ("new", 5)):
        path = tmp_path / f"{side}.jsonl"
        rows = [
            {"id": n, "prediction": "5" if n % 40 < wrong else "4", "reference": "4"}
            for n in range(400)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        paths.append(str(path))
    return paths


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "compatkit", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["score", "--json"],
        ["score", "--matrix"],
        ["history"],
        ["gate", "--max-nfr", "0.2"],
    ],
    ids=" ".join,
)
def test_a_cluster_of_this_machine_reports_the_same(files: list[str], command: list[str]) -> None:
    name, *options = command
    there = run(name, *files, *options, "--scheduler", "local")
    assert there == run(name, *files, *options)


def test_a_policy_is_held_on_a_cluster(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(files[0]).parent)
    Path("compatkit.toml").write_text(
        '[tasks.t]\nold = "old.jsonl"\nnew = "new.jsonl"\n[tasks.t.budgets]\nmax_nfr = 0.2\n'
    )
    with distributed.LocalCluster(
        n_workers=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        there = run("gate", "--scheduler", cluster.scheduler_address)
    assert there == run("gate")
    assert "PASS" in there


def test_no_scheduler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE", 0.2)
    for address in ("tcp://127.0.0.1:1", "nonsense://x", "nonsense"):
        with (
            pytest.raises(CompatkitError, match="no scheduler answers"),
            open_client(address),
        ):
            pass


def test_a_wrong_address_is_one_line(files: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "compatkit", "score", *files, "--scheduler", "nonsense"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("compatkit: --scheduler nonsense: no scheduler answers")
    assert done.stderr.count("\n") == 1


def test_an_empty_address_is_no_cluster() -> None:
    with pytest.raises(ConfigError, match="--scheduler is empty"), open_client(" "):
        pass


def test_without_dask_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with (
        pytest.raises(MissingExtraError, match=r'pip install "compatkit\[dask\]"'),
        open_client("x"),
    ):
        pass


def test_a_first_policy_takes_no_cluster(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["compatkit", "gate", "--init", *files, "--scheduler", "local"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--scheduler beside --init" in capsys.readouterr().err
