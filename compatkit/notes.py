"""Notes: what a reader of the numbers should know, each of a kind that decisions ask for."""

from collections.abc import Iterable

from msgspec import Struct

# The kinds, and what each says: the whole list.
KINDS = {
    "field": "which field plays a role, or how a file was read, where that was not plain",
    "answer": "what the scorer could not read in answers or references",
    "log": "what a harness's log says of itself, or was taken of several logs",
    "metric": "by which of its metrics a log is judged",
    "condition": "what two logs say of how they were made, and differs",
    "unchecked": "references, items or inputs that not all files hold, so that none were compared",
    "edited": "examples that were asked in other words",
    "kept": "examples that were held against another reference, or asked another question",
    "samples": "samples that were left out, or that a number rests on",
    "slices": "a field to slice by that one task of several lacks, so that it has no such slices",
    "header": "a header of a run that cannot be read",
    "changed": "a file that is no longer the one that its header describes",
    "best": "old answers that are the best of several versions",
    "same": "versions that hold the same bytes",
    "made": "files that were made differently, by their headers, or nobody knows how",
    "cut": "answers that met the largest length, or never came, of each side, by their headers",
    "judged": "a scorer that is another than the files were made for, or likely the wrong one",
    "confidence": "which likelihoods of choices were compared, and of how many examples",
    "noise": "flips beside those of a second run of the old model",
    "rerun": "a second run of the old model that differs from the first by more than chance",
    "sampled": "answers that were drawn at a temperature, one of each example",
    "chosen": "what was, or may be, chosen by these very numbers",
    "here": "files that no worker of the cluster could read, so that they were scored here",
    "memory": "more memory was needed than what was said",
    "tasks": "tasks and files that were left out, and what a total adds up",
}
# Those that put the comparison itself in doubt: a gate warns, and a strict one refuses.
DOUBTS = frozenset({"unchecked", "kept", "changed", "made", "rerun"})


class Note(Struct, frozen=True):
    """What a reader of the numbers should know.

    Attributes:
        kind: a key of `KINDS`; whatever is decided by a note is decided by this.
        text: a sentence for people.
    """

    kind: str
    text: str

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist."""
        if self.kind not in KINDS:
            raise ValueError(f"no kind of note {self.kind!r}; there are {', '.join(KINDS)}")

    @property
    def doubt(self) -> bool:
        """Whether it puts the comparison itself in doubt."""
        return self.kind in DOUBTS


def notes_of(kind: str, texts: Iterable[str]) -> list[Note]:
    """Make notes of one kind."""
    return [Note(kind, text) for text in texts]
