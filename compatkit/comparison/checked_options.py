"""Options, checked: how files are compared."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct, field

from compatkit.comparison.option_table import OPTIONS
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Plan
from compatkit.option import of_side
from compatkit.readers import DOCUMENT
from compatkit.readers.logs.log import LogSelection
from compatkit.readers.shape import Shape, label_side
from compatkit.readers.source import Progress
from compatkit.readers.where import parse_where
from compatkit.recipe import Recipe
from compatkit.record import replace
from compatkit.scorers.scorer import Scorer

T = TypeVar("T")

THRESHOLD = 0.5


class Options(Struct, frozen=True):
    """How files are compared; `make_options` checks them.

    Attributes:
        scorer: what scores a row.
        threshold: an answer is right when its score is at least this.
        threshold_was_named: False where it is the default.
        pass_at: k of pass@k; None where each sample counts by itself.
        by: fields to slice by.
        find_slices: find where broken answers gather.
        attributes: further fields whose values are kept beside the scores.
        cluster: field whose value groups examples that depend on each other.
        correction: `holm`, `bh` or `none`, over tasks, candidates and slices.
        missing: `error`, `skip` or `wrong`; see `compatkit.pairing.alignment.align`.
        errors: `exclude`, `wrong` or `refuse`.
        edited: `error`, `skip` or `keep`.
        by_position: pair rows by position instead of id.
        roles: role to field name.
        reader: name of the reader; None lets the file decide.
        old_fields: role to field name, of the old model's file alone.
        new_fields: the same of the new model's file and those of further candidates, or of each.
        where: which rows are read, as `compatkit.readers.where` reads it; None for all.
        old_where: the same of the old model's file alone.
        new_where: the same of the new model's file and those of further candidates, or of each.
        references: the files, or rows in memory, that hold the references; empty where the
            predictions hold them.
        rows: where in a JSON document the rows stand, for all sides or for each.
        quoting: `quoted` or `unquoted`, for all sides or for each; None lets the file decide,
            where it can.
        lists: what a list of predictions is; see `to_predictions`.
        plan: level, seed, resamples, epsilon and margin.
        close_margin: the largest old margin of a close call; None where a second run measures it,
            or it is a default.
        sweep: count flips over all thresholds.
        keep_flips: keep the flipped examples, to be read whole.
        keep_changed: keep the examples whose answer is another and still wrong, too.
        contents: make digests of the inputs and references, to tell examples of tasks apart by.
        progress: called while files are read.
        client: of the Dask cluster that scores the files, or None.
        memory: bytes of memory within which rows stay; None for a quarter of what is free.
        recipe: what another process can make the scorer of; None where it cannot.
        scorer_was_named: False where a log may say how its rows are judged.
        selection: what was said of logs.
        changed: the options that were said otherwise than their defaults.
    """

    scorer: Scorer
    threshold: float = THRESHOLD
    threshold_was_named: bool = False
    pass_at: int | None = None
    by: tuple[str, ...] = ()
    find_slices: bool = False
    attributes: tuple[str, ...] = ()
    cluster: str | None = None
    correction: str = "holm"
    missing: str = "error"
    errors: str = "exclude"
    edited: str = "error"
    by_position: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    old_fields: Mapping[str, str] = field(default_factory=dict)
    new_fields: tuple[Mapping[str, str], ...] = ()
    where: str | None = None
    old_where: str | None = None
    new_where: tuple[str, ...] = ()
    references: tuple[Any, ...] = ()
    reader: str | None = None
    rows: str | tuple[str, ...] | None = None
    quoting: str | tuple[str, ...] | None = None
    lists: str | None = None
    plan: Plan = field(default_factory=Plan)
    close_margin: float | None = None
    sweep: bool = False
    keep_flips: bool = True
    keep_changed: bool = False
    contents: bool = False
    progress: Progress | None = None
    client: Any = None
    memory: int | None = None
    recipe: Recipe | None = None
    scorer_was_named: bool = True
    selection: LogSelection = field(default_factory=LogSelection)
    changed: frozenset[str] = frozenset()

    @property
    def all_attributes(self) -> tuple[str, ...]:
        """The fields of a record that are kept beside its score."""
        cluster = () if self.cluster is None else (self.cluster,)
        return tuple(dict.fromkeys((*self.by, *self.attributes, *cluster)))

    def selection_of(self, number: int) -> LogSelection:
        """Return what was said of the logs of a side, the old model's being 0."""
        selection = self.selection
        return replace(
            selection, run=of_side(selection.run, number), metric=of_side(selection.metric, number)
        )

    @property
    def of_one_task(self) -> "Options":
        """The options for one of several tasks, once those that were meant are chosen."""
        return replace(self, selection=replace(self.selection, tasks=(), skip_tasks=()))

    def shape_of(self, number: int) -> Shape:
        """Return what was said of how the rows of a side lie, the old model's being 0."""
        fields = (_of_candidate(self.new_fields, number) or {}) if number else self.old_fields
        where = parse_where(_of_candidate(self.new_where, number) if number else self.old_where)
        own = tuple(fields.items())
        rows = of_side(self.rows, number)
        return Shape(
            roles=tuple({**self.roles, **fields}.items()),
            where=(*parse_where(self.where), *where),
            rows=rows,
            quoting=of_side(self.quoting, number),
            label=label_side(own, where, rows if isinstance(self.rows, tuple) else None),
            own=(*where, *own),
        )

    def reader_of(self, number: int) -> str | None:
        """Return the reader of a side; rows within a document are those of a JSON file."""
        rows = of_side(self.rows, number)
        if rows is not None and self.reader not in {None, DOCUMENT}:
            raise ConfigError(
                f"--rows is of JSON documents, and --reader says {self.reader}. Leave one out."
            )
        return self.reader if rows is None else DOCUMENT

    @property
    def tells_sides(self) -> bool:
        """Whether one file, read for each side, gives two models' predictions."""
        old, new = ((self.shape_of(n).label, self.selection_of(n)) for n in (0, 1))
        return old != new

    @property
    def candidates(self) -> int:
        """How many new models are told apart by what is said of their rows and fields."""
        return max(len(self.new_where), len(self.new_fields), 1)

    def find_new(self, old: T, *news: T | None) -> list[T]:
        """Return where each new model's predictions are: where the old one's are, if unsaid.

        Raises:
            ConfigError: they would be the same predictions.
        """
        given = [new for new in news if new is not None]
        if not given and not self.tells_sides:
            raise ConfigError(
                "OLD without NEW: two files were expected, or one that holds both models, of which "
                "--old-field and --new-field name the columns, such as prediction=gpt4, or "
                "--old-where and --new-where say which rows are whose, such as model=gpt4."
            )
        given = given or [old]
        return given * self.candidates if len(given) == 1 else given

    def check_sides(self, count: int) -> None:
        """Refuse values for each side that are not as many as the sides.

        Raises:
            ConfigError: fewer, or more.
        """
        selection = self.selection
        for name, value in (
            *(
                ("run", selection.run),
                ("metric", selection.metric),
                ("quoting", self.quoting),
                ("rows", self.rows),
            ),
        ):
            if isinstance(value, tuple) and len(value) != count:
                raise ConfigError(
                    f"{OPTIONS[name].flag} has {len(value)} values, and {count} models are read. "
                    "Say it once for all, or once for each, the old model's first."
                )
        for name, several in (("new_where", self.new_where), ("new_fields", self.new_fields)):
            if len(several) not in {0, 1, count - 1}:
                raise ConfigError(
                    f"{OPTIONS[name].flag} tells {len(several)} new models apart, and {count - 1} "
                    "are compared. Say it once for all, or once for each."
                )

    def of_candidate(self, number: int) -> "Options":
        """Return what holds for one new model, the first being 1."""
        where = _of_candidate(self.new_where, number)
        fields = _of_candidate(self.new_fields, number)
        return replace(
            self,
            new_where=() if where is None else (where,),
            new_fields=() if fields is None else (fields,),
        )


def _of_candidate(values: Sequence[T], number: int) -> T | None:
    """Return what is said of a new model, the first being 1; None where nothing is."""
    return values[number - 1 if len(values) > 1 else 0] if values else None
