"""Checkpoints: what they are known by, what is refused, and that an adapter is put on whole."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="the extras run and muscle are not installed")

from muscle.conftest import Tiny, _quiet, tiny  # noqa: F401

from compatkit.checkpoints import loading
from compatkit.checkpoints.adapters import check_base, check_model
from compatkit.checkpoints.checkpoint import open_checkpoint
from compatkit.checkpoints.sources import (
    Model,
    Trust,
    digest_checkpoint,
    find_checkpoint,
    find_folder,
)
from compatkit.checkpoints.tokens import digest_tokenizer, encode, render_chat, split_prompt
from compatkit.errors import DataError
from compatkit.muscle.models import load_old, load_student

FILES = ("model.safetensors", "config.json", "generation_config.json", "modeling_own.py")
SHARDED = ("model-00001-of-00002.safetensors", "model.safetensors.index.json", "config.json")
PICKLED = ("pytorch_model.bin", "config.json")
# What is loaded is the pickle: safetensors of another name are none of transformers'.
BOTH = ("pytorch_model.bin", "consolidated.safetensors", "config.json")
ADAPTED = ("adapter_model.safetensors", "adapter_config.json")


@pytest.mark.parametrize("names", [FILES, SHARDED, PICKLED, BOTH, ADAPTED])
def test_every_file_that_answers_depend_on_is_in_the_digest(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        (tmp_path / name).write_text(name)
    before = digest_checkpoint(str(tmp_path))
    assert before.startswith("sha256:")
    for name in names:
        (tmp_path / name).write_text("other")
        assert digest_checkpoint(str(tmp_path)) != before, name
        (tmp_path / name).unlink()
        assert digest_checkpoint(str(tmp_path)) != before, name
        (tmp_path / name).write_text(name)
    assert digest_checkpoint(str(tmp_path)) == before


def test_safetensors_are_known_without_the_pickles_beside_them(tmp_path: Path) -> None:
    for name in (*FILES, "pytorch_model.bin"):
        (tmp_path / name).write_text(name)
    before = digest_checkpoint(str(tmp_path))
    (tmp_path / "pytorch_model.bin").write_text("other")
    assert digest_checkpoint(str(tmp_path)) == before


def test_what_no_answer_depends_on_is_not_in_the_digest(tmp_path: Path) -> None:
    for name in ADAPTED:
        (tmp_path / name).write_text(name)
    before = digest_checkpoint(str(tmp_path))
    for name in ("README.md", "muscle.json", "training_args.bin", "optimizer.pt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "predictions").mkdir()
    assert digest_checkpoint(str(tmp_path)) == before
    copy = tmp_path / "predictions" / "copy"
    copy.mkdir()
    for name in ADAPTED:
        shutil.copy(tmp_path / name, copy)
    assert digest_checkpoint(str(copy)) == before


def test_a_pickle_is_refused_unless_allowed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no weights"):
        find_checkpoint(str(tmp_path))
    (tmp_path / "pytorch_model.bin").write_text("")
    with pytest.raises(DataError, match=r"pytorch_model\.bin is a pickle.*Pass --allow-pickle"):
        find_checkpoint(str(tmp_path))
    assert find_checkpoint(str(tmp_path), Trust(pickle=True)) == tmp_path
    (tmp_path / "model.safetensors").write_text("")
    assert find_checkpoint(str(tmp_path)) == tmp_path


def test_a_name_is_a_folder_or_one_of_the_hub(tmp_path: Path) -> None:
    assert find_folder("owner/model-7b.v2") is None
    for name, said in ((str(tmp_path / "none"), "no such folder"), (__file__, "is no folder")):
        with pytest.raises(DataError, match=said):
            find_folder(name)


@pytest.mark.parametrize(
    ("made_for", "base", "fits"),
    [
        ("{}/old", "{}/old", True),
        ("{}/old", "{}/x/../old", True),
        ("/was/there/old", "{}/old", True),  # a folder that was copied keeps its name
        ("owner/old", "{}/old", True),
        ("{}/new", "{}/old", False),
        ("{}/x/old", "{}/old", False),  # which is there, and another one
        ("owner/old", "owner/old", True),
        ("other/old", "owner/old", False),
        ("", "{}/old", False),
        (None, "{}/old", False),
    ],
)
def test_an_adapter_is_held_to_its_base(
    tmp_path: Path, made_for: str | None, base: str, fits: bool
) -> None:
    for name in ("old", "new", "x/old", "adapter"):
        (tmp_path / name).mkdir(parents=True)
    adapter = tmp_path / "adapter"
    said = made_for and made_for.replace("{}", str(tmp_path))
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": said}))
    base = base.replace("{}", str(tmp_path))
    check_base("a", adapter, base, renamed=True)
    if fits:
        check_base("a", adapter, base)
    else:
        with pytest.raises(DataError, match="pass --renamed-base"):
            check_base("a", adapter, base)


def test_a_model_is_refused_for_its_adapter_before_anything_is_loaded(
    tiny: Tiny,  # noqa: F811
) -> None:
    model = Model(str(tiny.config.new_base), adapter=str(tiny.config.old_adapter))
    with pytest.raises(DataError, match=r"old-task: was made for the base .*old, not for .*new"):
        check_model(model)
    check_model(model, renamed=True)


def rename(weights: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("q_proj", "wq"): weight for name, weight in weights.items()}


def leave_out(weights: dict[str, Any]) -> dict[str, Any]:
    return {name: weight for name, weight in weights.items() if ".layers.1." not in name}


def add(weights: dict[str, Any]) -> dict[str, Any]:
    more = {n.replace(".layers.1.", ".layers.9."): w.clone() for n, w in weights.items()}
    return {**weights, **more}


EDITS = [
    (rename, r"weights are missing, .*q_proj.*weights belong nowhere, .*wq"),
    (leave_out, r"14 weights are missing, base_model\.model\.model\.layers\.1\."),
    (add, r"14 weights belong nowhere, base_model\.model\.model\.layers\.9\."),
]


@pytest.mark.parametrize(("edit", "said"), EDITS)
def test_an_adapter_whose_weights_are_not_all_in_their_place_is_refused(
    tiny: Tiny,  # noqa: F811
    tmp_path: Path,
    edit: Callable[[dict[str, Any]], dict[str, Any]],
    said: str,
) -> None:
    from safetensors.torch import load_file, save_file

    adapter = tmp_path / "adapter"
    shutil.copytree(str(tiny.config.new_adapter), adapter)
    file = adapter / "adapter_model.safetensors"
    save_file(edit(load_file(file)), file)
    for load in (load_old, load_student):
        with pytest.raises(DataError, match=said):
            load(tiny.config.new_base, str(adapter), "float32")


BASE_EDITS = [
    (leave_out, r"9 weights are missing, model\.layers\.1\."),
    (add, r"9 weights belong nowhere, model\.layers\.9\."),
    (rename, r"2 weights are missing, .*q_proj.*2 weights belong nowhere, .*wq"),
]


@pytest.mark.parametrize(("edit", "said"), BASE_EDITS)
def test_a_base_whose_weights_are_not_all_in_their_place_is_refused(
    tiny: Tiny,  # noqa: F811
    tmp_path: Path,
    edit: Callable[[dict[str, Any]], dict[str, Any]],
    said: str,
) -> None:
    """The library fills what is missing with random numbers."""
    from safetensors.torch import load_file, save_file

    base = tmp_path / "base"
    shutil.copytree(str(tiny.config.new_base), base)
    file = base / "model.safetensors"
    save_file(edit(load_file(file)), file, {"format": "pt"})
    with pytest.raises(DataError, match=said):
        load_old(str(base), None, "float32")


def test_an_adapter_in_the_place_of_a_model_is_refused(
    tiny: Tiny,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Transformers puts it on a base of the adapter's choice, which no digest would know."""
    with pytest.raises(DataError, match=r"new-task: holds adapter_config\.json"):
        find_checkpoint(str(tiny.config.new_adapter))
    base = tmp_path / "both"
    shutil.copytree(str(tiny.config.new_base), base)
    shutil.copytree(str(tiny.config.new_adapter), base, dirs_exist_ok=True)
    with pytest.raises(DataError, match=r"both: holds adapter_config\.json"):
        load_old(str(base), None, "float32")


