"""The joint of `compatkit muscle evaluate` to the runner: a model and a task, a prediction file."""

from pathlib import Path
from typing import Any

from compatkit.muscle.config import MuscleConfig

OLD, NEW, CANDIDATE = "old", "new", "compatibility"


def list_models(config: MuscleConfig, adapter: str, controls: dict[str, str]) -> dict[str, Any]:
    """Return the models that are evaluated, by the name of their prediction file.

    Args:
        config: bases and task adapters.
        adapter: the compatibility adapter.
        controls: further adapters on the new base, by name.

    Raises:
        DataError: an adapter that was made for another base.
    """
    from compatkit.muscle.checkpoints import read_adapter  # noqa: PLC0415
    from compatkit.runner.settings import Model  # noqa: PLC0415

    found = {
        OLD: Model(str(config.old_base), adapter=config.old_adapter),
        NEW: Model(config.new_base, adapter=config.new_adapter),
        CANDIDATE: Model(config.new_base, adapter=adapter),
        **{name: Model(config.new_base, adapter=each) for name, each in controls.items()},
    }
    for model in found.values():
        # LoRA of another base loads where shapes agree, and answers nonsense.
        if model.adapter is not None and Path(model.adapter).is_dir():
            read_adapter(model.adapter, model.name, renamed=config.renamed_base)
    return found


def run_models(
    models: dict[str, Any],
    folder: Path,
    *,
    task: str | None,
    data: str,
    limit: int | None,
    **how: Any,
) -> tuple[dict[str, str], dict[str, Any]]:
    """Write a prediction file for each model; one that is complete and alike is left.

    Args:
        models: as `list_models` returns them.
        folder: where the files go.
        task: a task of `compatkit run`, or None where the data holds prompts and references.
        data: the test examples.
        limit: how many of them; None for all.
        how: settings of `compatkit run`; None leaves one to the task.

    Returns:
        The files by the models' names, and the scorer that the task names, with its options.
    """
    from compatkit.runner.examples import Data, read_examples  # noqa: PLC0415
    from compatkit.runner.header import Asked  # noqa: PLC0415
    from compatkit.runner.run import require_extra, run_model  # noqa: PLC0415
    from compatkit.runner.settings import make_settings  # noqa: PLC0415
    from compatkit.runner.task import load_task, plain_task  # noqa: PLC0415

    require_extra()
    chosen = plain_task("prompt", "reference", None) if task is None else load_task(task)
    settings = make_settings(
        chosen, **{name: each for name, each in how.items() if each is not None}
    )
    asked = Asked(chosen, read_examples(chosen, Data(data), limit=limit))
    files = {}
    for name, model in models.items():
        files[name] = str(folder / f"{name}.jsonl")
        run_model(asked, settings, model, files[name], resume=True)
    return files, dict(chosen.scorer)
