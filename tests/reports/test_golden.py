"""Every report as it was accepted."""

from pathlib import Path

import pytest
from golden_files import GOLDEN, Check
from verdicts import VERDICTS

from compatkit import compare, compare_candidates, compare_folders
from compatkit.record import replace
from compatkit.reports import REPORTS, SUFFIXES, View
from compatkit.reports.verdicts import VERDICT_REPORTS, VERDICT_SUFFIXES

WHOLE = View(explain=True, show_flips=2, sweep=True)
GATE = View(show_flips=2)
# Golden file to the verdict, the report and the view that it shows.
VERDICT_FILES = {
    "gate_pass.txt": ("pass", "terminal", GATE),
    "gate_fail.txt": ("fail", "terminal", GATE),
    "gate_inconclusive.txt": ("inconclusive", "terminal", GATE),
    "gate_slices.txt": ("slices", "terminal", replace(GATE, explain=True)),
    "gate_guarded.txt": ("guarded", "terminal", GATE),
    "gate_tasks.txt": ("tasks", "terminal", GATE),
    "gate_tasks_60.txt": ("tasks", "terminal", replace(GATE, width=60)),
    "gate_tasks_120_color.txt": ("tasks", "terminal", replace(GATE, width=120, color=True)),
    "gate_many.txt": ("many", "terminal", GATE),
    "gate_tasks.html": ("tasks", "html", replace(GATE, explain=True)),
    "gate_tasks.md": ("tasks", "markdown", GATE),
    "gate_tasks.xml": ("tasks", "junit", GATE),
    "gate_tasks_github.txt": ("tasks", "github", GATE),
    "gate_tasks_gitlab.json": ("tasks", "gitlab", GATE),
    "gate_zero_flips.json": ("zero flips", "json", GATE),
}


@pytest.mark.parametrize(("suffix", "kind"), SUFFIXES.items())
def test_a_pair(suffix: str, kind: str, models: dict[str, str], golden: Check) -> None:
    results = [compare(models["old"], models["new"], by="lang", sweep=True)]
    golden(f"pair{suffix}", REPORTS[kind](results, WHOLE))


@pytest.mark.parametrize("kind", ["terminal", "markdown", "html"])
def test_candidates_of_a_continuous_scorer(
    kind: str, models: dict[str, str], golden: Check
) -> None:
    results = compare_candidates(
        models["old"], [models["new"], models["candidate"]], scorer="token_f1", by="lang"
    )
    suffix = next(suffix for suffix, each in SUFFIXES.items() if each == kind)
    golden(f"candidates{suffix}", REPORTS[kind](results, View()))


def test_samples(models: dict[str, str], golden: Check) -> None:
    results = [compare(models["old"], models["new"], old_rerun=models["rerun"])]
    golden("samples.txt", REPORTS["terminal"](results, View()))


@pytest.mark.parametrize("kind", ["terminal", "markdown"])
def test_tasks(kind: str, models: dict[str, str], tmp_path: Path, golden: Check) -> None:
    for side in ("old", "new"):
        (tmp_path / f"{side}s").mkdir()
        for task in ("geo", "maths"):
            text = (tmp_path / models[side]).read_text(encoding="ascii")
            (tmp_path / f"{side}s" / f"{task}.jsonl").write_text(text, encoding="ascii")
    suffix = next(suffix for suffix, each in SUFFIXES.items() if each == kind)
    golden(f"tasks{suffix}", REPORTS[kind](compare_folders("olds", ["news"]), View()))


@pytest.mark.parametrize("name", VERDICT_FILES)
def test_verdicts(name: str, golden: Check) -> None:
    case, kind, view = VERDICT_FILES[name]
    golden(name, VERDICT_REPORTS[kind](VERDICTS[case](), view))


def test_every_report_of_a_verdict_has_a_golden_file() -> None:
    assert {kind for _, kind, _ in VERDICT_FILES.values()} == set(VERDICT_REPORTS)
    assert set(VERDICT_SUFFIXES) <= {Path(name).suffix for name in VERDICT_FILES}


def test_a_changed_report_is_noticed(
    models: dict[str, str], request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--accept", default=False):
        pytest.skip("the golden files are being written")
    check = request.getfixturevalue("golden")
    text = REPORTS["terminal"](
        [compare(models["old"], models["new"], by="lang", sweep=True)], WHOLE
    )
    check("pair.txt", text)
    with pytest.raises(AssertionError):
        check("pair.txt", text.replace("25.00%", "25.01%"))
    with pytest.raises(AssertionError, match="--accept writes it"):
        check("none.txt", text)


def test_no_golden_file_is_left_over() -> None:
    tested = {f"pair{suffix}" for suffix in SUFFIXES}
    tested |= {"candidates.html", "candidates.md", "candidates.txt", "samples.txt"}
    tested |= {"tasks.md", "tasks.txt", *VERDICT_FILES}
    assert {path.name for path in GOLDEN.iterdir()} == tested
