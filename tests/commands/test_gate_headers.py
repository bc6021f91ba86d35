"""A header beside a file is data: it names a scorer of the table, and does nothing else."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from gate_files import write_pair

from compatkit.cli import command_line
from compatkit.errors import ConfigError


def write_headers(folder: Path, scorer: object) -> None:
    for side in ("old", "new"):
        header = {"compatkit_run": 1, "scorer": scorer}
        (folder / f"{side}.meta.json").write_text(json.dumps(header), encoding="utf-8")


@pytest.mark.parametrize(
    "scorer",
    [
        {"name": "evil:score"},
        {"name": "evaluate:./evil.py"},
        {"name": "field:always"},
        {"name": "numeric", "tolerance": [1]},
        {"name": "exact_match", "field_prediction": "reference"},
        {"name": "exact_match", "max_nfr": 1.0},
        {"name": "exact_match", "threshold": 0.0},
    ],
)
@pytest.mark.parametrize("command", ["score", "gate"])
def test_a_header_runs_no_code_and_sets_no_option(
    tmp_path: Path, command: str, scorer: object
) -> None:
    old, new = write_pair(tmp_path, broken=range(0, 60, 3))
    write_headers(tmp_path, scorer)
    (tmp_path / "evil.py").write_text("raise SystemExit(77)\n", encoding="utf-8")
    words = [command, old, new, *(["--max-nfr", "0.05"] if command == "gate" else [])]
    with pytest.raises(ConfigError, match="Pass --scorer"):
        CliRunner().invoke(command_line, words, catch_exceptions=False)


def test_a_scorer_of_the_table_is_taken(tmp_path: Path) -> None:
    old, new = write_pair(tmp_path)
    write_headers(tmp_path, {"name": "exact_match", "normalize": "squad"})
    done = CliRunner().invoke(command_line, ["score", old, new, "--json"], catch_exceptions=False)
    assert "normalize:squad" in json.loads(done.stdout)["results"][0]["signature"]
