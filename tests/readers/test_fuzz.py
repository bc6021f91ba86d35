"""The fuzz of `benchmarks/fuzz.py`, in small."""

import pytest
from fuzz_scripts import OF_FILES, loaded

SEED = 1000  # another one than those of the kept runs


@pytest.fixture(scope="module")
def fuzz():
    """Return the modules of the fuzz by their names."""
    with loaded(OF_FILES) as modules:
        yield modules


def test_whatever_happens_to_bytes_there_is_a_sentence_and_no_false_pass(fuzz):
    became = set()
    for number in range(400):
        mutant = fuzz["fuzz_inputs"].make_mutant(SEED, number)
        outcome, wrong = fuzz["fuzz_worker"].try_input(mutant)
        assert not wrong, number
        became.add(outcome)
    assert became == {"refused", "fails", "passes"}


def test_every_fixture_passes_as_it_was_made(fuzz):
    for name, (file, data, old) in fuzz["fuzz_inputs"].FIXTURES.items():
        mutant = fuzz["fuzz_inputs"].Mutant(name, old, file, data, data)
        assert fuzz["fuzz_worker"].try_input(mutant) == ("passes", ""), name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"x,x", b"y,x"),
        (b"x,x", b"x,y"),
        (b"x,x", b",x"),
        (b"q5", b"q4"),
        (b"q5", b"x"),
        (b",x", b""),
    ],
)
def test_the_oracle_passes_nothing_that_broke(fuzz, old, new):
    file, data, rows = fuzz["fuzz_inputs"].FIXTURES["csv"]
    may_pass = fuzz["fuzz_oracle"].may_pass
    assert may_pass(file, data, rows)
    assert old in data
    assert not may_pass(file, data.replace(old, new, 1), rows)


def test_a_pass_that_the_oracle_does_not_give_is_a_find(fuzz):
    file, data, rows = fuzz["fuzz_inputs"].FIXTURES["jsonl"]
    mutant = fuzz["fuzz_inputs"].Mutant("jsonl", rows, file, data, data.replace(b"q1", b"q2"))
    assert fuzz["fuzz_worker"].try_input(mutant)[1] == "the gate passes, and the oracle does not"


def test_inputs_are_the_same_whenever_they_are_made(fuzz):
    make = fuzz["fuzz_inputs"].make_mutant
    assert [make(0, n).data for n in range(30)] == [make(0, n).data for n in range(30)]
    assert make(0, 5).data != make(1, 5).data
