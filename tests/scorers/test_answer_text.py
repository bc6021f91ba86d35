import pytest
from rows_of import rows_of

import compatkit
from compatkit.errors import ConfigError
from compatkit.scorers import SCORERS
from compatkit.scorers.answer_text import ONE_TEXT, STOPPED, STRIPPED, UNFINISHED
from compatkit.scorers.make import make_scorer

NEEDED = {"regex": {"pattern": r"answer is (\w+)"}, "verdict": {"scale": "1-5"}}
REFERENCES = {"numeric": "4", "choice": "B"}


@pytest.mark.parametrize("name", [name for name in SCORERS if name != "field"])
def test_no_scorer_reads_what_is_only_reasoned(name: str) -> None:
    reference = REFERENCES.get(name, "the cat sat on the mat")
    answer = f"The answer is {reference}"
    rows = rows_of([f"<think>{answer}</think>\n\nno idea", f"<think>{answer}"], [reference] * 2)
    scorer = make_scorer(name, **NEEDED.get(name, {}))
    plain = scorer.score(rows_of(["no idea", None], [reference] * 2))
    scored = scorer.score(rows)
    assert scored.scores.tolist() == plain.scores.tolist()
    assert scored.answers == plain.answers
    assert {STRIPPED: 1, UNFINISHED: 1}.items() <= dict(scored.notes).items()
    assert scorer.options["reasoning"] == "strip"


@pytest.mark.parametrize("name", ["choice", "contains", "regex"])
def test_reasoning_can_be_kept(name: str) -> None:
    options = {"pattern": r"answer is (\w+)"} if name == "regex" else {}
    rows = rows_of(["<think>The answer is B.</think>\n\nno idea"], ["B"])
    kept = make_scorer(name, reasoning="keep", **options).score(rows)
    assert (kept.scores.tolist(), STRIPPED in kept.notes) == ([1], False)


def test_a_text_is_cut_where_the_first_of_the_stops_begins() -> None:
    rows = rows_of(
        ["The answer is A.\n\nQuestion: ... The answer is B.", "The answer is A.", None], ["A"] * 3
    )
    assert make_scorer("choice").score(rows).scores.tolist() == [0, 1, 0]
    cut = make_scorer("choice", stop=["Q:", "\n\nQuestion:"])
    scored = cut.score(rows)
    assert (scored.scores.tolist(), dict(scored.notes)) == ([1, 1, 0], {STOPPED: 1})
    assert cut.options["stop"] == '["Q:", "\\n\\nQuestion:"]'


def test_a_stop_within_the_reasoning_cuts_nothing() -> None:
    rows = rows_of(["<think>Question: A?</think>The answer is B.Question:"], ["B"])
    assert make_scorer("choice", stop="Question:").score(rows).scores.tolist() == [1]


def test_an_empty_stop_or_separator_is_refused() -> None:
    with pytest.raises(ConfigError, match="--stop"):
        make_scorer("choice", stop=["x", ""])
    with pytest.raises(ConfigError, match="--reference-separator is empty"):
        make_scorer("choice", reference_separator="")


@pytest.mark.parametrize(
    ("reference", "separator", "score"),
    [
        ("Paris|paris", "|", 1),
        ("Rome | Paris", "|", 1),
        ('["Rome", "Paris"]', "json", 1),
        ("[1, 2]", "json", 0),
        ("Paris", "json", 1),
        ("Rome;Paris", ";", 1),
    ],
)
def test_references_are_split_where_it_is_said(reference: str, separator: str, score: int) -> None:
    rows = rows_of(["Paris"], [reference])
    scored = make_scorer("exact_match", reference_separator=separator).score(rows)
    assert (scored.scores.tolist(), ONE_TEXT in scored.notes) == ([score], False)


@pytest.mark.parametrize(
    ("reference", "noted"),
    [
        ("gold|alias", True),
        ('["Paris","paris"]', True),
        ("['Paris', 'paris']", True),
        ("Paris", False),
        ("a | b", False),
        ("[0, 1]", False),
        ("|x|", False),
    ],
)
def test_references_that_look_like_a_list_are_noted(reference: str, *, noted: bool) -> None:
    scored = make_scorer("exact_match").score(rows_of(["x"], [reference]))
    assert (ONE_TEXT in scored.notes) is noted
    assert scored.examples.get(ONE_TEXT) == (reference if noted else None)


def test_options_of_reading_belong_to_scorers_of_texts() -> None:
    with pytest.raises(ConfigError, match="field:correct has no option 'stop'"):
        make_scorer("field:correct", stop="x")


def test_a_file_most_of_whose_references_cannot_be_read_is_refused() -> None:
    rows = [{"id": n, "prediction": "5", "reference": "5 km" if n < 6 else "5"} for n in range(10)]
    with pytest.raises(compatkit.DataError, match=r"can score 4 of 10 rows: 6 references are not"):
        compatkit.compare(rows, rows, scorer="numeric")
    counts = compatkit.compare(rows[4:], rows[4:], scorer="numeric").counts
    assert counts.excluded["unscored"] == 2


def test_the_gate_refuses_what_the_scorer_cannot_see() -> None:
    rows = [{"id": n, "prediction": "a", "reference": "a"} for n in range(60)]
    rows += [
        {"id": n, "prediction": "x", "reference": "\u6771\u4eac\u306e\u5854"} for n in range(60, 70)
    ]
    with pytest.raises(compatkit.DataError, match="10 of 70 examples are left out"):
        compatkit.check(rows, rows, scorer="rougeL", max_nfr=0.1)


@pytest.mark.parametrize("name", ["json", "tool_calls", "choices", "set"])
def test_a_list_is_no_surprise_to_a_scorer_that_reads_lists(name: str) -> None:
    scored = make_scorer(name).score(rows_of(['["A", "B"]'], ['["A", "B"]']))
    assert ONE_TEXT not in scored.notes
