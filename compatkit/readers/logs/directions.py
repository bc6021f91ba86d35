"""Directions: whether less of a metric is better, where its log does not say, or a field's user.

Two lists, and nothing else: a metric that is in neither, and whose log states no direction, has
none. Names count without the filter behind a comma and without what follows `@` or `:`
(`exact_match,strict-match`, `pass@1`, `math_pass@1:8_samples`); case does not matter.
"""

import re
from collections.abc import Mapping
from typing import Any

from compatkit.errors import ConfigError

_MORE = """
    acc accuracy acc_norm acc_norm_nospace acc_bytes acc_mutual_info acc_all acc_golds
    loglikelihood_acc loglikelihood_acc_norm correct is_correct success pass pass_rate
    exact_match exact exact_match_strict quasi_exact_match prefix_exact_match
    quasi_prefix_exact_match final_number_exact_match em qem pem pqem extractive_match
    em_with_normalize_gold em_with_normalize_pred em_with_normalize_gold&normalize_pred
    em_with_type_exact_match multi_choice_quasi_exact_match
    math_equiv math_equiv_chain_of_thought math_verify math_pass codegen_pass gpqa_pass
    f1 f1_score f1_score_quasi f1_score_macro f1_score_micro f1_set_match best_f1 has_answer_f1
    precision recall mcc ndcg mrr mean_reciprocal_rank includes match exact_match_indicator
    rouge1 rouge2 rouge3 rougel rougelsum rouge_1 rouge_2 rouge_l rouge1_acc rouge2_acc rougel_acc
    bleu bleu_1 bleu_4 bleu_acc sacrebleu chrf chrf++ chrf_plus meteor bertscore bertscore-p
    bertscore-r bertscore-f bleurt bleurt_acc comet
    mc1 mc2 prompt_level_strict_acc inst_level_strict_acc prompt_level_loose_acc
    inst_level_loose_acc word_accuracy wip_score edit_similarity iou_set_match
"""
_LESS = """
    wer cer mer ter wil wer_score cer_score mer_score word_error_rate character_error_rate
    error_rate perplexity word_perplexity byte_perplexity prediction_perplexity ppl bits_per_byte
    nll loss mse mae rmse mean_squared_error mean_absolute_error brier brier_score ece
    edit_distance toxic_frac max_toxicity_probability expected_max_toxicity hamming_loss
"""
MORE_IS_BETTER = frozenset(_MORE.split())
LESS_IS_BETTER = frozenset(_LESS.split())
BEHIND = re.compile(r"[,@:].*", re.DOTALL)


def less_is_better(metric: str) -> bool | None:
    """Return whether less of a metric is better, or None where its name does not say.

    >>> less_is_better("exact_match,strict-match"), less_is_better("WER")
    (False, True)
    >>> less_is_better("my_score") is None
    True
    """
    name = BEHIND.sub("", metric).strip().lower()
    if name in LESS_IS_BETTER:
        return True
    return False if name in MORE_IS_BETTER else None


def turn_field(scorer: str, own: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a scorer of a field must know of its direction.

    Args:
        scorer: `field:NAME`.
        own: the scorer's own options.
        options: `lower_is_better` and `higher_is_better`, None where nothing was said.

    Raises:
        ConfigError: nothing was said, and by the field's name less is better.
    """
    name = scorer.removeprefix("field:").rpartition(".")[2]
    if options["lower_is_better"]:
        return {"lower_is_better": True}
    if options["higher_is_better"] or "lower_is_better" in own or not less_is_better(name):
        return {}
    raise ConfigError(
        f"{scorer}: less {name} is better by its name, and more of a field is taken to be. Say "
        "--lower-is-better, or --higher-is-better where more is."
    )
