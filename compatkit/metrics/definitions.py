"""Metrics: what every number is that a report shows, and how it is measured.

A metric is written here once. Reports, the JSON schemas, the page of metrics, the budgets of a gate
and the modules for evaluate take its name, words, unit, needs and numbers from here.
"""

from compatkit.metrics import candidates, flips, samples, smooth
from compatkit.metrics.cause_metrics import CAUSE_METRICS
from compatkit.metrics.confidence_metrics import CONFIDENCE_METRICS
from compatkit.metrics.flips import share_of
from compatkit.metrics.metric import FAMILIES, Metric
from compatkit.metrics.needs import (
    ANSWERS,
    CONTINUOUS,
    NEW_SAMPLES,
    OF_ONE_SAMPLE,
    OLD_SAMPLES,
)

YAN = "Yan et al. 2021 (arXiv 2011.09161)"
SRIVASTAVA = "Srivastava et al. 2020 (arXiv 2008.04572)"
MUSCLE = "Echterhoff et al. 2024 (arXiv 2407.09435), section 3.2"
FIGURE_2 = "Echterhoff et al. 2024 (arXiv 2407.09435), figure 2"
TABLES_4_5 = "Echterhoff et al. 2024 (arXiv 2407.09435), tables 4 and 5"
TABLE_6 = "Echterhoff et al. 2024 (arXiv 2407.09435), table 6"
CACIOLI = "Cacioli 2026 (arXiv 2604.27405)"
NO_ERROR = "the new model makes no error"

