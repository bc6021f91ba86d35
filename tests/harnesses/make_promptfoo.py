"""Make the promptfoo fixtures with the real tool, offline.

    python tests/harnesses/make_promptfoo.py --promptfoo node_modules/.bin/promptfoo

Two configurations ask the same questions: of promptfoo's echo provider, which says what it was
asked, so that what is asked decides what is right; and of a provider of a few lines of JavaScript,
one of whose answers is a failure. `expected.json` holds the flips of the tool's own rows, read by
a plain script, paired by their variables.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COUNTRIES = {"France": "Paris", "Italy": "Rome", "Peru": "Lima", "Cuba": "Havana", "Egypt": "Cairo"}
WRONG = {"v1": ["Peru"], "v2": ["Italy", "France"]}
FAILS = {"v1": [], "v2": ["Egypt"]}
PROVIDER = """
module.exports = class {
  id() { return 'capitals-VERSION'; }
  async callApi(prompt, context) {
    const country = context.vars.country;
    if (FAILS.includes(country)) return { error: 'the service did not answer' };
    return { output: WRONG.includes(country) ? 'Atlantis' : TABLE[country] };
  }
};
"""


def run(tool: str, folder: Path, version: str) -> None:
    provider = PROVIDER.replace("VERSION", version).replace("FAILS", json.dumps(FAILS[version]))
    provider = provider.replace("WRONG", json.dumps(WRONG[version]))
    (folder / f"{version}.js").write_text(provider.replace("TABLE", json.dumps(COUNTRIES)))
    tests = [
        {"vars": {"country": country}, "assert": [{"type": "equals", "value": city}]}
        for country, city in COUNTRIES.items()
    ]
    if version == "v2":
        tests.reverse()  # the number of a test is its place in the file, and says nothing
    config = {
        "prompts": ["What is the capital of {{country}}?"],
        "providers": [f"file://{version}.js"],
        "tests": tests,
    }
    echo = {
        "prompts": ["Paris is in {{country}}" if version == "v1" else "Rome is in {{country}}"],
        "providers": ["echo"],
        "tests": [
            {"vars": {"country": "France"}, "assert": [{"type": "contains", "value": "Paris"}]},
            {"vars": {"country": "Italy"}, "assert": [{"type": "contains", "value": "Rome"}]},
        ],
    }
    for name, value, repeat in (("capitals", config, "1"), ("echo", echo, "2")):
        (folder / f"{name}.json").write_text(json.dumps(value))
        command = [
            tool,
            "eval",
            "-c",
            f"{name}.json",
            "-o",
            f"out/{version}/{name}.json",
            "-o",
            f"out/{version}/{name}.jsonl",
            "--no-cache",
            "--no-table",
            "--repeat",
            repeat,
        ]
        done = subprocess.run(command, cwd=folder, check=False)
        assert done.returncode in {0, 100}, done.returncode  # 100: a test failed, as it should


def count_flips(out: Path, name: str) -> dict[str, int]:
    sides = []
    for version in ("v1", "v2"):
        rows: dict[str, list[dict]] = {}
        for row in json.loads((out / version / f"{name}.json").read_text())["results"]["results"]:
            rows.setdefault(json.dumps(row["vars"]), []).append(row)
        sides.append(rows)
    counts = {"negative": 0, "positive": 0, "errored": 0, "scored": 0}
    for key, olds in sides[0].items():
        old, new = olds[0], sides[1][key][0]
        if 2 in {old["failureReason"], new["failureReason"]}:
            counts["errored"] += 1
            continue
        counts["scored"] += 1
        counts["negative"] += old["success"] and not new["success"]
        counts["positive"] += new["success"] and not old["success"]
    return counts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=HERE / "promptfoo")
    parser.add_argument("--promptfoo", default=shutil.which("promptfoo"))
    given = parser.parse_args()
    os.environ |= {
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["PROMPTFOO_CONFIG_DIR"] = str(folder / "home")
        for version in ("v1", "v2"):
            (folder / "out" / version).mkdir(parents=True)
            run(str(Path(given.promptfoo).absolute()), folder, version)
        shutil.rmtree(given.output, ignore_errors=True)
        shutil.copytree(folder / "out", given.output)
        for path in given.output.rglob("*.json*"):
            path.write_text(path.read_text().replace(str(folder), "project"))
    for path in [*given.output.rglob("echo.jsonl")]:
        path.unlink()
    expected = {name: count_flips(given.output, name) for name in ("capitals", "echo")}
    (given.output / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(json.dumps(expected))


if __name__ == "__main__":
    main()
