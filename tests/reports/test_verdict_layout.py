import re

import pytest
from rich.cells import cell_len
from verdicts import VERDICTS, compared, decided, guard, judge, waived

from compatkit.gate.verdict import Verdict
from compatkit.notes import Note
from compatkit.record import replace
from compatkit.reports.blocks import Block, Explanation, FlipList, Fold, Heading, Line, Table, Tone
from compatkit.reports.verdicts import VERDICT_REPORTS
from compatkit.reports.verdicts.layout import lay_out_verdict
from compatkit.reports.verdicts.tables import decision_table, waiver_table
from compatkit.reports.view import View

WIDTHS = (60, 80, 100, 120)


def blocks_of(verdict: Verdict, view: View | None = None) -> list[Block]:
    """Return the blocks, those of a fold after its title."""
    found: list[Block] = []
    for block in lay_out_verdict(verdict, view or View(show_flips=3)):
        found += [Heading(block.title, 3), *block.blocks] if isinstance(block, Fold) else [block]
    return found


def lines_of(verdict: Verdict, view: View | None = None) -> list[str]:
    return [each.text for each in blocks_of(verdict, view) if isinstance(each, Line)]


def flips_of(verdict: Verdict, view: View | None = None) -> list[tuple[list[str], list[str]]]:
    return [
        ([example.id for example in each.examples], list(each.remarks))
        for each in blocks_of(verdict, view)
        if isinstance(each, FlipList)
    ]


def headings_of(verdict: Verdict, view: View | None = None) -> list[str]:
    return [each.text for each in blocks_of(verdict, view) if isinstance(each, Heading)]


def test_the_largest_fall_of_score_comes_first() -> None:
    verdict = VERDICTS["graded"]()
    assert flips_of(verdict, View(show_flips=9)) == [(["s2", "s5", "s1", "s3"], [""] * 4)]
    assert "4 negative flips, the largest fall of score first" in headings_of(
        verdict, View(show_flips=9)
    )
    assert "2 of 4 negative flips, the largest fall of score first" in headings_of(
        verdict, View(show_flips=2)
    )


def test_flips_that_are_shown_elsewhere_are_not_shown_twice() -> None:
    verdict = VERDICTS["guarded"]()
    guarded, others, accepted = flips_of(verdict, View(show_flips=20))
    assert guarded == ([f"q{n}" for n in range(1, 8)], ["safety=yes"] * 7)
    assert others[0] == ["q8", "q9", *(f"q{n}" for n in range(11, 21))]
    assert accepted == (["q10"], ["waived until 2026-12-31: the reference is wrong"])
    assert headings_of(verdict)[1:4] == [
        "look at first",
        "3 of 12 further negative flips, in the old file's order",
        "1 waived flip, which does not count",
    ]


def test_flips_of_several_tasks_name_the_task() -> None:
    found = flips_of(VERDICTS["tasks"]())
    assert found[0] == (["q3"], ["safety; kind=refusal"])
    assert found[1] == (["q1", "q2", "q3"], ["arc"] * 3)
    assert found[2][1] == ["safety; waived until 2026-12-31: the reference is wrong"]


def test_a_waiver_without_a_task_accepts_the_only_task_s_flip() -> None:
    verdict = judge(
        "pass", decided("pass"), comparisons=(compared("arc"),), waivers=(waived("q1"),)
    )
    assert [ids for ids, _ in flips_of(verdict)] == [["q2", "q3", "q4"], ["q1"]]


def test_an_expired_or_unused_waiver_accepts_nothing() -> None:
    uses = (waived("q1", "expired"), waived("q2", "unused"))
    verdict = judge("pass", decided("pass"), waivers=uses)
    assert [ids for ids, _ in flips_of(verdict)] == [["q1", "q2", "q3"]]
    table = waiver_table(verdict)
    assert [row[0] for row in table.rows] == [
        "expired: a flip counts again",
        "unused: the example did not flip",
    ]
    assert table.tones == [Tone.NOTE, Tone.PLAIN]


@pytest.mark.parametrize("case", VERDICTS)
def test_nothing_is_shown_where_no_flip_is_wanted(case: str) -> None:
    assert flips_of(VERDICTS[case](), View()) == []


def test_flips_that_were_not_kept_are_not_shown() -> None:
    without = replace(compared(), examples=None)
    verdict = judge("fail", comparisons=(without,), guarded=(guard(compared(), flip=None),))
    assert flips_of(verdict) == []
    assert headings_of(verdict)[0].startswith("FAIL: 20 of 388 right answers broke, 1 of them must")
    assert "The must-not-flip example broke (q1)." in lines_of(verdict)


