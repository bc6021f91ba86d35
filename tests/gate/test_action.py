"""The GitHub action: its scripts run by bash, with a `gh` that keeps comments in a file."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from gate_files import POLICY, rows, write_pair, write_policy
from prediction_files import write_rows

ACTION = Path(__file__).parents[2] / ".github" / "actions" / "gate"
DEFINITION = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
STEPS = DEFINITION["runs"]["steps"]
BROKEN = range(0, 60, 3)
MARKER = "<!-- compatkit-gate -->"

# What `gh api` does with comments, as far as the action asks for it.
GH = """\
import json, os, sys
from pathlib import Path

words = sys.argv[1:]
assert words.pop(0) == "api", words
folder = Path(os.environ["GH_FOLDER"])
with (folder / "calls.jsonl").open("a") as file:
    file.write(json.dumps(words) + "\\n")
assert os.environ["GH_TOKEN"] == "secret"
state = folder / "comments.json"
comments = json.loads(state.read_text())
refused = os.environ.get("GH_REFUSES", "").split()
method = words[words.index("--method") + 1] if "--method" in words else "GET"
path = next(word for word in words if word == "user" or word.startswith("repos/"))
if path == "user" and "GH_LOGIN" in os.environ:
    print(os.environ["GH_LOGIN"])
elif path == "user" or method in refused:
    sys.exit("::error::HTTP 403: Resource not accessible by integration")
elif method == "GET":
    assert "--paginate" in words
    assert "per_page=100" in path
    for each in comments:
        first = (each["body"] or "").split("\\n")[0].removesuffix("\\r")
        print(each["id"], each["type"], each["login"], first, sep="\\t")
else:
    (field,) = [word for word in words if word.startswith("body=@")]
    body = Path(field.removeprefix("body=@")).read_text()
    if method == "POST":
        assert path == "repos/team/model/issues/7/comments"
        number = 100 + len(comments)
        comments.append({"id": number, "type": "Bot", "login": "github-actions[bot]", "body": body})
    else:
        number = int(path.removeprefix("repos/team/model/issues/comments/"))
        (found,) = [each for each in comments if each["id"] == number]
        found["body"] = body
    state.write_text(json.dumps(comments))
    print(json.dumps({"id": number}))
"""


@dataclass
class Run:
    """What became of one run of the action."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str
    comments: list[dict[str, Any]]
    calls: list[list[str]]

    @property
    def written(self) -> list[str]:
        """The methods of the calls that write."""
        return [call[call.index("--method") + 1] for call in self.calls if "--method" in call]


Action = Callable[..., Run]


def resolve(text: str, values: Mapping[str, str]) -> str:
    """Fill GitHub's expressions in, all of which are plain names here."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values[found[1]], text)


def parse_outputs(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a repository with a policy, a pair that passes, and a `gh`."""
    work = tmp_path / "work here"
    work.mkdir()
    write_pair(work, broken=[0])
    write_policy(work)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "gh").write_text(f"#!{sys.executable}\n{GH}")
    (tools / "gh").chmod(0o755)
    (tmp_path / "comments.json").write_text("[]")
    return work


@pytest.fixture
def action(folder: Path) -> Action:
    """Run the scripts of the action's steps, but the one that installs, as GitHub runs them."""
    place = folder.parent

    def run(*, pull_request: str = "7", environment: Any = (), **inputs: str) -> Run:
        values = {f"inputs.{name}": str(each["default"]) for name, each in given.items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values |= {
            "inputs.github-token": "secret",
            "github.action_path": str(ACTION),
            "github.repository": "team/model",
            "github.event.pull_request.number": pull_request,
        }
        paths = [place / "bin", Path(sys.executable).parent, Path("/usr/bin"), Path("/bin")]
        shell = {
            "PATH": os.pathsep.join(map(str, paths)),
            "GITHUB_STEP_SUMMARY": str(place / "summary.md"),
            "RUNNER_TEMP": str(place),
            "GH_FOLDER": str(place),
            **dict(environment),
        }
        for name in ("summary.md", "calls.jsonl"):
            (place / name).write_text("")
        log, code, outputs = "", 0, {}
        for step in STEPS[2:]:
            (place / "output").write_text("")
            script = place / "step.sh"
            script.write_text(step["run"])
            named = {name: resolve(text, values) for name, text in step["env"].items()}
            where = resolve(step.get("working-directory", "."), values)
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],  # noqa: S607
                cwd=folder / where,
                env={**shell, **named, "GITHUB_OUTPUT": str(place / "output")},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
            )
            log, code = log + done.stdout, done.returncode
            outputs |= parse_outputs(place / "output")
            values |= {f"steps.gate.outputs.{name}": value for name, value in outputs.items()}
            if code:
                break
        return Run(
            code,
            log,
            outputs,
            (place / "summary.md").read_text(),
            json.loads((place / "comments.json").read_text()),
            [json.loads(line) for line in (place / "calls.jsonl").read_text().splitlines()],
        )

    given = DEFINITION["inputs"]
    return run


