#!/usr/bin/env bash
# Runs the gate, writes its reports and the step's outputs, and never fails of itself: the last step
# of the action takes the exit code of the gate.
#
# Reads POLICY, OLD, NEW and ARGS, as the inputs of action.yml, ACTION (this folder), and GitHub's
# own variables.
set -euo pipefail

reports=$(mktemp -d "${RUNNER_TEMP:-/tmp}/compatkit-XXXXXX")
junit="$reports/gate.xml" markdown="$reports/gate.md" json="$reports/gate.json"
html="$reports/gate.html"

command=(compatkit gate)
if [ -n "$POLICY" ]; then command+=(--policy "$POLICY"); fi
code=0
python -P -c 'import os, shlex
print(*(word + "\0" for word in shlex.split(os.environ["ARGS"])), sep="", end="")' \
  > "$reports/words" 2> "$reports/stderr" || code=2
while IFS= read -r -d '' word; do command+=("$word"); done < "$reports/words"
command+=(-o "$junit" -o "$markdown" -o "$json" -o "$html")
if [ -n "$OLD$NEW" ]; then command+=(-- "$OLD" "$NEW"); fi

# The gate writes the step's summary and the annotations itself, unless it never came to begin.
said=false
if [ "$code" -eq 0 ]; then
  "${command[@]}" 2> "$reports/stderr" || code=$?
fi
cat "$reports/stderr" >&2
if [ "$code" -eq 2 ] && grep -q '^::error title=compatkit gate::' "$reports/stderr"; then
  said=true
  sed -i '/^::error title=compatkit gate::/d' "$reports/stderr"
fi
if [ "$code" -ne 2 ] && [ ! -s "$json" ]; then
  echo "The command ended with $code and wrote no report." > "$reports/stderr"
  code=2
fi
case "$code" in
  0) outcome=pass ;;
  1) outcome=fail ;;
  3) outcome=inconclusive ;;
  *) outcome=error ;;
esac

if [ "$outcome" = error ]; then
  junit="" json="" html=""
  python -P "$ACTION/say_error.py" < "$reports/stderr" > "$markdown" ||
    printf '<!-- compatkit-gate -->\n\n## ERROR: the log says why\n' > "$markdown"
fi
if [ "$outcome" = error ] && [ "$said" = false ]; then
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$markdown" >> "$GITHUB_STEP_SUMMARY"; fi
  message=$(cat "$reports/stderr")
  message=${message//'%'/'%25'} message=${message//$'\r'/'%0D'}
  echo "::error title=compatkit gate::${message//$'\n'/'%0A'}"
fi

{
  echo "outcome=$outcome"
  echo "exit-code=$code"
  echo "junit=$junit"
  echo "markdown=$markdown"
  echo "json=$json"
  echo "html=$html"
} >> "$GITHUB_OUTPUT"