def test_the_worst_slice_of_the_only_task_does_not_repeat_its_name() -> None:
    slices = [decided("fail", task="mmlu", field="lang", slice=part, low=0.05) for part in "ab"]
    for names, expected in ((["mmlu"], "of lang = a"), (["mmlu", "gsm8k"], "of mmlu, lang = a")):
        tasks = tuple(replace(compared(), task=name) for name in names)
        lines = lines_of(judge("fail", *slices, comparisons=tasks))
        (sentence,) = [line for line in lines if line.startswith("worst slice")]
        assert f"the negative flip rate (NFR) {expected} " in sentence


def test_the_worst_slice_is_the_one_furthest_beyond() -> None:
    def worst(*decisions: object) -> list[str]:
        lines = lines_of(judge("fail", *decisions))  # type: ignore[arg-type]
        return [each.split(" is ")[0] for each in lines if each.startswith("worst")]

    a = decided("fail", field="lang", slice="a", low=0.05)
    b = decided("fail", field="lang", slice="b", low=0.09)
    doubtful = decided("inconclusive", field="lang", slice="c", low=0.01, high=0.6)
    advisory = decided("fail", field="lang", slice="d", low=0.5, tier="advisory")
    of_lang = "the negative flip rate (NFR) of lang = "
    assert worst(a, b, doubtful, advisory) == [f"worst slice of 4: {of_lang}b"]
    assert worst(b, a) == [f"worst slice of 2: {of_lang}b"]
    assert worst(doubtful, advisory) == [f"worst slice of 2: {of_lang}c"]
    kept = decided("pass", field="lang", slice="e")
    assert worst(kept, decided("fail")) == [f"worst slice: {of_lang}e"]
    assert worst(decided("fail")) == []
    low = decided("fail", budget="min_btc", field="lang", slice="f", limit=0.9, high=0.5)
    assert "BTC) of lang = f" in worst(b, low)[0]


def test_what_is_said_of_a_picked_slice_allows_for_the_picking() -> None:
    """A fail goes by a bound that holds for all at once; other bounds are those of one slice."""

    def worst(outcome: str, **values: object) -> str:
        slices = [
            decided(outcome, field="lang", slice=each, low=low, **values)
            for each, low in (("a", 0.04), ("b", 0.05))
        ]
        lines = lines_of(judge(outcome, *slices))
        return next(line for line in lines if line.startswith("worst"))

    warning = "These bounds are for one slice, not for one picked from 2"
    assert warning in worst("pass")
    assert warning in worst("inconclusive", high=0.2)
    assert warning not in worst("fail")


def test_many_decisions_are_capped_and_the_cap_is_said() -> None:
    table = decision_table(VERDICTS["many"]())
    outcomes = [row[0] for row in table.rows]
    assert outcomes == ["FAIL"] * 4 + ["INCONCLUSIVE"] * 10 + ["pass"] * 6
    assert "180 more pass; --json has all." in table.note
    lines = lines_of(VERDICTS["many"]())
    assert (
        "200 tasks: of 80,000 examples 4,000 broke (negative flips), 2,400 were repaired" in lines
    )
    settling = next(line for line in lines if line.startswith("about so many new examples"))
    assert settling.endswith("task-067: 1,400, task-087: 1,400, and 5 more")
    assert lines[-1].endswith(", and 195 more; --json shows them in full")
    fails = judge("fail", *[decided("fail")] * 22, decided("inconclusive"), decided("pass"))
    note = decision_table(fails).note
    assert note.startswith("2 more fail, 1 more are inconclusive, 1 more pass; --json has all.")


def test_the_column_of_places_is_there_where_it_says_something() -> None:
    assert "where" not in decision_table(VERDICTS["pass"]()).header
    table = decision_table(VERDICTS["slices"]())
    assert table.header[1] == "lang"
    assert [row[1] for row in table.rows] == ["de", "en", "all examples", "fr"]
    two_fields = [decided("fail", field=field, slice="x") for field in ("lang", "topic")]
    table = decision_table(judge("fail", *two_fields))
    assert table.header[1] == "where"
    assert [row[1] for row in table.rows] == ["lang = x", "topic = x"]
    assert table.note.startswith("NFR: negative flip rate. ")


def test_notes_say_how_to_read_the_table() -> None:
    holm = "(Holm's correction), so that any fail is right at 95%"
    assert f"at up to 98.75% {holm}" in decision_table(VERDICTS["slices"]()).note
    assert "Holm" not in decision_table(VERDICTS["fail"]()).note
    assert "Advisory: reported" in decision_table(VERDICTS["advisory"]()).note
    assert "Advisory" not in decision_table(VERDICTS["pass"]()).note
    assert decision_table(VERDICTS["point"]()).note == (
        "Decided by the measured value alone, which chance may have moved."
    )


