"""Corrupted variants of a passing pair of files, each with its true answer; all from one seed."""

import csv
import gzip
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import zstandard
from gate_truth import PASS, REFUSE, Rules, judge

from compatkit.record import replace

SIZE = 300
FOLDER = object()  # in the place of a file
RULES = Rules(budgets={"max_nfr": 0.05, "min_btc": 0.93})
ARGUMENTS = ("--max-nfr", "0.05", "--min-btc", "0.93")
KINDS = ("jsonl", "csv", "json", "gz.jsonl", "zst.jsonl")
FLIPPED, REPAIRED, WRONG = (17, 140), (31, 250, 290), range(1, SIZE, 10)


@dataclass(frozen=True)
class Variant:
    """A call of the gate.

    Attributes:
        kind: what was done.
        files: name to bytes; `FOLDER` for a folder.
        arguments: what follows `compatkit gate`.
        truth: the true answer.
        named: one of these stands in the message of a refusal.
        unchanged: the numbers must be those of the passing pair.
    """

    kind: str
    files: dict = field(repr=False)
    arguments: tuple
    truth: str
    named: tuple = ()
    unchanged: bool = False


def make_rows():
    """Return old and new rows: 270 of 300 right, 2 broken, 3 repaired."""
    old = []
    for number in range(SIZE):
        answer = f"answer {number * 37 % 1000}"
        old.append(
            {
                "id": f"q{number:03}",
                "input": f"Question {number}, and what of it: «{number % 7}»?",
                "prediction": f"wrong {number}" if number in WRONG else answer,
                "reference": answer,
                "lang": ("de", "en", "fr")[number % 3],
                "tag": "safety" if number % 25 == 5 else "usual",
            }
        )
    new = copy(old)
    for number in FLIPPED:
        new[number]["prediction"] = f"broken {number}"
    for number in REPAIRED:
        old[number]["prediction"] = f"was wrong {number}"
        new[number]["prediction"] = new[number]["reference"]
    return old, new


def copy(rows):
    return [dict(row) for row in rows]


def pack(rows, kind):
    """Return rows as the bytes of a file."""
    packing, _, kind = kind.rpartition(".")
    if kind == "jsonl":
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    elif kind == "json":
        data = json.dumps(rows, ensure_ascii=False, indent=1).encode()
    else:
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
        table.writeheader()
        table.writerows(rows)
        data = text.getvalue().encode()
    if packing == "gz":
        return gzip.compress(data, mtime=0)
    return zstandard.compress(data) if packing == "zst" else data


def name_of(side, kind):
    """Return the name of a file of a kind."""
    packing, _, kind = kind.rpartition(".")
    return f"{side}.{kind}.{packing}" if packing else f"{side}.{kind}"


def call(kind, old, new, suffix="jsonl", rules=RULES, arguments=ARGUMENTS, **further):  # noqa: PLR0917
    """Make a variant of two files, given as rows or as bytes."""
    names = name_of("old", suffix), name_of("new", suffix)
    data = [each if isinstance(each, bytes) else pack(each, suffix) for each in (old, new)]
    truth = further.pop("truth", None) or judge(*data, rules, (suffix, suffix))
    files = dict(zip(names, data, strict=True))
    return Variant(kind, files, (*names, *arguments), truth, further.pop("named", names), **further)


def all_variants(seed=20_260) -> Iterator[Variant]:
    """Yield every variant, always the same ones."""
    draw = random.Random(seed)
    for family in FAMILIES:
        yield from family(draw)


