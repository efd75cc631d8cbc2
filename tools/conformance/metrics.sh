#!/usr/bin/env bash
# What Prometheus' own checker says of /metrics. Needs promtool (Debian: prometheus) and curl.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

dogwatch=${DOGWATCH:-target/debug/dogwatch}
for program in promtool curl "$dogwatch"; do
  command -v "$program" >/dev/null || { echo "$program is missing"; exit 77; }
done

scratch=$(mktemp -d "${TMPDIR:-/tmp}/dogwatch-metrics.XXXXXX")
server=
cleanup() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" || true; fi
  rm -rf "$scratch"
}
trap cleanup EXIT

env -i PATH="$PATH" DOGWATCH_DATA_DIR="$scratch/data" DOGWATCH_LISTEN=127.0.0.1:0 DOGWATCH_LOG_FORMAT=json \
  "$dogwatch" serve >"$scratch/out" 2>"$scratch/log" &
server=$!
for _ in $(seq 100); do
  address=$(sed -n 's/.*"message":"serving".*"address":"\([^"]*\)".*/\1/p' "$scratch/log")
  [ -z "$address" ] || break
  sleep 0.1
done
[ -n "$address" ] || { cat "$scratch/log"; exit 1; }

# A mail in the outbox and a few requests, so that every metric has something to say.
curl -fsS -o /dev/null "http://$address/healthz"
curl -sS -o /dev/null -X POST "http://$address/api/v1/people"
sleep 6
curl -fsS "http://$address/metrics" >"$scratch/metrics"
grep -c '^# TYPE dogwatch_' "$scratch/metrics" | sed 's/$/ metrics/'
promtool check metrics <"$scratch/metrics"
echo "promtool has nothing against them"
