"""Cache: the teachers' answers kept on disk, the likeliest tokens and one bucket for the rest.

The divergence over top-k tokens and a bucket that holds all others is a lower bound of the
whole one: what is lost is P * KL(tail of the teacher || tail of the student), with P the
teacher's mass in the tail. As KL(p || q) <= -H(p) - log min q, and as mass and entropy of the
teacher's tail are kept, that loss has an upper bound that needs only the student.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from compatkit.checkpoints.sources import digest_checkpoint
from compatkit.errors import ConfigError, DataError
from compatkit.muscle.batches import Collator, TokenizedExample
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.loss import Teacher, count_tokens
from compatkit.muscle.models import load_old
from compatkit.output import write_whole

__all__ = ["CachedTeachers", "TeacherCache", "TopKTeacher", "build_cache", "open_cached_teachers"]

FORMAT = 2
SHARD_TOKENS = 1 << 18
COLUMNS = ("indices", "log_probabilities", "tail", "tail_entropy", "gold", "right")


@dataclass(frozen=True, slots=True)
class TopKTeacher:
    """A teacher of whom the likeliest tokens are known, and of the rest mass and entropy.

    Attributes:
        indices: the likeliest tokens, shape (tokens, k), the likeliest first.
        log_probabilities: theirs, at the temperature of the cache.
        tail: log of the mass of all others, shape (tokens,); -inf where there are none.
        tail_entropy: entropy of their distribution among themselves, in nats.
        gold: log-probability of the right token at temperature 1.
        right: whether the likeliest token is the right one.
        errors: bounds of what the divergences so far have missed, filled as they are asked for.
    """

    indices: Tensor
    log_probabilities: Tensor
    tail: Tensor
    tail_entropy: Tensor
    gold: Tensor
    right: Tensor
    errors: list[Tensor] = field(default_factory=list)

    def divergence(self, student: Tensor, temperature: float) -> Tensor:
        """Return a lower bound of KL(teacher || student) per token; note how far it may be off."""
        of_student = functional.log_softmax(student.float() / temperature, -1)
        inside = of_student.gather(-1, self.indices)
        log_p = self.log_probabilities
        top = (log_p.exp() * (log_p - inside)).sum(-1)
        if self.indices.shape[-1] >= student.shape[-1]:
            return top
        outside = of_student.scatter(-1, self.indices, float("-inf")).logsumexp(-1)
        mass = self.tail.exp()
        with torch.no_grad():
            least = of_student.amin(-1) - outside
            self.errors.append(mass * (-self.tail_entropy - least).clamp(min=0))
        # Where the tail has no mass in fp32 its term is 0, whatever its logarithm is.
        tail = torch.where(mass > 0, self.tail, outside.detach())
        return top + mass * (tail - outside)


def summarize_teacher(
    logits: Tensor, labels: Tensor, temperature: float, top_k: int
) -> list[Tensor]:
    """Return the columns of a cache for logits (tokens, words) and the right tokens."""
    logits = logits.float()
    log_p = functional.log_softmax(logits / temperature, -1)
    k = min(top_k, logits.shape[-1])
    inside, indices = log_p.topk(k, -1)
    outside = log_p.scatter(-1, indices, float("-inf"))
    tail = outside.logsumexp(-1)
    among = outside - tail[:, None]
    terms = torch.where(among > float("-inf"), among.exp() * among, torch.zeros_like(among))
    gold = -functional.cross_entropy(logits, labels, reduction="none")
    entropy = -terms.nan_to_num().sum(-1)
    return [indices.int(), inside, tail, entropy, gold, indices[:, 0] == labels]


class TeacherCache:
    """One teacher's answers on disk, read example by example.

    Args:
        folder: as `build_cache` writes it.
    """

    def __init__(self, folder: Path) -> None:
        """Read the index; the shards are read when they are asked."""
        self.folder = folder
        self.index: dict[str, list[Any]] = {}
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            self.summary: dict[str, Any] = manifest["summary"]
            for name in manifest["indices"]:
                self.index |= json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(folder, error) from error
        self._open: dict[str, Any] = {}

    def read(self, keys: Sequence[str], counted: Tensor) -> TopKTeacher:
        """Return the teacher of a batch on its counted tokens.

        Args:
            keys: of the examples.
            counted: which tokens are counted, shape (batch, length - 1).

        Raises:
            DataError: an example that the cache does not hold.
        """
        columns: dict[str, list[Tensor]] = {name: [] for name in COLUMNS}
        for key, row in zip(keys, counted.cpu(), strict=True):
            if key not in self.index:
                raise DataError(
                    f"{self.folder}: lacks an example. Remove the folder to fill it anew."
                )
            shard, start, length = self.index[key]
            for name in COLUMNS:
                part = self._shard(shard).get_slice(name)[start : start + length]
                columns[name].append(part[row[:length]])
        answers = {name: torch.cat(parts).to(counted.device) for name, parts in columns.items()}
        answers["indices"] = answers["indices"].long()
        return TopKTeacher(**answers)

    def _shard(self, name: str) -> Any:
        from safetensors import SafetensorError, safe_open  # noqa: PLC0415

        if name not in self._open:
            try:
                self._open[name] = safe_open(str(self.folder / name), framework="pt")
            except (OSError, SafetensorError) as error:
                raise _damaged(self.folder, error) from error
        return self._open[name]


def _damaged(folder: Path, error: Exception) -> DataError:
    return DataError(f"{folder}: a damaged cache ({error}). Remove the folder to fill it anew.")


class CachedTeachers:
    """Both teachers from caches; no old model is in memory.

    Args:
        old: the old model's cache.
        new: that of the new task adapter.
    """

    def __init__(self, old: TeacherCache, new: TeacherCache) -> None:
        """Keep both caches."""
        self.old, self.new = old, new
        self._asked: list[TopKTeacher] = []

    def ask(
        self,
        model: Any,  # noqa: ARG002
        inputs: dict[str, Any],
        words: int | None,  # noqa: ARG002
    ) -> tuple[Teacher, Teacher]:
        """Return both teachers' answers; see `compatkit.muscle.teachers.Teachers`."""
        old, new = (
            cache.read(asked["keys"], count_tokens(asked["labels"]))
            for cache, asked in ((self.old, inputs.get("old", inputs)), (self.new, inputs))
        )
        self._asked = [old, new]
        return old, new

    @property
    def error(self) -> float | None:
        """The largest mean of what a divergence of the last batch may have missed, in nats."""
        means = [
            float(torch.cat(teacher.errors).mean()) for teacher in self._asked if teacher.errors
        ]
        return max(means, default=0.0)