def harmless(draw):
    old, new = make_rows()
    for each in range(40):
        one, other = draw.sample(old, SIZE), draw.sample(new, SIZE)
        pair = ((one, new), (old, other), (one, other))[each % 3]
        yield call("order", *pair, KINDS[each % len(KINDS)], truth=PASS, unchanged=True)
    for number, side in enumerate(("one", "both") * 10):
        extra = [{**row, f"note {number}": draw.random(), "latency": number} for row in new]
        shuffled = [dict(draw.sample(sorted(row.items()), len(row))) for row in old]
        pair = (old, extra) if side == "one" else (shuffled, extra)
        yield call("further fields, other order", *pair, truth=PASS, unchanged=True)
    plain = pack(old, "jsonl")
    for other in (
        plain.removesuffix(b"\n"),
        plain.replace(b"\n", b"\r\n"),
        plain.replace(b"\n", b"\n\n"),
        b"\xef\xbb\xbf" + plain,
        plain.replace(b'": ', b'" :\t'),
        "".join(json.dumps(row) + "\n" for row in old).encode(),
        "".join(
            json.dumps({**row, "reference": [row["reference"]]}) + "\n" for row in old
        ).encode(),
        "".join(json.dumps({**row, "error": None}) + "\n" for row in old).encode(),
    ):
        yield call("other writing", other, pack(new, "jsonl"), truth=PASS, unchanged=True)
    for suffix in KINDS:
        yield call("other kind", old, new, suffix, truth=PASS, unchanged=True)
        names = name_of("old", "jsonl"), name_of("new", suffix)
        files = {names[0]: plain, names[1]: pack(new, suffix)}
        yield Variant("two kinds", files, (*names, *ARGUMENTS), PASS, names, unchanged=True)


def rows_dropped(draw):
    old, new = make_rows()
    expects = ("--examples", str(SIZE))
    for count in (*range(1, 21), 50, 100, 150, 250, 290, 298, 299, 300):
        gone = set(draw.sample(range(SIZE), count))
        few_old, few_new = ([r for i, r in enumerate(rows) if i not in gone] for rows in (old, new))
        for suffix in KINDS[: 3 if count < 11 else 1]:
            yield call("dropped from old", few_old, new, suffix)
            yield call("dropped from new", old, few_new, suffix)
        yield call("dropped from both", few_old, few_new)
        rules = replace(RULES, examples=SIZE)
        yield call(
            "dropped from both, number known",
            *(few_old, few_new, "jsonl", rules, (*ARGUMENTS, *expects)),
        )
    worst = [
        row for row, was in zip(new, old, strict=True) if row["prediction"] == was["reference"]
    ]
    ids = {row["id"] for row in worst}
    yield call("failing cases dropped", old, worst)
    yield call("failing cases dropped", [row for row in old if row["id"] in ids], worst)


def rows_repeated(draw):
    old, new = make_rows()
    for each in range(60):
        rows = list((old, new)[each % 2])
        for _ in range(draw.choice([1, 1, 2, 10])):
            again = dict(draw.choice(rows))
            if draw.random() < 0.5:
                again["prediction"] = again["reference"]
            rows.insert(draw.choice([len(rows), draw.randrange(len(rows))]), again)
        pair = (rows, new) if each % 2 == 0 else (old, rows)
        yield call("repeated", *pair, KINDS[each % len(KINDS)], truth=REFUSE)
    yield call("every row twice", old * 2, new * 2, truth=REFUSE)


def predictions_moved(draw):
    old, new = make_rows()
    for each in range(120):
        side = (new, old)[each % 3 == 0]
        rows = copy(side)
        chosen = draw.sample(range(SIZE), draw.choice([2, 3, 5, 20, 100, SIZE]))
        moved = draw.sample(chosen, len(chosen))
        for here, there in zip(chosen, moved, strict=True):
            rows[here]["prediction"] = side[there]["prediction"]
        pair = (old, rows) if side is new else (rows, new)
        yield call("predictions under other ids", *pair, KINDS[each % 2])


def ids_swapped(draw):
    old, new = make_rows()
    for each in range(90):
        one, other = draw.sample(range(SIZE), 2)
        sides = [copy(old), copy(new)]
        for rows in ([sides[0]], [sides[1]], sides)[each % 3]:
            rows[one]["id"], rows[other]["id"] = rows[other]["id"], rows[one]["id"]
        yield call("ids swapped", *sides, KINDS[each % 3])
    for wrong in (None, True, 1.5, [], {}, ["q001"], "", "q000", " q001", 1, "Q001", "q001\x00"):
        for number in (0, 1):
            sides = [copy(old), copy(new)]
            sides[number][1]["id"] = wrong
            yield call("id of another kind", *sides)
    for number in (0, 1):
        sides = [copy(old), copy(new)]
        for place, row in enumerate(sides[number]):
            row["id"] = place
        yield call("ids of another run", *sides, truth=REFUSE)


