"""A gate against the best so far: what was once right is not forgotten with its version."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from model_versions import version
from prediction_files import write_rows

from compatkit import check
from compatkit.cli import command_line
from compatkit.comparison.best_so_far import compare_with_best
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError, DataError
from compatkit.gate import read_policy

# Each step breaks 2 of 100, and repairs none: within 5 % of the step before, 8 % of the first.
DRIFT = ["".join("W" if n < broken else "R" for n in range(100)) for broken in (0, 2, 4, 6, 8)]


def best(*strings: str, **options):
    *history, old, new = (version(text) for text in strings)
    return compare_with_best(history, old, new, make_options(**options))


def test_what_a_version_did_not_answer_may_hide_that_it_was_right() -> None:
    comparison = best(".RW.", "WWWR", "WWWW")
    # The first was never right as far as anybody knows; the last was right once, whatever else.
    assert comparison.evidence.unanswered.tolist() == [True, False, False, False]
    *history, old, new = (version(text) for text in (".RWW" * 50, "WRRW" * 50, "WRRW" * 50))
    with pytest.raises(DataError, match="without an answer of the old model"):
        check(old, new, history=history, max_nfr=0.05)
    assert check(old, new, history=history, max_nfr=0.05, max_left_out=0.3).outcome == "pass"


def test_a_baseline_cannot_drift_by_small_steps() -> None:
    rows = [version(text * 5) for text in DRIFT]
    for old, new in pairwise(rows):
        assert check(old, new, max_nfr=0.05).outcome == "pass"
    verdict = check(rows[3], rows[4], history=rows[:3], max_nfr=0.05)
    (decision,) = verdict.decisions
    assert (verdict.outcome, decision.numerator, decision.denominator) == ("fail", 40, 500)
    guarded = check(rows[3], rows[4], history=rows[:3], must_not_flip=["q0"])
    assert (guarded.outcome, guarded.guarded[0].was_wrong) == ("fail", False)
    alone = check(rows[3], rows[4], must_not_flip=["q0", "q50"])
    assert [example.was_wrong for example in alone.guarded] == [True, False]


def test_the_report_says_what_the_old_answers_are() -> None:
    verdict = check(version("W" + "R" * 199), version("W" + "R" * 199),
                    history=[version("R" * 200)], max_nfr=0.05)  # fmt: skip
    (comparison,) = verdict.comparisons
    assert comparison.old == "the best of version 1 and old"
    assert "1 of 200 are of a version before the last" in comparison.notes[0]
    assert comparison.noted[0].kind == "best"
    assert (
        comparison.signature
        != check(version("W" + "R" * 199), version("W" + "R" * 199), max_nfr=0.05)
        .comparisons[0]
        .signature
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"old_rerun": version("RR")}, ConfigError, "old_rerun beside history"),
        ({"old_where": "lang=de"}, ConfigError, "every version is read alike"),
    ],
)
def test_what_a_history_cannot_stand_beside(options, error, message) -> None:
    old = version("RR", lang="de")
    with pytest.raises(error, match=message):
        check(old, version("RR", lang="de"), history=[old], max_nfr=0.5, **options)


def test_several_samples_are_refused() -> None:
    several = [{**row, "prediction": ["yes", "no"]} for row in version("RR")]
    with pytest.raises(DataError, match=r"The best so far takes one answer of each"):
        check(version("RR"), version("RW"), history=[several], max_nfr=0.5)


def write(folder: Path) -> list[str]:
    return [
        str(write_rows(folder / f"v{number}.jsonl", version(text * 5)))
        for number, text in enumerate(DRIFT, 1)
    ]


def test_the_command_and_the_policy_hold_it(tmp_path: Path) -> None:
    paths = write(tmp_path)
    flags = [word for path in paths[:3] for word in ("--history", path)]
    gate = ["gate", paths[3], paths[4], "--max-nfr", "0.05"]
    assert (
        CliRunner().invoke(command_line, [*gate, *flags], standalone_mode=False).return_value == 1
    )
    assert CliRunner().invoke(command_line, gate, standalone_mode=False).return_value == 0
    policy = tmp_path / "compatkit.toml"
    policy.write_text(
        '[tasks.math]\nold = "v4.jsonl"\nnew = "v5.jsonl"\n'
        'history = ["v1.jsonl", "v2.jsonl", "v3.jsonl"]\nbudgets = { max_nfr = 0.05 }\n'
    )
    assert read_policy(policy).tasks[0].history == tuple(paths[:3])
    said = CliRunner().invoke(
        command_line, ["gate", "--policy", str(policy), "--json"], standalone_mode=False
    )
    assert said.return_value == 1
    report = json.loads(said.stdout)
    assert report["results"][0]["note_kinds"][0] == "best"


def test_the_new_file_in_its_own_history_and_a_moved_baseline_are_refused(tmp_path: Path) -> None:
    paths = write(tmp_path)
    gate = ["gate", paths[3], paths[4], "--max-nfr", "0.2"]
    own = CliRunner().invoke(command_line, [*gate, "--history", paths[4]])
    assert "is the old model's and the new model's" in str(own.exception)
    moved = CliRunner().invoke(command_line, [*gate, "--history", paths[0], "--update-baseline"])
    assert "the best so far would forget it" in str(moved.exception)
    assert Path(paths[3]).read_text() != Path(paths[4]).read_text()


def test_folders_pair_up_with_every_version(tmp_path: Path) -> None:
    for number, text in enumerate(DRIFT[:3]):
        for task in ("a", "b"):
            folder = tmp_path / f"v{number}"
            folder.mkdir(exist_ok=True)
            write_rows(folder / f"{task}.jsonl", version(text * 5))
    versions = [str(tmp_path / f"v{number}") for number in range(3)]
    gate = ["gate", versions[1], versions[2], "--history", versions[0], "--max-nfr", "0.03"]
    result = CliRunner().invoke(command_line, [*gate, "--json"], standalone_mode=False)
    report = json.loads(result.stdout)
    assert [decision["numerator"] for decision in report["decisions"]] == [20, 20]
    (tmp_path / "v0" / "b.jsonl").unlink()
    assert "no partner" in str(CliRunner().invoke(command_line, gate).exception)