def open_cached_teachers(
    config: MuscleConfig, asked: Mapping[str, Sequence[TokenizedExample]], words: int | None
) -> tuple[CachedTeachers, list[str]]:
    """Open the caches of both teachers, and fill what is not there, one model at a time.

    Args:
        config: the models, and where the cache is.
        asked: what the `old` and the `new` model are asked.
        words: how many words both heads know; None where each has its own.

    Returns:
        The teachers, and a note on each cache.
    """
    pairs = (
        ("old", str(config.old_base), config.old_adapter),
        ("new", config.new_base, config.task_adapter),
    )
    if Path(str(config.cache)).is_file():
        raise ConfigError(f"{config.cache}: is a file; a folder was expected. Change --cache.")
    caches, notes = [], []
    for role, base, adapter in pairs:
        key = _key(config, asked[role], base, adapter, words)
        folder = Path(str(config.cache)) / f"{role}-{key[:16]}"
        there = (folder / "manifest.json").exists()
        if not there:
            model = load_old(base, adapter, config.dtype, config.trust)
            build_cache(model, asked[role], folder, config=config, words=words)
            del model
        cache = TeacherCache(folder)
        caches.append(cache)
        mean, most = cache.summary["tail_mean"], cache.summary["tail_most"]
        notes.append(
            f"cache of the {role} model: {cache.summary['tokens']:,} tokens"
            f"{' found' if there else ' written'} in {folder}; of the softened mass {mean:.2e} on "
            f"average and {most:.2e} at most lies outside the top {cache.summary['top_k']}"
        )
    return CachedTeachers(*caches), notes


