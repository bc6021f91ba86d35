"""compatkit gate: exit codes, what it prints and writes, and what it refuses."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from gate_files import POLICY, rows, write_pair, write_policy
from prediction_files import write_rows

from compatkit.cli import main
from compatkit.gate import read_policy
from compatkit.reports.pictures import is_picture

Gate = Callable[..., tuple[int, str, str]]
BROKEN = range(0, 60, 3)
PAIR = ("old.jsonl", "new.jsonl")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a pair of which the new file breaks one answer, the current one."""
    write_pair(tmp_path, broken=[0])
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gate:
    """Run the whole command line in this process: code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["compatkit", "gate", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        output, error = capsys.readouterr()
        return int(stopped.value.code or 0), output, error

    return call


def test_the_four_exit_codes(gate: Gate, folder: Path) -> None:
    code, output, error = gate(*PAIR, "--max-nfr", "0.05")
    assert (code, error) == (0, "")
    assert output.startswith("PASS")
    code, output, _ = gate(*PAIR, "--max-nfr", "0.01")
    assert (code, output.split()[0]) == (3, "INCONCLUSIVE:")
    write_pair(folder, broken=BROKEN)
    code, output, _ = gate(*PAIR, "--max-nfr", "0.05")
    assert (code, output.split()[0]) == (1, "FAIL:")
    write_rows(folder / "new.jsonl", rows()[1:])
    code, output, error = gate(*PAIR, "--max-nfr", "0.05")
    assert (code, output) == (2, "")
    assert error.startswith("compatkit: ")


def test_as_a_program(folder: Path) -> None:
    command = [sys.executable, "-m", "compatkit", "gate", *PAIR, "--max-nfr"]
    codes = [
        subprocess.run([*command, limit], capture_output=True, check=False, cwd=folder).returncode
        for limit in ("0.05", "0.01", "nonsense")
    ]
    assert codes == [0, 3, 2]


def test_a_policy_is_found_and_held(gate: Gate, folder: Path) -> None:
    write_policy(folder)
    code, output, _ = gate()
    assert code == 0
    assert "policy: compatkit.toml" in output
    write_pair(folder, broken=BROKEN)
    assert gate("--policy", "compatkit.toml")[0] == 1


def test_a_policy_is_found_from_below(
    gate: Gate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_policy(folder)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    assert gate()[0] == 0


def test_without_files_and_policy_it_says_how_to_begin(gate: Gate) -> None:
    code, _, error = gate()
    assert code == 2
    assert "compatkit gate --init OLD NEW" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["old.jsonl"], "OLD without NEW"),
        ([*PAIR], "nothing to hold the update against"),
        ([*PAIR, "--max-nfr", "2"], "max_nfr is 2; a number from 0 to 1"),
        ([*PAIR, "--max-nfr", "0"], "no number of examples can show"),
        ([*PAIR, "--max-nfr", "nan"], "max_nfr is nan"),
        ([*PAIR, "--max-nfr", "0.1", "--by", "lang"], "--by and --max-slice-nfr go together"),
        ([*PAIR, "--max-nfr", "0.1", "--max-slice-nfr", "0.1"], "go together"),
        ([*PAIR, "--must-not-flip-tag", "lang"], "FIELD=VALUE was expected"),
        ([*PAIR, "--must-not-flip", "q999"], "no example 'q999'"),
        ([*PAIR, "--max-nfr", "0.1", "--level", "0.4"], "level is 0.4; more than 0.5"),
        ([*PAIR, "--max-nfr", "0.1", "--examples", "201"], "the policy expects 201"),
        ([*PAIR, "--max-nfr", "0.1", "--json", "--markdown"], "one report is printed"),
        ([*PAIR, "--max-nfr", "0.1", "-o", "report.csv"], "the suffix names the format"),
        ([*PAIR, "--max-nfr", "0.1", "-o", "report.pdf"], "'report' names no picture; there are s"),
        ([*PAIR, "--max-nfr", "0.1", "-o", "tasks.svg"], "'tasks' names no picture; there are sl"),
        ([*PAIR, "--max-nfr", "0.1", "-o", "slices.svg"], "slices: there are none. --by FIELD"),
        (["a=old.jsonl", "a=new.jsonl", "--max-nfr", "0.1"], "two models are named 'a'"),
        (["--init", "a=old.jsonl", "new.jsonl"], "--init: a policy holds paths, and no names"),
        ([*PAIR, "--max-nfr", "0.1", "-o", "new.jsonl"], "the suffix names the format"),
        ([*PAIR, "--max-nfr", "0.1", "--gitlab", "new.jsonl"], "would be written over"),
        ([*PAIR, "--max-nfr", "0.1", "-o", "none/r.md"], "its folder does not exist"),
        ([*PAIR, "--policy", "p.toml"], "leave OLD and NEW out"),
        (["old.jsonl", "none.jsonl", "--max-nfr", "0.1"], "none.jsonl"),
        (["old.jsonl", "old.jsonl", "--max-nfr", "0.1"], "compared with itself"),
        (["--policy", "none.toml"], "none.toml: cannot be read"),
        (["--init"], "--init needs a pair"),
        (["-", "-", "--max-nfr", "0.1", "--update-baseline"], "standard input"),
    ],
)
def test_wrong_usage_is_exit_code_2(gate: Gate, arguments: list[str], said: str) -> None:
    code, output, error = gate(*arguments)
    assert (code, output) == (2, "")
    assert said in error


@pytest.mark.parametrize("option", ["--max-nfr=0.1", "-s=numeric", "--by=lang", "--decide=point"])
def test_options_that_the_policy_says_are_refused_beside_it(
    gate: Gate, folder: Path, option: str
) -> None:
    write_policy(folder)
    code, _, error = gate(option)
    assert code == 2
    assert "beside a policy, which says that itself" in error


def test_models_have_the_names_that_they_are_given(gate: Gate, folder: Path) -> None:
    del folder
    named = ("v1=old.jsonl", "v2=new.jsonl", "--max-nfr=0.1")
    code, output, _ = gate(*named)
    assert code == 0
    assert "\nv1 -> v2: 200 examples, exact_match\n" in output
    _, output, _ = gate("old.jsonl", "v2=new.jsonl", "--max-nfr=0.1")
    assert "\nold.jsonl -> v2: " in output
    _, output, _ = gate(*named, "--json")
    (result,) = json.loads(output)["results"]
    assert (result["old_name"], result["new"]) == ("v1", "new.jsonl")


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_picture_of_the_slices_that_are_limited(gate: Gate, folder: Path, suffix: str) -> None:
    picture = folder / f"slices.{suffix}"
    sliced = ("--max-nfr=0.1", "--by=lang", "--max-slice-nfr=0.1", "-o", str(picture))
    assert gate(*PAIR, *sliced)[0] == 0
    assert is_picture(picture)
    if suffix == "svg":
        assert "Broken answers by lang" in picture.read_text("utf-8")
    # A later run that cannot measure leaves no picture that would be taken for its own.
    assert gate("old.jsonl", "none.jsonl", *sliced)[0] == 2
    assert not picture.exists()
    picture.write_bytes(b"of somebody else")
    assert gate("old.jsonl", "none.jsonl", *sliced)[0] == 2
    assert picture.exists()


def test_slices_and_must_not_flip_examples(gate: Gate, folder: Path) -> None:
    code, output, _ = gate(*PAIR, "--max-nfr=0.1", "--by=lang", "--max-slice-nfr=0.1")
    assert code == 0
    assert re.search(r"\npass +de +<= 10%", output)
    assert gate(*PAIR, "--max-nfr=0.1", "--must-not-flip=q0")[0] == 1
    assert gate(*PAIR, "--max-nfr=0.1", "--must-not-flip-tag=lang=fr")[0] == 1
    assert gate(*PAIR, "--max-nfr=0.1", "--must-not-flip-tag=lang=de")[0] == 0


def test_reports_are_written_beside_the_one_that_is_printed(gate: Gate, folder: Path) -> None:
    files = ["r.json", "r.md", "r.xml", "r.txt", "r.html"]
    options = [f"-o{name}" for name in files]
    code, output, _ = gate(*PAIR, "--max-nfr=0.05", "--json", "--gitlab=quality.json", *options)
    assert code == 0
    assert json.loads(output)["outcome"] == "pass"
    assert json.loads((folder / "r.json").read_text()) == json.loads(output)
    assert (folder / "r.md").read_text().startswith("<!-- compatkit-gate")
    assert ET.parse(folder / "r.xml").getroot().tag == "testsuites"  # noqa: S314
    assert json.loads((folder / "quality.json").read_text()) == []


def test_a_refusal_writes_nothing(gate: Gate, folder: Path) -> None:
    write_rows(folder / "new.jsonl", rows()[1:])
    before = sorted(path.name for path in folder.iterdir())
    assert gate(*PAIR, "--max-nfr=0.05", "-or.json", "--gitlab=q.json")[0] == 2
    assert sorted(path.name for path in folder.iterdir()) == before


def test_on_github_the_summary_grows_and_annotations_stay_off_stdout(
    gate: Gate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pair(folder, broken=BROKEN)
    summary = folder / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, output, error = gate(*PAIR, "--max-nfr=0.05")
    assert code == 1
    assert summary.read_text().startswith("before\n<!-- compatkit-gate")
    assert error.startswith("::error")
    assert "::error" not in output


def test_the_first_policy_holds_its_own_pair(gate: Gate, folder: Path) -> None:
    code, output, error = gate(
        "--init", *PAIR, "-s", "exact_match", "--by", "lang", "--normalize=squad"
    )
    assert (code, error) == (0, "")
    assert "wrote compatkit.toml" in output
    policy = read_policy("compatkit.toml")
    (task,) = policy.tasks
    assert (task.old, task.new, task.examples) == (*PAIR, 200)
    assert set(task.limits.blocking) == {"max_nfr", "max_accuracy_drop"}
    assert set(task.slices) == {"lang"}
    assert gate()[0] == 0
    code, _, error = gate("--init", *PAIR)
    assert code == 2
    assert "exists already" in error


@pytest.mark.parametrize(
    "option",
    [
        "--max-nfr=0.1",
        "--max-slice-nfr=0.1",
        "--strict",
        "--decide=point",
        "--must-not-flip=q1",
        "--must-not-flip-tag=lang=de",
        "--seed=1",
        "--resamples=100",
        "--inconclusive=pass",
        "--examples=200",
        "--max-left-out=0.1",
        "-or.xml",
        "--gitlab=q.json",
        "--json",
        "--explain",
        "--show-flips=1",
        "--update-baseline",
    ],
)
def test_what_a_first_policy_does_not_take_is_refused(
    gate: Gate, folder: Path, option: str
) -> None:
    code, _, error = gate("--init", *PAIR, option)
    assert code == 2
    assert "beside --init" in error
    assert not (folder / "compatkit.toml").exists()


def test_the_first_policy_names_the_rerun_from_its_own_folder(gate: Gate, folder: Path) -> None:
    (folder / "ci").mkdir()
    init = ("--init", *PAIR, "--policy", "ci/p.toml", "--old-rerun")
    code, _, error = gate(*init, "none.jsonl")
    assert code == 2
    assert "none.jsonl: no such file" in error
    write_rows(folder / "again.jsonl", rows())
    assert gate(*init, "again.jsonl")[0] == 0
    (task,) = read_policy("ci/p.toml").tasks
    assert Path(task.old_rerun).resolve() == folder / "again.jsonl"


@pytest.mark.parametrize("option", ["--interval=wilson", "--correction=holm"])
def test_options_that_decide_nothing_are_unknown(gate: Gate, option: str) -> None:
    code, _, error = gate(*PAIR, "--max-nfr=0.05", option)
    assert code == 2
    assert "no option" in error


REPORTS = ["-or.json", "-or.md", "-or.xml", "-or.txt", "-or.html", "--gitlab=q.json"]


@pytest.mark.parametrize("broken", [[0], BROKEN])
def test_reports_of_an_earlier_run_are_removed_where_nothing_is_measured(
    gate: Gate, folder: Path, broken: list[int]
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    write_pair(folder, broken=broken)
    gate(*PAIR, "--max-nfr=0.05", *REPORTS)
    assert len(list(folder.iterdir())) == len(before) + len(REPORTS)
    (folder / "new.jsonl").unlink()
    assert gate(*PAIR, "--max-nfr=0.05", *REPORTS)[0] == 2
    assert sorted(path.name for path in folder.iterdir()) == sorted({*before} - {"new.jsonl"})


def test_a_file_that_is_no_report_is_not_removed(gate: Gate, folder: Path) -> None:
    rows_of_new = json.dumps(rows())
    (folder / "new.json").write_text(rows_of_new)
    for option in ("-onew.json", "--gitlab=new.json"):
        assert gate("old.jsonl", "new.json", "--max-nfr=0.05", option)[0] == 2
        assert (folder / "new.json").read_text() == rows_of_new


@pytest.mark.parametrize("name", ["", "nightly"])
def test_on_github_what_could_not_be_measured_is_said(
    gate: Gate, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_policy(folder, f'name = "{name}"\n{POLICY}')
    (folder / "new.jsonl").unlink()
    code, _, quiet = gate()
    assert (code, "::error" in quiet) == (2, False)
    summary = folder / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, output, error = gate()
    assert (code, output) == (2, "")
    marker = "<!-- compatkit-gate: nightly -->" if name else "<!-- compatkit-gate -->"
    assert summary.read_text().startswith(f"before\n{marker}\n\n## ERROR: ")
    assert f"    {quiet}" in summary.read_text()
    annotation, said = error.splitlines()
    assert said == quiet.rstrip("\n")
    assert annotation == f"::error title=compatkit gate::{said.replace('%', '%25')}"


def test_the_first_policy_may_lie_elsewhere(gate: Gate, folder: Path) -> None:
    (folder / "ci").mkdir()
    assert gate("--init", *PAIR, "--policy", "ci/policy.toml", "-s", "rougeL", "-t", "0.4")[0] == 0
    text = (folder / "ci" / "policy.toml").read_text()
    assert f'old = "{os.path.join("..", "old.jsonl")}"' in text  # noqa: PTH118
    assert "threshold = 0.4" in text
    assert "max_score_drop" in text
    assert gate("--policy", "ci/policy.toml")[0] == 0


def test_the_baseline_follows_a_pass_alone(gate: Gate, folder: Path) -> None:
    before, after = ((folder / name).read_bytes() for name in PAIR)
    assert gate(*PAIR, "--max-nfr=0.01", "--update-baseline")[0] == 3
    assert (folder / "old.jsonl").read_bytes() == before
    code, _, error = gate(*PAIR, "--max-nfr=0.05", "--update-baseline")
    assert code == 0
    assert "old.jsonl is the new baseline" in error
    assert (folder / "old.jsonl").read_bytes() == after


def test_a_baseline_of_another_kind_is_refused_before_any_work(gate: Gate, folder: Path) -> None:
    (folder / "old.jsonl").rename(folder / "old.json")
    code, _, error = gate("old.json", "new.jsonl", "--max-nfr=0.05", "--update-baseline")
    assert code == 2
    assert "they are of two kinds" in error


def test_every_task_gets_its_baseline(gate: Gate, folder: Path) -> None:
    for side in ("old", "new"):
        (folder / side).mkdir()
        for task in "ab":
            write_rows(folder / side / f"{task}.jsonl", rows(broken=[3] if side == "new" else ()))
    write_policy(folder, POLICY.replace("old.jsonl", "old/*.jsonl").replace("new.", "new/*."))
    code, _, error = gate("--update-baseline")
    assert code == 0
    assert error.count("is the new baseline") == 2
    assert gate()[0] == 0


def test_standard_input_is_a_side(
    folder: Path,
) -> None:
    command = [sys.executable, "-m", "compatkit", "gate", "old.jsonl", "-", "--max-nfr=0.05"]
    done = subprocess.run(
        [*command, "--reader=jsonl"],
        input=(folder / "new.jsonl").read_bytes(),
        capture_output=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr


def test_the_help_names_every_budget(gate: Gate) -> None:
    code, output, _ = gate("--help")
    assert code == 0
    for flag in ("--max-nfr", "--max-accuracy-drop", "--min-btc", "--update-baseline", "--init"):
        assert flag in output


def test_the_new_baseline_is_the_file_that_was_judged(
    gate: Gate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "old.jsonl").read_bytes()

    def write_another(*_: object) -> None:
        write_rows(folder / "new.jsonl", rows(broken=BROKEN))

    monkeypatch.setattr("compatkit.commands.gate.write_verdict", write_another)
    code, _, error = gate(*PAIR, "--max-nfr=0.05", "--update-baseline")
    assert code == 2
    assert "new.jsonl: the file changed while it was read" in error
    assert (folder / "old.jsonl").read_bytes() == before


def test_standard_input_stands_for_one_file(gate: Gate) -> None:
    code, _, error = gate("-", "-", "--max-nfr=0.05")
    assert code == 2
    assert "standard input is read once" in error


READ = {
    "a second run": ("again.jsonl", ["--max-excess-nfr=0.5", "--old-rerun=again.jsonl"]),
    "a header": ("old.meta.json", []),
    "another name of a file": ("link.json", []),
    "an output that is a policy": ("policy.json", ["--policy=policy.json"]),
}


@pytest.mark.parametrize("case", READ)
def test_what_was_read_is_not_written_over(gate: Gate, folder: Path, case: str) -> None:
    name, options = READ[case]
    write_rows(folder / "again.jsonl", rows())
    (folder / "old.meta.json").write_text("{}", encoding="utf-8")
    os.link(folder / "new.jsonl", folder / "link.json")
    (folder / "policy.json").write_text(POLICY, encoding="utf-8")
    before = (folder / name).read_bytes()
    pair = () if "policy" in case else (*PAIR, "--max-nfr=0.5")
    flag = "--gitlab" if name.endswith("jsonl") else "-o"
    code, _, error = gate(*pair, *options, flag, name)
    assert code == 2
    assert f"{name}: is read, and would be written over" in error
    assert (folder / name).read_bytes() == before


def test_two_tasks_of_one_baseline_are_refused(gate: Gate, folder: Path) -> None:
    before = (folder / "old.jsonl").read_bytes()
    write_policy(folder, POLICY + POLICY.partition("\n")[2].replace("math", "more"))
    code, _, error = gate("--update-baseline")
    assert code == 2
    assert "the tasks math and more have one old file" in error
    assert (folder / "old.jsonl").read_bytes() == before


def test_what_was_not_shown_is_no_new_baseline(gate: Gate, folder: Path) -> None:
    before = (folder / "old.jsonl").read_bytes()
    options = (*PAIR, "--max-nfr=0.01", "--inconclusive=pass")
    assert gate(*options)[0] == 0
    code, _, error = gate(*options, "--update-baseline")
    assert code == 2
    assert "max_nfr the first, are inconclusive and only count as a pass" in error
    assert (folder / "old.jsonl").read_bytes() == before


def test_a_header_that_changed_is_no_header_of_the_new_baseline(
    gate: Gate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = folder / "new.meta.json"
    for side in ("old", "new"):
        (folder / f"{side}.meta.json").write_text('{"compatkit_run": 1}', encoding="utf-8")
    before = (folder / "old.jsonl").read_bytes()

    def write_another(*_: object) -> None:
        header.write_text('{"compatkit_run": 1, "model": {}}', encoding="utf-8")

    monkeypatch.setattr("compatkit.commands.gate.write_verdict", write_another)
    code, _, error = gate(*PAIR, "--max-nfr=0.05", "--update-baseline")
    assert code == 2
    assert "new.meta.json: the header changed after it was read" in error
    assert (folder / "old.jsonl").read_bytes() == before


def test_the_comment_links_to_the_report(
    gate: Gate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (*PAIR, "--max-nfr=0.05", "-o", "gate.md")

    def link(*more: object) -> str:
        assert gate(*options, *more)[0] == 0
        lines = (folder / "gate.md").read_text().splitlines()
        return next((line for line in lines if line.startswith("[The whole")), "")

    assert link() == link("-o", "gate.html") == ""
    said = "https://ci.test/a.html"
    assert link("--report-url", said) == f"[The whole report]({said})"
    page = {"SERVER_URL": "https://forge.test", "REPOSITORY": "team/model", "RUN_ID": "7"}
    for name, value in page.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    assert link() == ""  # no page was written that could be uploaded
    run = "https://forge.test/team/model/actions/runs/7#artifacts"
    assert link("-o", "gate.html") == f"[The whole report]({run})"
    assert link("-o", "gate.html", "--report-url", said) == f"[The whole report]({said})"


@pytest.mark.parametrize("address", ["", "gate.html", "javascript:x", "https://a.test/)[b](c"])
def test_what_is_no_web_address_is_no_link(gate: Gate, address: str) -> None:
    code, _, error = gate(*PAIR, "--max-nfr=0.05", f"--report-url={address}")
    assert code == 2
    assert "an address as https://... was expected" in error


@pytest.mark.parametrize("columns", [80, 100])
def test_a_table_fits_the_columns_that_are_named(
    gate: Gate, folder: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    _, output, _ = gate(*PAIR, "--max-nfr=0.008", "--by", "lang", "--max-slice-nfr=0.04")
    lines = [line for line in output.splitlines() if not line.startswith("signature")]
    assert max(map(len, lines)) <= columns
    # One table, no word of which is cut.
    assert sum(line.startswith("INCONCLUSIVE ") for line in lines) == 2
    assert sum(line.startswith("outcome ") for line in lines) == 1


def test_colours_are_what_the_environment_says(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_colored() -> bool:
        return "\x1b[" in gate(*PAIR, "--max-nfr=0.05")[1]

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert not is_colored()  # no terminal
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert is_colored()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_colored()