def texts_edited(draw):
    old, new = make_rows()
    for each in range(150):
        sides = [copy(old), copy(new)]
        key = ("reference", "input", "lang")[each % 3]
        edits = [str.upper, lambda text: text + " ", lambda _: "x", lambda t: t.replace(" ", "")]
        edit = draw.choice(edits)
        rules, arguments = RULES, ARGUMENTS
        if key == "lang":
            rules = replace(RULES, slices={"lang": {"max_nfr": 0.1}})
            arguments = (*ARGUMENTS, "--by", "lang", "--max-slice-nfr", "0.1")
        for place in draw.sample(range(SIZE), draw.choice([1, 1, 3, 40])):
            for rows in ([sides[0]], [sides[1]], sides)[each // 3 % 3]:
                rows[place][key] = edit(rows[place][key])
        yield call(f"{key} edited", *sides, KINDS[each % 2], rules, arguments)


def values_broken(draw):
    """Nulls, NaN, lists, objects and numbers where a text was."""
    old, new = make_rows()
    wrongs = [None, float("nan"), float("inf"), {}, [None], 7, True, "", {"a": 1}, ["a"], 1e300]
    for key, number, wrong in product(("prediction", "reference", "id", "input"), (0, 1), wrongs):
        sides = [copy(old), copy(new)]
        for place in draw.sample(range(SIZE), draw.choice([1, 2])):
            sides[number][place][key] = wrong
        yield call(f"{key} of another kind", *sides)
    for key, number in product(("prediction", "reference", "id"), (0, 1)):
        sides = [copy(old), copy(new)]
        sides[number][draw.randrange(SIZE)][key] = []
        yield call("empty list", *sides, truth=REFUSE)


def values_absent(draw):
    """Fields that are not there, and answers that are null."""
    old, new = make_rows()
    keys = ("prediction", "reference", "id", "input")
    for key, number, count in product(keys, (0, 1), (1, 5, SIZE)):
        sides = [copy(old), copy(new)]
        for place in draw.sample(range(SIZE), count):
            del sides[number][place][key]
        yield call(f"no {key}", *sides)
    counts = (1, 2, 5, 10, 20, 40, 100, SIZE)
    for count, number, suffix in product(counts, (0, 1), ("jsonl", "csv")):
        sides = [copy(old), copy(new)]
        for place in draw.sample(range(SIZE), count):
            sides[number][place]["prediction"] = None
        yield call("null predictions", *sides, suffix)


def rows_errored(draw):
    old, new = make_rows()
    for error in ("timeout", True, 1, {"code": 429}, [0], False, None, "", 0):
        for number in (0, 1):
            for count in (1, 30, SIZE):
                sides = [copy(old), copy(new)]
                for place in draw.sample(range(SIZE), count):
                    sides[number][place]["error"] = error
                    if draw.random() < 0.5:
                        sides[number][place]["prediction"] = None
                yield call("errors", *sides)


def predictions_broken(draw):
    old, new = make_rows()
    for count in range(1, 61):
        for suffix in ("jsonl", "csv", "json") if count % 5 == 0 else ("jsonl",):
            rows = copy(new)
            for place in draw.sample(range(SIZE), count):
                rows[place]["prediction"] = f"broken {place}"
            yield call("predictions broken", old, rows, suffix)
    for count in (1, 2, 30, 200):  # the old model's flips dropped, and called wrong
        few = [row for row in old if row["id"] not in {f"q{n:03}" for n in FLIPPED[:count]}][
            : 301 - count
        ]
        yield call(
            "old answers absent",
            few,
            new,
            arguments=(*ARGUMENTS, "--missing", "wrong"),
            truth=REFUSE,
        )
    everything = [{**row, "prediction": "?"} for row in new]
    yield call("all broken", old, everything)
    yield call("the old model is never right", everything, new, truth=REFUSE)
    yield call("both are never right", everything, everything, truth=REFUSE)
    for count in (20, 60, 150):  # as many repaired as broken: net nothing
        rows, was = copy(new), copy(old)
        for place in draw.sample(range(SIZE), count):
            rows[place]["prediction"] = "?"
        for place in draw.sample(range(SIZE), count):
            was[place]["prediction"] = "?"
        yield call("balanced churn", was, rows)


def scores_broken(draw):
    pair = []
    for rows in make_rows():
        right = [row["prediction"] == row["reference"] for row in rows]
        pair.append([{**row, "judge": float(yes)} for row, yes in zip(rows, right, strict=True)])
    rules = Rules(budgets={"max_nfr": 0.05}, score="judge")
    arguments = ("--max-nfr", "0.05", "--scorer", "field:judge")
    yield call("scores", *pair, "jsonl", rules, arguments, truth=PASS)
    values = [float("nan"), float("inf"), -float("inf"), None, "nan", "inf", "abc", "", [], {}]
    values += [[1], "1", "0.0", True, False, "yes", "no", 0, 1, 0.5, 0.49]
    for value in values:
        for number in (0, 1):
            for suffix in ("jsonl", "csv", "json"):
                if suffix == "csv" and isinstance(value, list | dict | bool | None):
                    continue
                sides = [copy(rows) for rows in pair]
                for place in draw.sample(range(SIZE), draw.choice([1, 1, 30])):
                    sides[number][place]["judge"] = value
                yield call("scores of another kind", *sides, suffix, rules, arguments)
    for number in (0, 1):
        sides = [copy(rows) for rows in pair]
        for place in draw.sample(range(SIZE), 3):
            del sides[number][place]["judge"]
        yield call("no score", *sides, "jsonl", rules, arguments, truth=REFUSE)


def bytes_cut(draw):
    old, new = make_rows()
    for suffix, count in zip(KINDS, (90, 90, 40, 40, 40), strict=True):
        data = pack(old, suffix), pack(new, suffix)
        for each in range(count):
            side = each % 2
            length = len(data[side])
            ends = [0, 1, 2, 3, 10, length - 1, length - 2, length - 3, length - 4, length - 9]
            ends += [place + 1 for place in range(length - 300, length) if data[side][place] == 10]
            end = ends[each // 2] if each // 2 < len(ends) else draw.randrange(length)
            cut = list(data)
            cut[side] = data[side][:end]
            yield call("cut", *cut, suffix)
    for suffix in KINDS:
        data = pack(old, suffix), pack(new, suffix)
        for share in (0.2, 0.5, 0.9):
            cut = [each[: int(len(each) * share)] for each in data]
            yield call("both cut", *cut, suffix)


def bytes_changed(draw):
    old, new = make_rows()
    for suffix, count in zip(KINDS, (160, 90, 70, 30, 30), strict=True):
        data = pack(old, suffix), pack(new, suffix)
        for each in range(count):
            broken = list(data)
            text = bytearray(data[each % 2])
            for _ in range(draw.choice([1, 1, 1, 3])):
                place = draw.randrange(len(text))
                byte = draw.choice([draw.randrange(256), *b'"\\{}[],:\n\r\t 0e-\x00\xff\xc3'])
                what = draw.choice(["change", "insert", "remove"])
                text[place : place + (what != "insert")] = (
                    b"" if what == "remove" else bytes([byte])
                )
            broken[each % 2] = bytes(text)
            yield call("bytes changed", *broken, suffix)


def files_absent(draw):
    old, new = make_rows()
    good = {"old.jsonl": pack(old, "jsonl"), "new.jsonl": pack(new, "jsonl")}
    contents = [
        None,
        FOLDER,
        b"",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"[]",
        b"{}",
        b"[{}]",
        b"null",
        b"%PDF-1",
    ]
    contents += [b"PK\x03\x04", b"\x00" * 500, b"\xff\xfe{\x00", b"id,prediction\n", b"{}\n" * 300]
    contents += [
        b"PAR1" + b"\x00" * 50,
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd",
        b"version https://git-lfs",
    ]
    for content in contents:
        for names in (("old.jsonl",), ("new.jsonl",), ("old.jsonl", "new.jsonl")):
            files = good | dict.fromkeys(names, content)
            files = {name: data for name, data in files.items() if data is not None}
            arguments = ("old.jsonl", "new.jsonl", *ARGUMENTS)
            yield Variant("no predictions in it", files, arguments, REFUSE, tuple(good))


def options_wrong(draw):
    old, new = make_rows()
    files = {"old.jsonl": pack(old, "jsonl"), "new.jsonl": pack(new, "jsonl")}
    pair = ("old.jsonl", "new.jsonl")
    budgets = {
        name: f"--{name.replace('_', '-')}"
        for name in ("max_nfr", "max_nfr_mc", "max_nfi", "min_btc", "min_bec", "max_churn")
    }
    for name, flag in budgets.items():
        for value in (
            "-0.1",
            "1.01",
            "2",
            "nan",
            "inf",
            "-inf",
            "x",
            "",
            "1" if "min" in name else "0",
        ):
            yield Variant("option", files, (*pair, flag, value), REFUSE, (name, flag))
    for arguments, named in (
        ((*pair,), "budget"),
        ((pair[0], *ARGUMENTS), "NEW"),
        ((*pair, *ARGUMENTS, "--level", "0.5"), "level"),
        ((*pair, *ARGUMENTS, "--level", "1"), "level"),
        ((*pair, *ARGUMENTS, "--level", "nan"), "level"),
        ((*pair, *ARGUMENTS, "--decide", "point-blank"), "decide"),
        ((*pair, *ARGUMENTS, "--examples", "0"), "examples"),
        ((*pair, *ARGUMENTS, "--examples", "299"), "examples"),
        ((*pair, *ARGUMENTS, "--max-left-out", "1"), "max-left-out"),
        ((*pair, *ARGUMENTS, "--max-left-out", "nan"), "max-left-out"),
        ((*pair, *ARGUMENTS, "--must-not-flip", "q999"), "q999"),
        ((*pair, *ARGUMENTS, "--must-not-flip-tag", "tag"), "must-not-flip-tag"),
        ((*pair, *ARGUMENTS, "--must-not-flip-tag", "tag=none"), "tag"),
        ((*pair, *ARGUMENTS, "--must-not-flip-tag", "nothing=safety"), "nothing"),
        ((*pair, *ARGUMENTS, "--by", "lang"), "--by"),
        ((*pair, *ARGUMENTS, "--max-slice-nfr", "0.1"), "--by"),
        ((*pair, *ARGUMENTS, "--by", "nothing", "--max-slice-nfr", "0.1"), "nothing"),
        ((*pair, *ARGUMENTS, "--policy", "compatkit.toml"), "--policy"),
        ((*pair, *ARGUMENTS, "--max-excess-nfr", "0.05"), "max_excess_nfr"),
        ((*pair, *ARGUMENTS, "--max-score-drop", "0.05"), "max_score_drop"),
        ((*pair, *ARGUMENTS, "--scorer", "exact"), "exact"),
        ((*pair, *ARGUMENTS, "--threshold", "0"), "threshold"),
        ((*pair, *ARGUMENTS, "--prediction-field", "reference"), "--prediction-field"),
        ((*pair, *ARGUMENTS, "--reference-field", "prediction"), "--reference-field"),
        ((*pair, *ARGUMENTS, "--id-field", "ident"), "ident"),
        (
            (*pair, *ARGUMENTS, "--max-excess-nfr", "0.05", "--old-rerun", "again.jsonl"),
            "again.jsonl",
        ),
        ((*pair, *ARGUMENTS, "--max-excess-nfr", "0.9", "--old-rerun", pair[1]), pair[1]),
        ((pair[0], pair[0], *ARGUMENTS, "--strict"), pair[0]),
        ((*pair, *ARGUMENTS, "-o", pair[0]), pair[0]),
        ((*pair, *ARGUMENTS, "-o", "report.doc"), "report.doc"),
    ):
        yield Variant("option", files, arguments, REFUSE, (named,))
    for arguments, named in (
        (("--must-not-flip", "q017"), {"ids": ("q017",)}),
        (("--must-not-flip", "q018"), {"ids": ("q018",)}),
        (("--must-not-flip-tag", "tag=safety"), {"tags": {"tag": ("safety",)}}),
        (("--must-not-flip-tag", "lang=fr"), {"tags": {"lang": ("fr",)}}),
        (("--examples", "300"), {"examples": 300}),
        (("--level", "0.99"), {"level": 0.99}),
        (("--level", "0.9999"), {"level": 0.9999}),
    ):
        rules = replace(RULES, **named)
        yield call("option", old, new, "jsonl", rules, (*ARGUMENTS, *arguments))


FAMILIES = (
    harmless,
    rows_dropped,
    rows_repeated,
    predictions_moved,
    ids_swapped,
    texts_edited,
    values_broken,
    values_absent,
    rows_errored,
    predictions_broken,
    scores_broken,
    bytes_cut,
    bytes_changed,
    files_absent,
    options_wrong,
)
