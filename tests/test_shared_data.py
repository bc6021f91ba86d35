"""Real updates of real models: the flips that a plain script counts."""

from pathlib import Path

import pytest

import compatkit

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA.name} of real outputs is absent")

OLD_NEW = ("old.jsonl", "new.jsonl")
MMLU = ("old.jsonl.gz", "new.jsonl.gz")


@pytest.mark.parametrize(
    ("folder", "files", "options", "flips"),
    [
        ("gsm8k", OLD_NEW, {"scorer": "numeric"}, (76, 360)),
        ("gsm8k", OLD_NEW, {"scorer": "field:correct"}, (76, 360)),
        ("mmlu_pro", MMLU, {"scorer": "field:correct", "edited": "keep"}, (1022, 1301)),
        ("mmlu_pro", MMLU, {"scorer": "choice", "edited": "keep"}, (1022, 1301)),
        # The trap: a normaliser that eats the answer 'A' counts 1124 and 1251.
        (
            "mmlu_pro",
            MMLU,
            {"scorer": "exact_match", "normalize": "squad", "edited": "keep"},
            (1022, 1301),
        ),
        ("llmdrift_prime", OLD_NEW, {"scorer": "field:correct"}, (476, 147)),
        (
            "cnndm",
            ("t5_3b.jsonl", "t5_11b.jsonl"),
            {"scorer": "rougeL", "stemmer": True, "threshold": 0.3},
            (15, 12),
        ),
    ],
)
def test_flips(
    folder: str, files: tuple[str, str], options: dict[str, object], flips: tuple[int, int]
) -> None:
    old, new = (DATA / folder / name for name in files)
    counts = compatkit.compare(old, new, keep_flips=False, **options).counts
    assert (counts.negative_flips, counts.positive_flips) == flips


@pytest.mark.parametrize(
    ("folder", "options", "rates"),
    [
        ("xsum", {"scorer": "rougeL", "stemmer": True, "threshold": 0.3}, (0.0816, 0.0981)),
        ("ted_slk_eng", {"scorer": "chrf", "threshold": 0.5}, (0.1505, 0.0896)),
    ],
)
def test_rates(folder: str, options: dict[str, object], rates: tuple[float, float]) -> None:
    old, new = (DATA / folder / name for name in OLD_NEW)
    comparison = compatkit.compare(old, new, keep_flips=False, resamples=100, **options)
    assert (
        round(comparison.negative_flip_rate, 4),
        round(comparison.positive_flip_rate, 4),
    ) == rates


def test_mmlu_pro_counts_its_nulls_and_names_its_edited_examples() -> None:
    old, new = (DATA / "mmlu_pro" / name for name in MMLU)
    with pytest.raises(compatkit.DataError, match="3 rows differ: 'mmlupro-143', 'mmlupro-3983'"):
        compatkit.compare(old, new, scorer="choice")
    comparison = compatkit.compare(
        old, new, scorer="choice", edited="skip", by="meta.category", keep_flips=False
    )
    assert comparison.counts.excluded == {"errored": 0, "missing": 0, "edited": 8}
    assert comparison.counts.total == 12032 - 8
    assert comparison.counts.no_answer_old == 1289
    assert sum(part.counts.total for part in comparison.slices["meta.category"].values()) == 12024


def test_three_versions_of_one_model() -> None:
    old, *candidates = (DATA / "cnndm" / f"t5_{size}.jsonl" for size in ("base", "3b", "11b"))
    options = {"scorer": "rougeL", "stemmer": True, "threshold": 0.3}
    new, candidate = compatkit.compare_candidates(old, candidates, **options)
    assert candidate.baseline == new.new
    expected = candidate.negative_flip_rate - new.negative_flip_rate
    assert candidate.delta_nfr == pytest.approx(expected, abs=1e-12)
    expected = candidate.mean_regression - new.mean_regression
    assert candidate.delta_mean_regression == pytest.approx(expected, abs=1e-12)
