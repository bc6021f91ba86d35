#!/usr/bin/env bash
# Keeps one comment on the pull request up to date: changes the one that an earlier run wrote, or
# writes the first. What hinders that is a notice, never a failure.
#
# Reads COMMENT (true or not), REPORT (a Markdown file), REPOSITORY, PULL_REQUEST and GH_TOKEN.
set -euo pipefail

skip() {
  echo "::notice title=compatkit gate::no comment on the pull request: $1"
  exit 0
}
said="$REPORT.gh"
call() {  # what gh complains of is shown, and begins no line
  gh api "$@" 2> "$said" || { sed 's/^/gh: /' "$said" >&2; return 1; }
}

if [ "$COMMENT" != true ] || [ -z "$PULL_REQUEST" ]; then exit 0; fi
command -v gh > /dev/null || skip "gh is not installed"
here="repos/$REPOSITORY/issues"

# The comment is found by the report's first line. Only a bot's is taken, or the token owner's: a
# stranger could change their own afterwards.
marker=$(head -n 1 "$REPORT")
owner=$(gh api user --jq .login 2> /dev/null) || owner=""
first_lines='.[] | [.id, .user.type, .user.login,
  ((.body // "") | split("\n")[0] // "" | rtrimstr("\r"))] | @tsv'
call --paginate "$here/$PULL_REQUEST/comments?per_page=100" --jq "$first_lines" \
  > "$REPORT.comments" ||
    skip "the comments cannot be read; gh says why above (a token needs pull-requests: write)"
found=""
while IFS=$'\t' read -r id type login first; do
  if [ "$first" = "$marker" ] && { [ "$type" = Bot ] || [ "$login" = "$owner" ]; }; then
    found=$id
  fi
done < "$REPORT.comments"

lacking="gh says why above (the token of a pull request from a fork may not write it)"
if [ -n "$found" ]; then
  call --method PATCH "$here/comments/$found" -F "body=@$REPORT" > /dev/null || skip "$lacking"
else
  call --method POST "$here/$PULL_REQUEST/comments" -F "body=@$REPORT" > /dev/null ||
    skip "$lacking"
fi