def build_cache(
    model: Any,
    examples: Sequence[TokenizedExample],
    folder: Path,
    *,
    config: MuscleConfig,
    words: int | None,
) -> None:
    """Ask a model all examples and write its answers; each process takes its share."""
    from accelerate import PartialState  # noqa: PLC0415

    state: Any = PartialState()
    model = model.to(state.device)
    folder.mkdir(parents=True, exist_ok=True)
    rank = state.process_index
    distinct = list({example.key: example for example in examples}.values())
    index: dict[str, list[Any]] = {}
    sums = {"tokens": 0, "mass": 0.0, "most": 0.0}
    share = sorted(distinct[rank :: state.num_processes], key=lambda example: len(example.tokens))
    whole = Collator(0, "all")
    for number, rows in enumerate(_shards(share)):
        name = f"shard-{rank:04}-{number:05}.safetensors"
        columns: list[list[Tensor]] = []
        start = 0
        for first in range(0, len(rows), config.batch_size):
            batch = rows[first : first + config.batch_size]
            columns.append(_ask(model, whole(batch), config, words))
            for example in batch:
                index[example.key] = [name, start, len(example.tokens) - 1]
                start += len(example.tokens) - 1
        _write_shard(folder / name, columns, sums)
    write_whole(folder / f"index-{rank:04}.json", json.dumps(index).encode())
    write_whole(folder / f"sums-{rank:04}.json", json.dumps(sums).encode())
    state.wait_for_everyone()
    if state.is_main_process:
        _write_manifest(folder, config)
    state.wait_for_everyone()


def _ask(
    model: Any, batch: Mapping[str, Any], config: MuscleConfig, words: int | None
) -> list[Tensor]:
    device = next(model.parameters()).device
    ids, mask = batch["input_ids"].to(device), batch["attention_mask"].to(device)
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        there = mask[:, 1:].bool()
        right = ids[:, 1:][there]
        answers = summarize_teacher(
            logits[:, :-1][there][:, :words], right, config.temperature, config.cache_top_k
        )
    return [answer.cpu() for answer in answers]


def _write_shard(path: Path, columns: Sequence[Sequence[Tensor]], sums: dict[str, Any]) -> None:
    from safetensors.torch import save  # noqa: PLC0415

    whole = {
        name: torch.cat(parts).contiguous()
        for name, parts in zip(COLUMNS, zip(*columns, strict=True), strict=True)
    }
    mass = whole["tail"].exp()
    sums["tokens"] += mass.numel()
    sums["mass"] += float(mass.sum())
    sums["most"] = max(sums["most"], float(mass.max()))
    write_whole(path, save(whole))


def _write_manifest(folder: Path, config: MuscleConfig) -> None:
    sums = [json.loads(file.read_text()) for file in sorted(folder.glob("sums-*.json"))]
    tokens = sum(part["tokens"] for part in sums)
    manifest = {
        "format": FORMAT,
        "indices": sorted(file.name for file in folder.glob("index-*.json")),
        "summary": {
            "tokens": tokens,
            "top_k": config.cache_top_k,
            "temperature": config.temperature,
            "tail_mean": sum(part["mass"] for part in sums) / max(tokens, 1),
            "tail_most": max(part["most"] for part in sums),
        },
    }
    write_whole(folder / "manifest.json", json.dumps(manifest, indent=2).encode())


def _shards(examples: Sequence[TokenizedExample]) -> Iterator[list[TokenizedExample]]:
    rows: list[TokenizedExample] = []
    size = 0
    for example in examples:
        rows.append(example)
        size += len(example.tokens)
        if size >= SHARD_TOKENS:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _key(
    config: MuscleConfig,
    examples: Sequence[TokenizedExample],
    base: str,
    adapter: str | None,
    words: int | None,
) -> str:
    tokens = hashlib.sha256(
        "".join(sorted({example.key for example in examples})).encode()
    ).hexdigest()
    named = [
        FORMAT, tokens, digest_checkpoint(base),
        None if adapter is None else digest_checkpoint(adapter),
        config.temperature, config.cache_top_k, config.dtype, words,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()
