"""The joint of `compatkit muscle evaluate` to the runner: a model and a task, a prediction file."""

from pathlib import Path
from typing import Any

from compatkit.checkpoints.adapters import check_model
from compatkit.checkpoints.sources import Model
from compatkit.extras import require_extra
from compatkit.muscle.config import MuscleConfig
from compatkit.runner.task import Task, load_task, plain_task

OLD, NEW, CANDIDATE = "old", "new", "compatibility"


def list_models(config: MuscleConfig, adapter: str, controls: dict[str, str]) -> dict[str, Any]:
    """Return the models that are evaluated, by the name of their prediction file.

    Args:
        config: bases and task adapters.
        adapter: the compatibility adapter.
        controls: further adapters on the new base, by name.

    Raises:
        DataError: no checkpoint, or an adapter that was made for another base.
    """
    models = {
        OLD: Model(str(config.old_base), adapter=config.old_adapter),
        NEW: Model(config.new_base, adapter=config.task_adapter),
        CANDIDATE: Model(config.new_base, adapter=adapter),
        **{name: Model(config.new_base, adapter=control) for name, control in controls.items()},
    }
    for model in models.values():
        check_model(model, config.trust, renamed=config.renamed_base)
    return models


def choose_task(name: str | None) -> Task:
    """Return a task of `compatkit run`, or without a name that of prompts and references."""
    return plain_task("prompt", "reference", None) if name is None else load_task(name)


def run_models(
    models: dict[str, Any],
    folder: Path,
    *,
    task: Task,
    data: str,
    limit: int | None,
    **how: Any,
) -> dict[str, str]:
    """Write a prediction file for each model; one that is complete and alike is left.

    Args:
        models: as `list_models` returns them.
        folder: where the files go; made if it is not there.
        task: what is asked.
        data: the test examples.
        limit: how many of them; None for all.
        how: settings of `compatkit run`; None leaves one to the task.

    Returns:
        The files by the models' names.
    """
    from compatkit.runner.examples import Data, read_examples  # noqa: PLC0415
    from compatkit.runner.header import Asked  # noqa: PLC0415
    from compatkit.runner.run import run_model  # noqa: PLC0415
    from compatkit.runner.settings import make_settings  # noqa: PLC0415

    require_extra("run")
    settings = make_settings(
        task, **{name: value for name, value in how.items() if value is not None}
    )
    asked = Asked(task, read_examples(task, Data(data), limit=limit))
    folder.mkdir(exist_ok=True)
    files = {}
    for name, model in models.items():
        files[name] = str(folder / f"{name}.jsonl")
        run_model(asked, settings, model, files[name], resume=True)
    return files