def test_every_expression_reaches_bash_as_a_variable() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"
        for text in step.get("env", {}).values():
            assert re.fullmatch(r"\$\{\{ [\w.-]+ \}\}", text)
            name = text.removeprefix("${{ ").removesuffix(" }}")
            if name.startswith("inputs."):
                assert name.removeprefix("inputs.") in DEFINITION["inputs"]


def test_the_actions_of_others_are_pinned_to_a_commit() -> None:
    for step in STEPS:
        if "uses" in step:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not here")
def test_the_scripts_are_clean(tmp_path: Path) -> None:
    scripts = [ACTION / "gate.sh", ACTION / "comment.sh"]
    for number, step in enumerate(STEPS):
        if "run" in step:
            scripts.append(tmp_path / f"{number}.sh")
            scripts[-1].write_text(f"#!/usr/bin/env bash\n{step['run']}")
    command = ["shellcheck", *map(str, scripts)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("version", "extras", "wanted"),
    [
        ("", "", f"{ACTION}/../../.."),
        ("", "[math]", f"{ACTION}/../../..[math]"),
        ("0.1.0", "", "compatkit==0.1.0"),
        ("0.1.0", "[json,math]", "compatkit[json,math]==0.1.0"),
    ],
)
def test_it_installs_its_own_checkout_or_a_version(
    tmp_path: Path, version: str, extras: str, wanted: str
) -> None:
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    said = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", STEPS[1]["run"]],  # noqa: S607
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "VERSION": version,
            "EXTRAS": extras,
            "ACTION": str(ACTION),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[:3] == ["-m", "pip", "install"]
    assert said.stdout.splitlines()[-1] == wanted
    if not version:
        assert (Path(wanted.partition("[")[0]) / "pyproject.toml").is_file()


def test_a_pass_writes_reports_summary_outputs_and_a_comment(action: Action) -> None:
    run = action()
    assert (run.code, run.outputs["outcome"], run.outputs["exit-code"]) == (0, "pass", "0")
    assert json.loads(Path(run.outputs["json"]).read_text())["outcome"] == "pass"
    assert Path(run.outputs["junit"]).read_text().startswith("<?xml")
    report = Path(run.outputs["markdown"]).read_text()
    assert report.startswith(MARKER)
    assert [each["body"] for each in run.comments] == [report]
    assert run.written == ["POST"]
    assert "## PASS" in run.summary
    assert "PASS: " in run.log


def test_the_second_run_changes_the_comment_of_the_first(action: Action, folder: Path) -> None:
    action()
    write_pair(folder, broken=BROKEN)
    run = action()
    assert (run.code, run.outputs["outcome"]) == (1, "fail")
    assert run.written == ["PATCH"]
    (comment,) = run.comments
    assert comment["body"].startswith(f"{MARKER}\n\n## FAIL")


def test_an_inconclusive_verdict_has_the_gate_s_exit_code(action: Action, folder: Path) -> None:
    write_policy(folder, POLICY.replace("0.05", "0.01"))
    run = action()
    assert (run.code, run.outputs["outcome"]) == (3, "inconclusive")


@pytest.mark.parametrize("name", ["", "nightly"])
def test_what_cannot_be_measured_replaces_the_pass_of_an_earlier_run(
    action: Action, folder: Path, name: str
) -> None:
    write_policy(folder, f'name = "{name}"\n{POLICY}')
    assert action().code == 0
    write_rows(folder / "new.jsonl", rows()[:100])
    run = action()
    assert (run.code, run.outputs["outcome"], run.outputs["exit-code"]) == (2, "error", "2")
    assert run.outputs["junit"] == run.outputs["json"] == run.outputs["html"] == ""
    (comment,) = run.comments
    assert "## ERROR: the update could not be measured" in comment["body"]
    assert "    compatkit: " in comment["body"]
    assert "lacks 100 of 200 ids" in comment["body"]
    assert comment["body"] in run.summary
    assert re.search(
        r"^::error title=compatkit gate::compatkit: .*lacks 100", run.log, re.MULTILINE
    )


@pytest.mark.parametrize(
    "args", ["--help", "--version", "--max-nfr", "'", "--no-such-option", "--init"]
)
def test_arguments_that_measure_nothing_are_no_pass(action: Action, args: str) -> None:
    run = action(args=args)
    assert (run.code, run.outputs["outcome"]) == (2, "error")


def test_an_installation_that_is_broken_is_no_pass(action: Action, folder: Path) -> None:
    python = folder.parent / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    run = action()
    assert (run.code, run.outputs["outcome"]) == (2, "error")
    assert run.comments[0]["body"] == f"{MARKER}\n\n## ERROR: the log says why\n"