METRICS: dict[str, Metric] = {
    "accuracy_old": Metric(
        "accuracy, old",
        "(n11 + n10) / N",
        "Share of the examples that the old model answers right.",
        "accuracy",
        flips.accuracy(lambda pair: pair.old),
    ),
    "accuracy_new": Metric(
        "accuracy, new",
        "(n11 + n01) / N",
        "Share of the examples that the new model answers right.",
        "accuracy",
        flips.accuracy(lambda pair: pair.new),
    ),
    "accuracy_delta": Metric(
        "accuracy, new - old",
        "(n01 - n10) / N",
        "What the average shows of the update: repaired answers less broken ones.",
        "accuracy",
        flips.accuracy_delta,
        unit="points",
    ),
    "negative_flip_rate": Metric(
        "negative flip rate (NFR)",
        "n10 / N",
        "Share of the examples that were right and are now wrong: what the update broke.",
        "flips",
        share_of(lambda pair: pair.broken),
        YAN + "; Xie et al. 2021 (arXiv 2105.03048)",
    ),
    "positive_flip_rate": Metric(
        "positive flip rate (PFR)",
        "n01 / N",
        "Share of the examples that were wrong and are now right: what the update repaired.",
        "flips",
        share_of(lambda pair: pair.is_right & ~pair.was_right),
    ),
    "inconsistency_flip_rate": Metric(
        "inconsistency flip rate (NFR_mc)",
        "count(new wrong and new answer != old answer) / N",
        "Share of the examples whose new answer is wrong and not the one that users knew; "
        "it counts the negative flips and the wrong answers that changed.",
        "flips",
        share_of(lambda pair: ~pair.is_right & ~pair.agree),
        MUSCLE,
        needs_too=(ANSWERS,),
    ),
    "negative_flip_impact": Metric(
        "negative flip impact (NFI)",
        "n10 / (n10 + n00)",
        "Of the new model's errors, the share that the old model did not make.",
        "flips",
        share_of(lambda pair: pair.broken, among=lambda pair: ~pair.is_right, nothing=NO_ERROR),
        "Cai et al. 2022 (arXiv 2202.02976)",
    ),
    "relative_negative_flip_rate": Metric(
        "relative NFR",
        "NFR / (accuracy_old (1 - accuracy_new))",
        "Negative flips against those that two independent models of these accuracies would "
        "have: 1 is no better than chance, 0 is none.",
        "flips",
        flips.relative_flips,
        YAN,
        unit="ratio",
        approximate=True,
    ),
    "backward_trust_compatibility": Metric(
        "backward trust compatibility (BTC)",
        "n11 / (n11 + n10)",
        "Of what the old model answered right, the share that still is.",
        "flips",
        share_of(
            lambda pair: pair.was_right & pair.is_right,
            among=lambda pair: pair.was_right,
            nothing="the old model is never right",
        ),
        SRIVASTAVA,
    ),
    "backward_error_compatibility": Metric(
        "backward error compatibility (BEC)",
        "n00 / (n00 + n10)",
        "Of the new model's errors, the share that users know from the old one.",
        "flips",
        share_of(
            lambda pair: ~pair.was_right & ~pair.is_right,
            among=lambda pair: ~pair.is_right,
            nothing=NO_ERROR,
        ),
        SRIVASTAVA,
    ),
    "churn": Metric(
        "churn",
        "count(new answer != old answer) / N",
        "Share of the examples whose answer changed, right or wrong.",
        "flips",
        share_of(lambda pair: ~pair.agree),
        "Milani Fard et al. 2016, launch and iterate",
        needs_too=(ANSWERS,),
    ),
    "agreement_right": Metric(
        "same answer where both right",
        "count(both right and same answer) / n11",
        "Of the examples that both answer right, the share with the same answer "
        "(several answers may be right).",
        "flips",
        share_of(
            lambda pair: pair.agree,
            among=lambda pair: pair.was_right & pair.is_right,
            nothing="no example is answered right by both",
        ),
        FIGURE_2,
        needs_too=(ANSWERS,),
    ),
    "score_old": Metric(
        "mean score, old",
        "mean of old_i",
        "Average score of the old model's answers.",
        "smooth",
        smooth.mean_score(lambda pair: pair.old),
        unit="score",
    ),
    "score_new": Metric(
        "mean score, new",
        "mean of new_i",
        "Average score of the new model's answers.",
        "smooth",
        smooth.mean_score(lambda pair: pair.new),
        unit="score",
    ),
    "score_delta": Metric(
        "mean score, new - old",
        "mean of D_i, D_i = new_i - old_i",
        "How the average score changed.",
        "smooth",
        smooth.mean_change,
        unit="change",
    ),
    "smooth_negative_flip_rate": Metric(
        "score fell",
        "mean of 1[D_i < -epsilon]",
        "Share of the examples whose score fell, whatever the threshold.",
        "smooth",
        smooth.share_of_changes(smooth.fell),
        MUSCLE,
    ),
    "smooth_positive_flip_rate": Metric(
        "score rose",
        "mean of 1[D_i > epsilon]",
        "Share of the examples whose score rose, whatever the threshold.",
        "smooth",
        smooth.share_of_changes(smooth.rose),
        MUSCLE,
    ),
    "tie_rate": Metric(
        "score tied",
        "mean of 1[abs(D_i) <= epsilon]",
        "Share of the examples whose score changed by at most epsilon.",
        "smooth",
        smooth.share_of_changes(smooth.tied),
    ),
    "mean_gain": Metric(
        "mean gain",
        "mean of D_i over D_i > epsilon",
        "By how much the score rose, on average, where it rose.",
        "smooth",
        smooth.mean_gain,
        MUSCLE,
        unit="score",
        approximate=True,
    ),
    "mean_regression": Metric(
        "mean regression",
        "mean of abs(D_i) over D_i < -epsilon",
        "By how much the score fell, on average, where it fell.",
        "smooth",
        smooth.mean_regression,
        MUSCLE,
        unit="score",
        approximate=True,
    ),
    "delta_accuracy": Metric(
        "accuracy, candidate - new",
        "accuracy(candidate) - accuracy(new)",
        "What the candidate gains in accuracy over the first new model.",
        "candidate",
        candidates.rate_change(lambda pair, _: pair.is_right),
        TABLES_4_5,
        unit="points",
    ),
    "delta_nfr": Metric(
        "NFR, candidate - new",
        "NFR(old, candidate) - NFR(old, new)",
        "Negative flips that the candidate has more (or, below 0, less) than the first new model.",
        "candidate",
        candidates.rate_change(lambda pair, _: pair.broken),
        TABLES_4_5,
        unit="points",
    ),
    "delta_nfr_percent": Metric(
        "the same, in % of new's NFR",
        "100 delta_nfr / NFR(old, new)",
        "The change of the negative flip rate in percent of the first new model's.",
        "candidate",
        candidates.rate_change_percent(lambda pair, _: pair.broken),
        TABLES_4_5,
        unit="percent",
    ),
    "delta_score": Metric(
        "mean score, candidate - new",
        "mean of candidate_i - new_i",
        "What the candidate gains in mean score over the first new model.",
        "candidate",
        candidates.score_change,
        TABLE_6,
        unit="change",
        needs_too=(CONTINUOUS,),
    ),
    "delta_smooth_nfr": Metric(
        "score fell, candidate - new",
        "smooth NFR(old, candidate) - smooth NFR(old, new)",
        "How many more (or, below 0, fewer) scores fall with the candidate.",
        "candidate",
        candidates.rate_change(smooth.fell),
        TABLE_6,
        unit="points",
        needs_too=(CONTINUOUS,),
    ),
    "delta_smooth_nfr_percent": Metric(
        "the same, in % of new's",
        "100 delta_smooth_nfr / smooth NFR(old, new)",
        "The change of the share of fallen scores in percent of the first new model's.",
        "candidate",
        candidates.rate_change_percent(smooth.fell),
        TABLE_6,
        unit="percent",
        needs_too=(CONTINUOUS,),
    ),
    "delta_mean_gain": Metric(
        "mean gain, candidate - new",
        "mean gain(old, candidate) - mean gain(old, new)",
        "By how much more the candidate gains where it gains.",
        "candidate",
        candidates.size_change(smooth.rose, 1.0),
        TABLE_6,
        unit="change",
        needs_too=(CONTINUOUS,),
        approximate=True,
    ),
    "delta_mean_regression": Metric(
        "mean regression, candidate - new",
        "mean regression(old, candidate) - mean regression(old, new)",
        "By how much more (or, below 0, less) the candidate loses where it loses.",
        "candidate",
        candidates.size_change(smooth.fell, -1.0),
        TABLE_6,
        unit="change",
        needs_too=(CONTINUOUS,),
        approximate=True,
    ),
    "expected_negative_flip_rate": Metric(
        "expected NFR",
        "mean of p_i (1 - q_i)",
        "The negative flip rate between one random sample of the old and one of the new model.",
        "samples",
        samples.expected_negative,
        CACIOLI,
    ),
    "expected_positive_flip_rate": Metric(
        "expected PFR",
        "mean of (1 - p_i) q_i",
        "The positive flip rate between one random sample of the old and one of the new model.",
        "samples",
        samples.expected_positive,
    ),
    "flip_floor_old": Metric(
        "flip floor, old",
        "mean of p_i (1 - p_i) K_i / (K_i - 1)",
        "The negative flip rate of the old model against a second run of itself: noise.",
        "samples",
        samples.floor_old,
        CACIOLI,
        needs_too=(OF_ONE_SAMPLE, OLD_SAMPLES),
    ),
    "flip_floor_new": Metric(
        "flip floor, new",
        "mean of q_i (1 - q_i) L_i / (L_i - 1)",
        "The negative flip rate of the new model against a second run of itself: noise.",
        "samples",
        samples.floor_new,
        CACIOLI,
        needs_too=(OF_ONE_SAMPLE, NEW_SAMPLES),
    ),
    "excess_negative_flip_rate": Metric(
        "excess NFR",
        "mean of p_i (1 - q_i) - p_i (1 - p_i) K_i / (K_i - 1) over the examples with K_i > 1",
        "Expected negative flips beyond those that running the old model again would show, on the "
        "examples with several samples of it: what the update did.",
        "samples",
        samples.excess_negative,
        CACIOLI,
        unit="points",
        needs_too=(OF_ONE_SAMPLE, OLD_SAMPLES),
    ),
    "reliable_negative_flip_rate": Metric(
        "reliably worse",
        "share of examples with p_i -> q_i below noise (exact test, FDR held at 5 %)",
        "Share of the examples that fell by more than the noise of their samples.",
        "samples",
        samples.share_of_reliable(lambda reliable: reliable.worse),
        CACIOLI,
        needs_too=(OF_ONE_SAMPLE,),
    ),
    "reliable_positive_flip_rate": Metric(
        "reliably better",
        "share of examples with p_i -> q_i above noise (exact test, FDR held at 5 %)",
        "Share of the examples that rose by more than the noise of their samples.",
        "samples",
        samples.share_of_reliable(lambda reliable: reliable.better),
        CACIOLI,
        needs_too=(OF_ONE_SAMPLE,),
    ),
    **CONFIDENCE_METRICS,
    **CAUSE_METRICS,
}


def names_always() -> list[str]:
    """Return the metrics that every comparison names; the others where they can be measured."""
    return [name for name, metric in METRICS.items() if not FAMILIES[metric.family].optional]
