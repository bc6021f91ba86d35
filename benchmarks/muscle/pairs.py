"""Pairs: which bases, which task, how it is learnt, and which methods go on from there."""

from bases import Size
from experiment import Ablation, Methods, Pair

CE: Methods = {"ce": {"method": "ce"}}
# Weightings for large gaps: the teacher that finds the answer likelier weighs more.
ODDS: Methods = {
    "token_odds": {"mask": "token_odds"},
    "token_odds + ce": {"mask": "token_odds", "ce_weight": 0.05},
}
BOTH: Methods = {"muscle": {}, "kd_mix": {"method": "kd_mix"}}
KD_OLD: Methods = {"kd_old": {"method": "kd_old"}}
TOKENS = {"equal": {**CE, **BOTH, **KD_OLD}, "gap": {**CE, **BOTH, **ODDS}}

# Task adapters that are trained over the choice: the control goes on as they did, the others by
# the loss over tokens, which is the paper's, or by the same loss over the choice.
CHOICE = {"tokens": "choice", "learning_rate": 1e-3}
CE_CHOICE: Methods = {"ce": {"method": "ce", **CHOICE}}
BOTH_CHOICE: Methods = {
    "muscle, choice": {"tokens": "choice"},
    "kd_mix, choice": {"method": "kd_mix", "tokens": "choice"},
}
ODDS_CHOICE: Methods = {"token_odds, choice": {"mask": "token_odds", "tokens": "choice"}}
CHOICES = {
    "equal": {**CE_CHOICE, **BOTH, **KD_OLD, **BOTH_CHOICE},
    "gap": {**CE_CHOICE, **BOTH, **BOTH_CHOICE, **ODDS_CHOICE},
}
TASK_CHOICE = {**CHOICE, "batch_size": 32, "epochs": 5}
AGAIN_CHOICE = {"batch_size": 32, "learning_rate": 3e-3, "epochs": 6}
MASKS: Methods = {
    **CE,
    "muscle": {},
    **KD_OLD,
    "old_right": {"mask": "old_right"},
    "muscle + ce": {"ce_weight": 0.5},
    "token_likelihood + ce": {"mask": "token_likelihood", "ce_weight": 0.5},
    "sequence_likelihood + ce": {"mask": "sequence_likelihood", "ce_weight": 0.5},
}
KEPT: Methods = {
    **CE_CHOICE,
    "kd_mix, choice": BOTH_CHOICE["kd_mix, choice"],
    **{
        f"kd_mix, choice, by {rule}": {**BOTH_CHOICE["kd_mix, choice"], "select": rule}
        for rule in ("cross_entropy", "compatibility")
    },
}
COMPLETION = {"tokens": "completion", "learning_rate": 3e-3}

PAIRS = (
    Pair(
        "choice-a",
        "choice",
        bases={
            "new": Size(64, 2, 700, 1),
            "equal": Size(64, 2, 700, 2),
            "gap": Size(48, 2, 450, 3),
        },
        methods=CHOICES,
        ablations=(Ablation("which epoch is kept", "gap", KEPT),),
        task=TASK_CHOICE,
        again=AGAIN_CHOICE,
    ),
    Pair(
        "sum",
        "sum",
        bases={
            "new": Size(64, 2, 1500, 1),
            "equal": Size(64, 2, 1500, 2),
            "gap": Size(48, 2, 700, 3),
        },
        methods=TOKENS,
        more=2.4,
        task={**COMPLETION, "epochs": 16},
        again={**COMPLETION, "epochs": 8},
    ),
    Pair(
        "choice-b",
        "choice",
        bases={
            "new": Size(64, 2, 700, 11),
            "equal": Size(64, 2, 700, 12),
            "gap": Size(48, 2, 450, 13),
        },
        methods=CHOICES,
        task=TASK_CHOICE,
        again=AGAIN_CHOICE,
    ),
    Pair(
        "summary",
        "summary",
        bases={
            "new": Size(64, 2, 700, 1),
            "equal": Size(64, 2, 700, 2),
            "gap": Size(48, 2, 400, 3),
        },
        methods=TOKENS,
        more=2,
        task={**COMPLETION, "epochs": 8},
        again={**COMPLETION, "epochs": 8},
    ),
    Pair(
        "choice-language",
        "choice",
        bases={
            "new": Size(64, 2, 700, 1),
            "equal": Size(64, 2, 700, 2),
            "gap": Size(48, 2, 450, 3),
        },
        methods={"equal": {**CE, "muscle": {}}, "gap": {**CE, "muscle": {}, **ODDS}},
        ablations=(Ablation("the masks beside the paper's (table 7)", "equal", MASKS, masks=True),),
        again={"learning_rate": 3e-3, "epochs": 10},
    ),
)