def test_a_pair_and_arguments_may_be_named(action: Action, folder: Path) -> None:
    (folder / "compatkit.toml").unlink()
    pair = {"old": "old.jsonl", "new": "new.jsonl"}
    assert action(**pair, args="--max-nfr 0.05\n--must-not-flip 'q1'").code == 0
    assert action(**pair, args="--max-nfr 0.05 --must-not-flip q0").code == 1
    assert action(**pair).code == 2
    assert action(old="old.jsonl", args="--max-nfr 0.05").code == 2
    assert action().code == 2


def test_a_policy_and_a_folder_may_be_named(action: Action, folder: Path) -> None:
    (folder / "compatkit.toml").rename(folder / "other.toml")
    assert action().code == 2
    assert action(policy="other.toml").code == 0
    (folder / "inner").mkdir()
    assert action(policy="../other.toml", working_directory="inner").code == 0


HOSTILE = "; $(touch hacked) `touch hacked` && touch hacked #"


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"policy": HOSTILE}, 2),
        ({"policy": "--help"}, 2),
        ({"old": HOSTILE, "new": "new.jsonl"}, 2),
        ({"old": "--help", "new": "--help"}, 2),
        ({"args": HOSTILE}, 2),
        ({"comment": HOSTILE}, 0),
        ({"pull_request": HOSTILE}, 0),
    ],
)
def test_inputs_are_never_run(
    action: Action, folder: Path, inputs: dict[str, str], code: int
) -> None:
    assert action(**inputs).code == code
    assert not list(folder.parent.rglob("hacked*"))


def test_model_output_begins_no_command_of_the_log(action: Action, folder: Path) -> None:
    new = [{**row, "prediction": "::error::x\n::add-mask::y"} for row in rows()]
    write_rows(folder / "new.jsonl", new)
    run = action()
    assert run.code == 1
    commands = [line for line in run.log.splitlines() if line.lstrip().startswith("::")]
    assert commands
    for line in commands:
        assert re.match(r"::(error|warning|notice) title=(compatkit|must not flip|\w)", line)
        assert "add-mask::" not in line


def test_without_a_pull_request_or_a_wish_nothing_is_called(action: Action) -> None:
    assert action(pull_request="").calls == []
    assert action(comment="false").calls == []


@pytest.mark.parametrize("refused", ["GET", "POST"])
def test_a_token_that_may_not_comment_is_a_notice(action: Action, refused: str) -> None:
    run = action(environment={"GH_REFUSES": refused})
    assert (run.code, run.comments) == (0, [])
    assert "::notice title=compatkit gate::no comment on the pull request: " in run.log
    assert "gh: ::error::HTTP 403" in run.log
    assert not re.search(r"^\s*::error", run.log, re.MULTILINE)


def test_a_comment_that_may_not_be_changed_is_a_notice(action: Action) -> None:
    action()
    run = action(environment={"GH_REFUSES": "PATCH"})
    assert run.code == 0
    assert "::notice title=compatkit gate::no comment" in run.log


def test_without_gh_there_is_a_notice(action: Action, folder: Path) -> None:
    tools = folder.parent / "bin"
    (tools / "gh").unlink()
    for name in ("bash", "cat", "grep", "head", "mktemp", "sed"):
        place = shutil.which(name, path="/usr/bin:/bin")
        assert place is not None
        (tools / name).symlink_to(place)
    run = action(environment={"PATH": f"{tools}:{Path(sys.executable).parent}"})
    assert run.code == 0
    assert "gh is not installed" in run.log


def test_the_comment_of_a_stranger_is_left_alone(action: Action, folder: Path) -> None:
    """Whoever begins a comment with the marker could change it after the gate did."""
    stranger = {"id": 1, "type": "User", "login": "stranger", "body": f"{MARKER}\nPASS"}
    later = {"id": 2, "type": "Bot", "login": "other[bot]", "body": f"see {MARKER}"}
    empty = {"id": 3, "type": "Bot", "login": "other[bot]", "body": None}
    (folder.parent / "comments.json").write_text(json.dumps([stranger, later, empty]))
    run = action()
    assert run.written == ["POST"]
    assert run.comments[:3] == [stranger, later, empty]


def test_a_comment_of_the_token_s_owner_is_found(action: Action, folder: Path) -> None:
    own = {"id": 1, "type": "User", "login": "owner", "body": f"{MARKER}\r\nold"}
    (folder.parent / "comments.json").write_text(json.dumps([own]))
    assert action(environment={"GH_LOGIN": "owner"}).written == ["PATCH"]


def test_two_policies_keep_two_comments(action: Action, folder: Path) -> None:
    for name in ("one", "two", "one"):
        write_policy(folder, f'name = "{name}"\n{POLICY}')
        run = action()
    assert len(run.comments) == 2
    assert run.written == ["PATCH"]
