"""Checkpoint: a model and its tokenizer, opened without weights, and the weights loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compatkit.checkpoints.adapters import check_base, find_adapter, refuse_keys
from compatkit.checkpoints.loading import load
from compatkit.checkpoints.sources import NONE, Model, Trust, find_checkpoint, find_folder
from compatkit.errors import DataError

# Heads that say nothing of the next token, as the end of an architecture's name.
OTHER_HEADS = (
    "MaskedLM", "PreTraining", "SequenceClassification", "TokenClassification",
    "QuestionAnswering", "MultipleChoice", "NextSentencePrediction",
)  # fmt: skip
SIGHT = 1e-3  # of the largest logit


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint whose weights are not loaded yet.

    Attributes:
        source: where it comes from.
        trust: what of it may run code.
        folder: the folder, or None for one of the Hub.
        adapter: the adapter's folder, or None where there is none.
        config: the model's configuration.
        tokenizer: of transformers.
    """

    source: Model
    trust: Trust
    folder: Path | None
    adapter: Path | None
    config: Any
    tokenizer: Any

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.source.name

    @property
    def encoder_decoder(self) -> bool:
        """Whether prompt and answer go through two halves of the model."""
        return bool(self.config.is_encoder_decoder)

    @property
    def words(self) -> int:
        """How many words the head knows, padding of the head included."""
        return int(self.config.get_text_config().vocab_size)

    @property
    def max_length(self) -> int | None:
        """How many tokens the model takes; its tokenizer counts where it says nothing."""
        text = getattr(self.config, "text_config", None) or self.config
        for name in ("n_positions", "max_position_embeddings", "n_ctx"):
            length = getattr(text, name, None)
            if length is not None:
                return int(length)
        length = getattr(self.tokenizer, "model_max_length", None)
        return int(length) if length is not None and length < 10**9 else None

    @property
    def padding(self) -> int:
        """The token that fills the shorter rows of a batch; it is masked, so any one does."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0


def open_checkpoint(model: Model, trust: Trust = NONE, *, renamed: bool = False) -> Checkpoint:
    """Read all of a checkpoint but its weights.

    Args:
        model: which.
        trust: what may run code.
        renamed: accept an adapter that names another base.

    Raises:
        DataError: no such folder, nothing on the Hub, pickles that are not allowed, no language
            model, or an adapter of another base.
    """
    from transformers import AutoConfig, AutoTokenizer  # noqa: PLC0415

    name, beside = model.name, model.tokenizer or model.name
    folder, home = find_checkpoint(name, trust), find_folder(beside)
    adapter = None
    if model.adapter is not None:
        adapter = find_adapter(model.adapter, trust)
        check_base(model.adapter, adapter, name, renamed=renamed)
    options = _options(model, trust, folder)
    config: Any = load(name, lambda: AutoConfig.from_pretrained(_place(name), **options))
    architecture = str((getattr(config, "architectures", None) or [""])[0])
    if architecture.endswith(OTHER_HEADS):
        raise DataError(
            f"{name}: a {architecture}, which does not say the next token; a causal language model "
            "or an encoder-decoder was expected."
        )
    of_tokenizer = _options(model, trust, home, revision=beside == name)
    tokenizer: Any = load(
        beside,
        lambda: AutoTokenizer.from_pretrained(_place(beside), **of_tokenizer),
    )
    return Checkpoint(model, trust, folder, adapter, config, tokenizer)


def load_base(checkpoint: Checkpoint, dtype: str, **options: Any) -> Any:
    """Load the weights of a checkpoint, without its adapter.

    Args:
        checkpoint: which.
        dtype: of the weights; `auto` is the checkpoint's own.
        options: further ones of transformers' `from_pretrained`, such as `device_map`.

    Raises:
        DataError: weights that cannot be loaded, are missing or belong nowhere, or a model that
            sees the tokens it is to predict.
    """
    import transformers  # noqa: PLC0415

    kind = "AutoModelForSeq2SeqLM" if checkpoint.encoder_decoder else "AutoModelForCausalLM"
    loader: Any = getattr(transformers, kind)
    model, report = load(
        checkpoint.name,
        lambda: loader.from_pretrained(
            _place(checkpoint.name),
            dtype=dtype,
            use_safetensors=None if checkpoint.trust.pickle else True,
            output_loading_info=True,
            **options,
            **_options(checkpoint.source, checkpoint.trust, checkpoint.folder),
        ),
    )
    refuse_keys(checkpoint.name, report["missing_keys"], report["unexpected_keys"])
    if getattr(model, "_hf_peft_config_loaded", False):
        raise DataError(
            f"{checkpoint.name}: brings an adapter of its own, which is not looked at. Name it as "
            "the adapter, and its base as the model."
        )
    if not checkpoint.encoder_decoder:
        _refuse_sight(checkpoint, model)
    return model


def _refuse_sight(checkpoint: Checkpoint, model: Any) -> None:
    """Refuse a model whose answers depend on tokens that follow: a masked one, run as causal."""
    import torch  # noqa: PLC0415

    if model.device.type == "meta":  # in a process that gets its weights from the first one
        return
    rows = [[number % checkpoint.words for number in row] for row in ((1, 2, 3, 4), (1, 2, 3, 5))]
    training = model.training
    with torch.no_grad():
        logits = model.eval()(torch.tensor(rows, device=model.device), use_cache=False).logits
    model.train(training)
    before = logits[:, :-2].float()
    # Batches are summed in another order at most; a changed token that is seen changes far more.
    if (before[0] - before[1]).abs().max() > SIGHT * before.abs().max().clamp(min=1):
        raise DataError(
            f"{checkpoint.name}: a {type(model).__name__} whose answers depend on the tokens that "
            "follow. It is no causal language model, and its likelihoods are none of an answer."
        )


def _place(name: str) -> str:
    """Return a name as transformers takes it, who keep it in what is saved."""
    return str(Path(name).expanduser()) if name.startswith("~") else name


def _options(
    model: Model, trust: Trust, folder: Path | None, *, revision: bool = True
) -> dict[str, Any]:
    return {
        "revision": model.revision if revision and model.revision else "main",
        "trust_remote_code": trust.code,
        "local_files_only": folder is not None,
    }