def make_bert(folder: Path, kind: str, *, causal: bool = False) -> Path:
    import transformers

    config = transformers.BertConfig(
        vocab_size=46,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        initializer_range=0.4,
        is_decoder=causal,
    )
    getattr(transformers, kind)(config).save_pretrained(folder)
    return folder


def test_a_masked_model_is_no_causal_one(tmp_path: Path) -> None:
    from muscle.tiny_bases import make_tokenizer

    for name, kind in (("masked", "BertForMaskedLM"), ("named", "BertLMHeadModel")):
        make_tokenizer().save_pretrained(make_bert(tmp_path / name, kind))
    with pytest.raises(DataError, match="masked: a BertForMaskedLM, which does not say the next"):
        open_checkpoint(Model(str(tmp_path / "masked")))
    with pytest.raises(DataError, match="BertLMHeadModel whose answers depend on the tokens that"):
        load_old(str(tmp_path / "named"), None, "float32")
    make_tokenizer().save_pretrained(make_bert(tmp_path / "bert", "BertLMHeadModel", causal=True))
    assert load_old(str(tmp_path / "bert"), None, "float32").config.is_decoder


@pytest.mark.parametrize("text", [f"... {text} ..." for text in loading.WRONG])
def test_a_warning_that_means_another_model_is_an_error(text: str) -> None:
    """Those of transformers' own logger, silenced as it is here, and those of Python."""
    import logging
    import warnings

    import transformers

    logger = logging.getLogger("transformers.modeling_utils")
    transformers.logging.set_verbosity_error()
    level = logging.getLogger("transformers").level
    for warn in (logger.warning, warnings.warn):
        with pytest.raises(DataError, match="cannot be loaded: first line"):
            loading.load("m", lambda warn=warn: warn(f"first line\n{text}"))
    assert logging.getLogger("transformers").level == level
    loading.load("m", lambda: logger.warning("harmless"))


