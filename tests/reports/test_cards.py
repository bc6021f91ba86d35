"""Cards: the numbers that a page begins with, worked out by hand."""

from compatkit import compare
from compatkit.comparison.comparison import Comparison
from compatkit.reports.page.cards import Card, make_cards


def of_letters(old: str, new: str) -> Comparison:
    """Return the comparison of answers of which `r` is right."""
    sides = [
        [{"id": n, "prediction": letter, "reference": "r"} for n, letter in enumerate(letters)]
        for letters in (old, new)
    ]
    return compare(*sides)


def by_label(comparison: Comparison) -> dict[str, Card]:
    return {card.label: card for card in make_cards(comparison)}


def test_the_cards_of_an_update() -> None:
    # Of 10 answers 4 were right, of which 1 broke; 2 of 6 wrong ones were repaired.
    cards = by_label(of_letters("rrrrxxxxxx", "xrrrrrxxxx"))
    assert list(cards) == [
        "broken (NFR)",
        "repaired (PFR)",
        "accuracy",
        "right answers kept (BTC)",
        "relative NFR",
    ]
    broken = cards["broken (NFR)"]
    assert (broken.value, broken.tone, broken.details[-1]) == (
        "10.0%",
        "broken",
        "1 of 10 answers",
    )
    assert cards["repaired (PFR)"].value == "20.0%"
    assert cards["accuracy"].value == "40.0 \u2192 50.0%"
    assert cards["accuracy"].details[0] == "+10.0 pp"
    assert cards["right answers kept (BTC)"].value == "75.0%"
    assert cards["right answers kept (BTC)"].details[-1] == "3 of 4"
    # Unrelated models would break 0.4 * 0.5 of the answers: 0.1 / 0.2.
    assert cards["relative NFR"].value == "0.50"


def test_what_is_undefined_has_no_card() -> None:
    cards = by_label(of_letters("xxxx", "xxrr"))
    assert "right answers kept (BTC)" not in cards
    assert "relative NFR" not in cards
    assert cards["broken (NFR)"].value == "0.0%"


def test_a_score_between_right_and_wrong_has_a_card_of_its_own() -> None:
    old, new = (
        [{"id": n, "prediction": "a", "f1": score} for n, score in enumerate(scores)]
        for scores in ((0.2, 0.8, 0.5), (0.3, 0.4, 0.8))
    )
    card = by_label(compare(old, new, scorer="field:f1"))["mean score"]
    assert card.value == "0.500 \u2192 0.500"
    assert card.details[0] == "+0.000"


def test_of_several_samples_the_rates_are_expected_ones() -> None:
    old = [{"id": n, "prediction": ["r", "r"], "reference": "r"} for n in range(4)]
    new = [{**row, "prediction": ["r", "x"]} for row in old]
    card = by_label(compare(old, new, lists="samples"))["broken (expected NFR)"]
    assert card.value == "50.0%"
    assert card.details[-1] == "2.0 of 4 answers"
