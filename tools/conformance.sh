#!/usr/bin/env bash
# Tries Dogwatch with other people's programs: runs every script in tools/conformance/ in turn, and says of each
# whether it went well. By hand: the scripts install nothing, and are left out (77) where the machine lacks a program.
#
#   tools/conformance.sh             all of them
#   tools/conformance.sh postgres    only these, by name
#
# DOGWATCH names the program to try [target/debug/dogwatch].
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

output=$(mktemp "${TMPDIR:-/tmp}/dogwatch-conformance.XXXXXX")
trap 'rm -f "$output"' EXIT

names=("$@")
if [ ${#names[@]} = 0 ]; then
  for script in tools/conformance/*.sh; do names+=("$(basename "$script" .sh)"); done
fi

failed=0
for name in "${names[@]}"; do
  bash "tools/conformance/$name.sh" >"$output" 2>&1
  case $? in
    0) printf '%-12s ok\n' "$name" ;;
    77) printf '%-12s SKIPPED: %s\n' "$name" "$(tail -n 1 "$output")" ;;
    *)
      failed=1
      printf '%-12s FAILED\n' "$name"
      sed 's/^/    /' "$output" ;;
  esac
done
exit $failed