def test_a_whole_adapter_is_put_on_as_peft_does(tiny: Tiny) -> None:  # noqa: F811
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    ids = torch.arange(6)[None]
    found = load_old(tiny.config.new_base, tiny.config.new_adapter, "float32")
    base = AutoModelForCausalLM.from_pretrained(tiny.config.new_base)
    truth = PeftModel.from_pretrained(base, str(tiny.config.new_adapter)).eval()
    assert torch.equal(found(ids).logits, truth(ids).logits)
    student = load_student(tiny.config.new_base, str(tiny.config.new_adapter), "float32")
    trains = {name for name, weight in student.named_parameters() if weight.requires_grad}
    assert trains
    assert all(".default." in name for name in trains)
    assert torch.equal(student.eval()(ids).logits, truth(ids).logits)


def test_the_hub_s_checkpoints_are_known_by_their_commit(
    tiny: Tiny,  # noqa: F811
    tmp_path: Path,
) -> None:
    """The cache of the Hub is laid out by hand; nothing is fetched."""
    commits = {"base": "1" * 40, "adapter": "2" * 40}
    for name, source in (("base", tiny.config.new_base), ("adapter", tiny.config.new_adapter)):
        home = tmp_path / "hub" / f"models--owner--{name}"
        shutil.copytree(str(source), home / "snapshots" / commits[name])
        (home / "refs").mkdir()
        (home / "refs/main").write_text(commits[name])
    settings = tmp_path / f"hub/models--owner--adapter/snapshots/{'2' * 40}/adapter_config.json"
    values = json.loads(settings.read_text())
    settings.write_text(json.dumps({**values, "base_model_name_or_path": "owner/base"}))
    data = tmp_path / "data.jsonl"
    data.write_text('{"prompt": "w1 w2", "reference": "w1"}\n')
    words = ["-m", "owner/base", "--adapter", "owner/adapter", "--data", data, "-o", "new.jsonl"]
    done = subprocess.run(
        [sys.executable, "-m", "compatkit", "run", *map(str, words), "--max-new-tokens", "2"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    data.write_text(4 * '{"prompt": "w1 w2", "completion": "w1"}\n')
    words = ["--old-base", "owner/base", "--old-adapter", "owner/adapter", "--data", data]
    words += ["--new-base", "owner/base", "--new-adapter", "owner/adapter", "-o", "made"]
    trained = subprocess.run(
        [sys.executable, "-m", "compatkit", "muscle", "train", *map(str, words), "--epochs", "1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
    )
    assert trained.returncode == 0, trained.stderr[-2000:]
    files = json.loads((tmp_path / "made/muscle.json").read_text())["files"]
    assert {file["digest"] for file in files.values()} == {f"commit:{c}" for c in commits.values()}
    model = json.loads((tmp_path / "new.meta.json").read_text())["model"]
    assert model["digest"] == f"commit:{commits['base']}"
    assert model["adapter"] == {"name": "owner/adapter", "digest": f"commit:{commits['adapter']}"}


def test_a_prompt_ends_before_its_spaces() -> None:
    assert split_prompt("a b  ") == ("a b", "  ")
    assert split_prompt("a") == ("a", "")
    assert split_prompt(" ") == (" ", "")


def test_the_token_of_beginning_is_not_written_twice(tiny: Tiny) -> None:  # noqa: F811
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.config.new_base)
    assert encode(tokenizer, "w1") == encode(tokenizer, "<s> w1") == [0, 7]
    assert encode(tokenizer, "w1", special=False) == [7]


@pytest.mark.parametrize(
    ("form", "tokens"),
    [
        ("$A", [6]),
        ("<s> $A", [0, 6]),
        ("$A </s>", [6]),
        ("<s> $A </s>", [0, 6]),
        ("<s> </s> $A", [0, 1, 6]),
    ],
)
def test_what_a_tokenizer_appends_is_left_out(form: str, tokens: list[int]) -> None:
    from muscle.tiny_bases import make_tokenizer

    tokenizer = make_tokenizer(form=form)
    assert encode(tokenizer, "w0") == tokens
    assert encode(tokenizer, "w0 </s>") == [*tokens, 1], "what the text itself ends with stays"
    assert encode(tokenizer, "w0", ended=True) == tokenizer.encode("w0")
    assert encode(tokenizer, "") == tokens[:-1]


def test_a_tokenizer_is_known_by_all_that_texts_become(tiny: Tiny) -> None:  # noqa: F811
    from muscle.tiny_bases import WORDS, make_tokenizer

    plain = digest_tokenizer(make_tokenizer())
    assert digest_tokenizer(open_checkpoint(Model(str(tiny.config.new_base))).tokenizer) == plain
    other = make_tokenizer()
    other.eos_token = "w0"  # noqa: S105
    changed = [
        make_tokenizer(WORDS[::-1]),
        make_tokenizer(template=None),
        make_tokenizer(form="$A"),
        other,
    ]
    assert len({plain, *map(digest_tokenizer, changed)}) == 1 + len(changed)


def test_a_template_that_refuses_a_conversation_is_a_sentence() -> None:
    from muscle.tiny_bases import make_tokenizer

    strict = "{{ raise_exception('roles must alternate') }}"
    turns = [{"role": "user", "content": "w0"}]
    with pytest.raises(DataError, match=r"d:3: the chat template refuses .*\(user\): roles must"):
        render_chat(make_tokenizer(template=strict), turns, "d:3", opened=True)
    text = render_chat(
        make_tokenizer(template="{{ thinking }}"),
        turns,
        "d:3",
        opened=True,
        arguments={"thinking": 1},
    )
    assert text == "1"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "adapter_config.json: not JSON"), ("[1]", "holds list; keys and values were expected")],
)
def test_an_adapter_that_says_nothing_of_itself_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(DataError, match=message):
        check_base("the adapter", tmp_path, "base")


def test_a_model_that_does_not_fit_into_memory_is_a_sentence() -> None:
    import torch

    def run_out() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(DataError, match=r"m: does not fit into memory. Pass --dtype bfloat16"):
        loading.load("m", run_out)


def test_what_was_never_loaded_from_the_hub_has_no_digest() -> None:
    with pytest.raises(DataError, match="nobody/nothing: not loaded from the Hub yet"):
        digest_checkpoint("nobody/nothing")


def test_rows_are_padded_by_any_token_where_the_tokenizer_names_none(tmp_path: Path) -> None:
    from muscle.tiny_bases import make_base

    checkpoint = open_checkpoint(Model(str(make_base(tmp_path / "base", 1))))
    tokenizer = checkpoint.tokenizer
    assert checkpoint.padding == tokenizer.pad_token_id
    tokenizer.pad_token = None
    assert checkpoint.padding == tokenizer.eos_token_id
    tokenizer.eos_token = None
    assert checkpoint.padding == 0
