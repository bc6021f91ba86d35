"""Option table: every option of a comparison, each declared once.

To add one: a line here, an argument of `make_options` with the same default, and an attribute of
`Options` where it is used. The flag, the policy's key, the checks, the schema and the
documentation follow. An option of a scorer is declared in the scorer's own signature.
"""

from pathlib import Path

from compatkit.metrics.p_values import CORRECTIONS
from compatkit.option import COMMAND, EVALUATE, POLICY, TASK, Option
from compatkit.pairing.alignment import POLICIES
from compatkit.predictions.predictions import LISTS
from compatkit.readers import QUOTING, READERS
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.log import NEWEST, UNFINISHED
from compatkit.scorers import SCORERS
from compatkit.scorers.declared import SCORER_OPTIONS

INTERVALS = ("wilson", "exact")
# What an option is about, where not every comparison, or not every command, has it.
OF_LOGS, OF_TASKS, OF_SCORES, OF_TESTS, OF_SLICES, OF_SHARES, OF_SWEEP, OF_SIDES = (
    *("logs", "tasks", "scores", "tests", "slices", "shares", "sweep", "sides"),
)
OF_FILES, OF_TABLES, OF_CHOICES = "files", "tables", "choices"
SIDES = {"old": "old file", "new": "new files"}
AGAIN = {"old": ".", "new": "; said again: of the next new model."}
EVERYWHERE = frozenset({COMMAND, TASK})