def test_every_doubt_is_explained() -> None:
    lines = lines_of(VERDICTS["slices"]())
    assert (
        "lang = en: negative flip rate (NFR): about 450 new examples, once, would settle it; "
        'decide = "anytime" lets you add to these'
    ) in lines
    # What stands first says it of a single decision.
    single = [line for line in lines_of(VERDICTS["inconclusive"]()) if "settle" in line]
    assert len(single) == 1
    assert single[0].startswith("The negative flip rate (NFR) is at least 1.36%")


def test_what_would_settle_several_is_one_sentence() -> None:
    doubts = [
        decided("inconclusive", field="lang", slice=name, low=low, total=400, more_examples=more)
        for name, low, more in (("de", 0.01, 100), ("en", 0.02, 12_000), ("fr", 0.005, 7))
    ]
    (line,) = (line for line in lines_of(judge("inconclusive", *doubts)) if "settle" in line)
    assert line == (
        'about so many new examples, once, would settle these; decide = "anytime" lets you add to '
        "these: en 13,000, de 500, fr 410"
    )
    apart = [*doubts, decided("inconclusive", budget="min_btc", limit=0.9)]
    line = next(line for line in lines_of(judge("inconclusive", *apart)) if "settle" in line)
    assert "lang = en: negative flip rate (NFR): 13,000" in line


def test_budgets_are_explained_on_request() -> None:
    assert not any(isinstance(each, Explanation) for each in blocks_of(VERDICTS["tasks"]()))
    found = [
        each.formula
        for each in blocks_of(VERDICTS["tasks"](), View(explain=True))
        if isinstance(each, Explanation)
    ]
    assert found == ["max_nfr", "max_accuracy_drop", "min_btc"]


def test_approximate_bounds_are_named() -> None:
    near = decided("pass", budget="max_mean_regression", method="bootstrap-bca-t")
    verdict = judge("pass", decided("pass"), near)
    assert decision_table(verdict).note.endswith(
        "Approximate, by a bootstrap of scores without a range: the bounds of mean regression."
    )
    (said,) = (each for each in lines_of(verdict, View(explain=True)) if "approximate" in each)
    assert said.startswith("approximate: the bounds of mean regression are a bootstrap's")
    exact = judge("pass", decided("pass"))
    assert "Approximate" not in decision_table(exact).note
    assert not [each for each in lines_of(exact, View(explain=True)) if "approximate" in each]


def test_what_was_left_out_warnings_and_notes_are_said() -> None:
    one = compared("arc")
    failed = replace(one.counts, excluded={"errored": 3})
    verdict = judge(
        "pass",
        decided("pass", task="arc"),
        comparisons=(replace(one, counts=failed, noted=(Note("log", "a note"),)), compared("b")),
        warnings=("the same bytes",),
    )
    lines = lines_of(verdict)
    assert "arc: left out: 3 errored" in lines
    assert "left out: nothing" not in lines
    assert {"warning: the same bytes", "note: a note"} <= set(lines)
    assert "left out: nothing" in lines_of(VERDICTS["tasks"]())
    noted = replace(one, noted=tuple(Note("log", f"note {number}") for number in range(25)))
    assert "and 5 more notes; --json has all" in lines_of(judge("pass", comparisons=(noted,)))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", VERDICTS)
def test_no_number_is_cut_and_no_line_too_long(case: str, width: int) -> None:
    verdict = VERDICTS[case]()
    report = VERDICT_REPORTS["terminal"](verdict, View(show_flips=5, width=width, explain=True))
    for line in report.split("\n"):
        assert line.startswith(("signature of", "signature:")) or cell_len(line) <= width
    cells = set(re.split(r" {2,}|\n", report))
    spared = "No room for: counted." in report
    assert not (spared and width > WIDTHS[1])
    for block in blocks_of(verdict):
        if isinstance(block, Table):
            last = len(block.header) - (block.spare if spared else 0)
            for row in block.rows:
                assert set(filter(None, row[block.text_columns : last])) <= cells


@pytest.mark.parametrize("case", ["pass", "fail", "inconclusive", "slices", "waived"])
def test_one_screen_is_enough(case: str) -> None:
    report = VERDICT_REPORTS["terminal"](VERDICTS[case](), View(show_flips=5))
    assert report.count("\n") <= 66


def test_colour_changes_nothing_but_colour() -> None:
    for case, escape in (("pass", "32"), ("fail", "31"), ("inconclusive", "33")):
        verdict = VERDICTS[case]()
        plain, color = (
            VERDICT_REPORTS["terminal"](verdict, View(show_flips=2, color=each))
            for each in (False, True)
        )
        assert color.startswith(f"\x1b[1;{escape}m{case.upper()}")
        stripped = re.sub(r"\x1b\[[0-9;]*m", "", color)
        assert [line.rstrip() for line in stripped.split("\n")] == plain.split("\n")
