"""The tables of the benchmark, and what is said of the bars."""

from collections.abc import Mapping, Sequence

from measure import Number, Row

BARS = {"equal": (-40.0, 0.0), "gap": (-25.0, -0.005)}
SIGNIFICANT = 0.001
COLUMNS = {
    "accuracy": "accuracy",
    "nfr": "NFR",
    "delta_nfr_percent": "NFR against plain",
    "delta_accuracy": "accuracy against plain",
    "pfr": "PFR",
    "nfr_mc": "NFR_mc",
    "mean_gain": "m_g",
    "mean_regression": "m_r",
}
# Echterhoff et al. 2024, table 7: change of NFR in percent, of PFR and of accuracy in points.
PAPER_MASKS = {
    "muscle": (-34.25, 0.54, 4.51),
    "old_right": (-19.76, -0.60, 1.68),
    "kd_old": (-25.80, -0.82, 2.17),
    "muscle + ce": (-26.75, 0.38, 3.48),
    "token_likelihood + ce": (-18.29, -0.49, 1.63),
    "sequence_likelihood + ce": (-16.91, 0.05, 2.01),
}


def write(number: Number, name: str) -> str:
    """Write a number with its interval, in percent or points."""
    if number.value is None:
        return "-"
    scale = 1 if name.endswith("percent") else 100
    signed = "+" if name.startswith("delta") else ""
    places = 1 if name.endswith("percent") else 2
    text = f"{scale * number.value:{signed}.{places}f}"
    if number.low is None or number.high is None or not name.startswith("delta"):
        return text
    low, high = scale * number.low, scale * number.high
    return f"{text} [{low:{signed}.{places}f}, {high:{signed}.{places}f}]"


def render_update(rows: Sequence[Row], beside: Mapping[str, Number] | None = None) -> str:
    """Return the table of one update."""
    names = [name for name in COLUMNS if name in rows[0].numbers]
    head = ["method", *(COLUMNS[name] for name in names), "p against CE"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        p_value = row.against_control.get("p_value")
        cells = [row.method, *(write(row.numbers[name], name) for name in names)]
        lines.append(
            "| " + " | ".join([*cells, "-" if p_value is None else f"{p_value:.4f}"]) + " |"
        )
    if beside:
        said = ", ".join(f"{name} {write(number, '')}" for name, number in beside.items())
        lines += ["", f"Beside it: {said}."]
    return "\n".join(lines)


def judge_bars(rows: Sequence[Row]) -> list[str]:
    """Say, for each update, which methods reach the bar, or how near the best one comes."""
    said = []
    for key in dict.fromkeys((row.pair, row.update) for row in rows):
        of_update = [row for row in rows if (row.pair, row.update) == key]
        tried = [row for row in of_update if row.method not in {"plain", "ce"}]
        reached = [row for row in tried if reaches(row)]
        kept = [row for row in tried if keeps_accuracy(row)]
        if kept:
            found = reached or kept
            best = min(found, key=lambda row: row.numbers["delta_nfr_percent"].value or 0.0)
        else:
            best = max(tried, key=lambda row: row.numbers["delta_accuracy"].value or 0.0)
        verdict = "reached" if reached else "**missed**"
        names = (
            "nearest among those that lose no more accuracy"
            if kept
            else "no method keeps accuracy; nearest"
        )
        if reached:
            names = f"by {', '.join(row.method for row in reached)}; best"
        change = write(best.numbers["delta_nfr_percent"], "delta_nfr_percent")
        accuracy = write(best.numbers["delta_accuracy"], "delta_accuracy")
        p_value = best.against_control["p_value"]
        said.append(
            f"- {key[0]}, {key[1]}: {verdict} {names}: {best.method}, NFR {change} %, accuracy "
            f"{accuracy} points, p against CE {p_value:.4f}"
        )
    return said


def reaches(row: Row) -> bool:
    """Return whether a method reaches the bar of its update."""
    change = row.numbers["delta_nfr_percent"].value
    control = row.against_control["delta_nfr_percent"]["value"]
    fewer = control is not None and control < 0 and row.against_control["p_value"] < SIGNIFICANT
    significant = row.update == "gap" or fewer
    cut = change is not None and change <= BARS[row.update][0]
    return cut and keeps_accuracy(row) and significant


def keeps_accuracy(row: Row) -> bool:
    """Return whether a method loses no more accuracy than the bar of its update allows."""
    accuracy = row.numbers["delta_accuracy"].value
    return accuracy is not None and accuracy >= BARS[row.update][1]


def render_masks(rows: Sequence[Row]) -> str:
    """Return the ablation of the masks beside the paper's; the first row is the plain adapter."""
    plain = rows[0]
    lines = [
        "| mask | NFR in % | paper | PFR, points | paper | accuracy, points | paper |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    found = [row for row in rows if row.method in PAPER_MASKS]
    for row in sorted(found, key=lambda row: row.numbers["delta_nfr_percent"].value or 0.0):
        nfr, pfr, accuracy = PAPER_MASKS[row.method]
        was, now = plain.numbers["pfr"].value or 0.0, row.numbers["pfr"].value or 0.0
        lines.append(
            f"| {row.method} | {write(row.numbers['delta_nfr_percent'], 'delta_nfr_percent')} | "
            f"{nfr:+.1f} | {100 * (now - was):+.2f} | {pfr:+.2f} | "
            f"{write(row.numbers['delta_accuracy'], 'delta_accuracy')} | {accuracy:+.2f} |"
        )
    return "\n".join(lines)