_DECLARED = (
    Option(
        name="scorer",
        short="-s",
        metavar="NAME",
        help=f"{', '.join(name for name in SCORERS if name != 'field')}; field:NAME for a score "
        "that the file holds; evaluate:NAME for a metric of Hugging Face evaluate; module:function "
        "for your own. If not said: what the files were made for by compatkit run, a log's own "
        "metric, exact_match for other files.",
        proposed=(*(name for name in SCORERS if name != "field"), "field:", "evaluate:"),
        places=EVERYWHERE,
        signed=True,
    ),
    Option(
        name="threshold",
        kind=float,
        short="-t",
        help="An answer is right when its score is at least this; 0.5 if not said.",
        places=EVERYWHERE | {EVALUATE},
        signed=True,
    ),
    Option(
        name="pass_at",
        kind=int,
        least=1,
        most=1_000_000,
        metavar="K",
        help="Judge an example by pass@K, the chance that K of its samples hold a right one, "
        "instead of the share that is right.",
        places=EVERYWHERE,
        signed=True,
    ),
    *SCORER_OPTIONS.values(),
    Option(
        name="by",
        several=True,
        default=(),
        metavar="FIELD",
        help="Slice by a field; repeatable.",
        places=frozenset({COMMAND}),
        about=OF_SLICES,
    ),
    Option(
        name="find_slices",
        kind=bool,
        default=False,
        help="Find where broken answers gather: by fields, numbers, pairs of them, and what the "
        "texts tell; searched on one half of the examples, tested on the other.",
        places=frozenset({COMMAND}),
        about=OF_SLICES,
    ),
    Option(
        name="by_position",
        kind=bool,
        default=False,
        help="Pair rows by position instead of id.",
        places=EVERYWHERE,
        signed=True,
    ),
    Option(
        name="missing",
        choices=POLICIES["missing"],
        default="error",
        help="An id in one file alone: refuse, leave out, or count its answer as wrong.",
        places=EVERYWHERE,
        signed=True,
    ),
    Option(
        name="errors",
        choices=POLICIES["errors"],
        default="exclude",
        help="A row with an error: leave the example out, count it as wrong, or refuse.",
        places=EVERYWHERE,
        signed=True,
    ),
    Option(
        name="edited",
        choices=POLICIES["edited"],
        default="error",
        help="An id whose reference or input differs: refuse, leave out, or hold each answer "
        "against its own file.",
        places=EVERYWHERE,
        signed=True,
    ),
    Option(
        name="cluster",
        metavar="FIELD",
        help="Examples with one value of it depend on each other (questions on one passage).",
        places=EVERYWHERE,
        signed=True,
    ),
    Option(
        name="correction",
        choices=tuple(CORRECTIONS),
        default="holm",
        help="Of p-values over tasks, candidates and slices.",
        places=frozenset({COMMAND}),
        about=OF_TESTS,
        signed=True,
    ),
    Option(
        name="margin",
        kind=float,
        above=0,
        most=0.5,
        help="Test whether accuracy, and the mean score, changed by less than this, either way.",
        places=frozenset({COMMAND}),
        about=OF_TESTS,
    ),
    Option(
        name="level",
        kind=float,
        default=0.95,
        above=0,
        most=0.9999,
        help="Level of the intervals.",
        places=frozenset({COMMAND, POLICY, EVALUATE}),
        signed=True,
    ),
    Option(
        name="interval",
        choices=INTERVALS,
        default="wilson",
        help="Of proportions: Wilson's score, or Clopper and Pearson's exact one.",
        places=frozenset({COMMAND, EVALUATE}),
        about=OF_SHARES,
        signed=True,
    ),
    Option(
        name="epsilon",
        kind=float,
        default=0.0,
        least=0,
        help="Change of score that counts as a tie.",
        places=EVERYWHERE | {EVALUATE},
        about=OF_SCORES,
        signed=True,
    ),
    Option(
        name="resamples",
        kind=int,
        default=2000,
        least=100,
        most=1_000_000,
        help="Bootstrap resamples, where there is a bootstrap.",
        places=frozenset({COMMAND, POLICY, EVALUATE}),
        about=OF_SCORES,
        signed=True,
    ),
    Option(
        name="seed",
        kind=int,
        default=0,
        least=0,
        help="Seed of the bootstrap, where there is one.",
        places=frozenset({COMMAND, POLICY, EVALUATE}),
        about=OF_SCORES,
        signed=True,
    ),
    Option(
        name="close_margin",
        kind=float,
        least=0,
        below=1,
        help="Flips are close calls up to this old margin of the right choice; else --old-rerun "
        "measures it, or it is a default.",
        places=EVERYWHERE,
        about=OF_CHOICES,
        signed=True,
    ),
    Option(
        name="reader",
        choices=tuple(sorted([*READERS, *LOGS])),
        metavar="NAME",
        help="The kind of the files, where their names do not tell: "
        f"{', '.join(sorted([*READERS, *LOGS]))}.",
        places=EVERYWHERE,
        about=OF_FILES,
    ),
    Option(
        name="rows",
        per_side=True,
        metavar="PATH",
        help="Where in a JSON document the rows stand: keys with dots between them, '.' for the "
        "document. Said twice: of the old file, and of the new.",
        places=EVERYWHERE,
        about=OF_FILES,
        signed=True,
    ),
    Option(
        name="quoting",
        per_side=True,
        choices=QUOTING,
        help="CSV and TSV: quotes stand around cells, or belong to the texts, where the file does "
        "not tell. Said twice: of the old file, and of the new.",
        places=EVERYWHERE,
        about=OF_TABLES,
        signed=True,
    ),
    Option(
        name="lists",
        choices=LISTS,
        help="What a list of predictions is: samples, or one answer: a sequence, a set, or json, "
        "which takes objects too; needed where references are lists too.",
        places=EVERYWHERE,
        signed=True,
    ),
    Option(
        name="metric",
        per_side=True,
        metavar="NAME",
        help="Logs: the metric that says what is right, such as exact_match,flexible-extract; of "
        "'acc | exact_match' the first that a task has. Said twice: of the old model's logs, and "
        "of the new's.",
        places=EVERYWHERE,
        about=OF_LOGS,
    ),
    Option(
        name="lower_is_better",
        kind=bool,
        help="Logs: less is better, of a metric whose direction neither the log nor its name says; "
        "field: the score is 1 - x.",
        places=EVERYWHERE,
        about=OF_LOGS,
    ),
    Option(
        name="higher_is_better",
        kind=bool,
        help="Logs, field: more is better, of such a metric.",
        places=EVERYWHERE,
        about=OF_LOGS,
    ),
    Option(
        name="tasks",
        several=True,
        default=(),
        metavar="PATTERN",
        help="The tasks of a folder or log that are compared, such as 'mmlu_*'; repeatable.",
        places=EVERYWHERE,
        about=OF_TASKS,
    ),
    Option(
        name="skip_tasks",
        several=True,
        default=(),
        metavar="PATTERN",
        help="The tasks of a folder or log that are left aside; repeatable.",
        places=EVERYWHERE,
        about=OF_TASKS,
    ),
    Option(
        name="run",
        per_side=True,
        metavar="TEXT",
        help=f"Logs: of several runs of a task, '{NEWEST}', or the one with this in its path. "
        "Said twice: of the old model's, and of the new's.",
        places=EVERYWHERE,
        about=OF_LOGS,
    ),
    Option(
        name="unfinished",
        choices=UNFINISHED,
        default=UNFINISHED[0],
        help="Logs: a run that failed or was cut short.",
        places=EVERYWHERE,
        about=OF_LOGS,
    ),
    Option(
        name="references",
        kind=Path,
        several=True,
        default=(),
        metavar="FILE",
        help="The file that holds the references, where the predictions hold none: joined by id, "
        "or by line. Repeatable: several references of each example. TASK=FILE, or a folder with a "
        "file for each task, of several tasks.",
        places=EVERYWHERE,
    ),
    Option(
        name="fields",
        kind=dict,
        help="Role (id, prediction, references, input, sample, error, item_hash, choices, "
        "log_likelihoods) to field; dots nest, 'none' is none.",
        places=EVERYWHERE,
    ),
    *(
        Option(
            name=f"{side}_fields",
            kind=dict,
            metavar="ROLE=NAME",
            help=f"The field of a role in the {files} alone, such as prediction=gpt4; or of the "
            f"NAME of field:NAME. Repeatable{AGAIN[side]}",
            several=side == "new",
            places=EVERYWHERE,
            about=OF_SIDES,
        )
        for side, files in SIDES.items()
    ),
    Option(
        name="where",
        metavar="EXPRESSION",
        help="The rows that are read: FIELD=VALUE, several joined by 'and'.",
        places=EVERYWHERE,
        signed=True,
    ),
    *(
        Option(
            name=f"{side}_where",
            metavar="EXPRESSION",
            help=f"The rows that are read of the {files}, such as model=a{AGAIN[side]}",
            several=side == "new",
            default=() if side == "new" else None,
            places=EVERYWHERE,
            about=OF_SIDES,
            signed=True,
        )
        for side, files in SIDES.items()
    ),
    Option(
        name="memory",
        metavar="SIZE",
        help="Memory of all processes, such as 400MB or 2GB, within which rows stay; what is kept "
        "of more goes into temporary files. A quarter of what is free if not said.",
        places=frozenset({COMMAND}),
        about=OF_FILES,
    ),
    Option(
        name="sweep",
        kind=bool,
        default=False,
        help="Flips over all thresholds.",
        places=frozenset({COMMAND}),
        about=OF_SWEEP,
    ),
    Option(
        name="keep_flips",
        kind=bool,
        default=True,
        help="Keep the flipped examples; they are read whole when they are asked for.",
    ),
    Option(
        name="keep_changed",
        kind=bool,
        default=False,
        help="Keep the examples whose answer is another and still wrong, too, as `changed`.",
    ),
    Option(
        name="progress",
        kind=object,
        help="Called with a file's name and the share of it that was read.",
    ),
    Option(
        name="client",
        kind=object,
        help="A distributed.Client: the Dask cluster that reads and scores the files.",
    ),
)
OPTIONS: dict[str, Option] = {option.name: option for option in _DECLARED}
