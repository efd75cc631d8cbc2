#!/usr/bin/env bash
# Sets up what the tests need and runs all of them: formatting, lints, documentation, and the unit,
# property and integration tests, on SQLite and on a PostgreSQL cluster of its own.
#
#   ./test.sh                      everything
#   ./test.sh --quick              without a browser and without PostgreSQL
#   ./test.sh --without postgres   leaves PostgreSQL out, and says so at the end
#   ./test.sh --without python     leaves out what needs Python (feeds, mails and the API's document read by other programs)
#   ./test.sh --without node       leaves out what needs Node (feeds read by ical.js, the API's document by redocly)
#   ./test.sh --without browser    leaves out the pages in Chromium; pictures of them come to target/screenshots
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }

with_postgres=yes with_python=yes with_node=yes with_browser=yes left_out=()
while [ $# -gt 0 ]; do
  case "$1" in
    --without)
      case "${2:-}" in
        postgres) with_postgres=no; left_out+=("PostgreSQL: storage and API were tested on SQLite only") ;;
        python) with_python=no; left_out+=("Python: no feed was read by icalendar and vobject, no mail sent to aiosmtpd, the API's document not validated, no client made of it") ;;
        node) with_node=no; left_out+=("Node: no feed was read by ical.js, the API's document not by redocly, no TypeScript client made of it") ;;
        browser) with_browser=no; left_out+=("Chromium: no page was looked at in a browser") ;;
        *) usage >&2; exit 2 ;;
      esac
      shift 2 ;;
    --quick)
      with_postgres=no with_browser=no
      left_out+=("PostgreSQL and Chromium: this was --quick")
      shift ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

# Names a step; how long each took is printed at the end.
steps=() step_started=$SECONDS step_name=""
finish_step() {
  if [ -n "$step_name" ]; then steps+=("$(printf '%5d s  %s' $((SECONDS - step_started)) "$step_name")"); fi
}
step() {
  finish_step
  step_name=$* step_started=$SECONDS
  printf '\n==> %s\n' "$*"
}

# --- What the machine needs -------------------------------------------------------------------

# The folder of PostgreSQL's server programs, which distributions keep off the PATH.
find_postgres() {
  local found
  if found=$(command -v initdb); then dirname "$(readlink -f "$found")"; return; fi
  for found in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin /usr/local/pgsql/bin; do
    if [ -x "$found/initdb" ]; then echo "$found"; return; fi
  done
  return 1
}

has_venv() { python3 -c 'import venv, ensurepip' 2>/dev/null; }

missing=() packages=()
need() { missing+=("$1"); packages+=("$2"); }
command -v cc >/dev/null || need "a C compiler" build-essential
command -v curl >/dev/null || need curl curl
command -v jq >/dev/null || need jq jq
if [ $with_postgres = yes ] && ! find_postgres >/dev/null; then need "PostgreSQL's server (or --without postgres)" postgresql; fi
if [ $with_python = yes ] && ! has_venv; then need "Python 3 with venv (or --without python)" python3-venv; fi
if [ $with_node = yes ] && ! command -v npm >/dev/null; then need "Node with npm (or --without node)" npm; fi
if [ $with_browser = yes ]; then
  command -v chromedriver >/dev/null || need "Chromium and its driver (or --without browser)" chromium-driver
  command -v npm >/dev/null || need "npm (or --without browser)" npm
fi

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    step "Installing ${packages[*]}"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${packages[@]}"
  else
    printf 'Missing: %s\n' "${missing[@]}" >&2
    exit 1
  fi
fi
command -v cargo >/dev/null || { echo 'Missing: Rust (cargo), see README.md for the version' >&2; exit 1; }

# --- A PostgreSQL cluster of our own ----------------------------------------------------------

scratch=$(mktemp -d "${TMPDIR:-/tmp}/dogwatch-test.XXXXXX")
cleanup() {
  if [ -f "$scratch/pg/postmaster.pid" ]; then as_postgres "$pg_bin/pg_ctl" -D "$scratch/pg" -m immediate -w stop >/dev/null || true; fi
  rm -rf "$scratch"
}
trap cleanup EXIT

# PostgreSQL refuses to run as root: then an ordinary user does it.
as_postgres() {
  if [ "$(id -u)" != 0 ]; then "$@"; return; fi
  (cd / && setpriv --reuid "$pg_user" --regid "$(id -g "$pg_user")" --clear-groups -- env HOME=/tmp "$@")
}

if [ $with_postgres = yes ]; then
  step "Starting PostgreSQL"
  pg_bin=$(find_postgres)
  pg_user=$(id -u)
  if [ "$pg_user" = 0 ]; then
    pg_user=postgres
    id -u postgres >/dev/null 2>&1 || pg_user=nobody
    chown "$pg_user" "$scratch"
    chmod 755 "$scratch"
  fi
  pg_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo $((20000 + RANDOM % 20000)))
  as_postgres "$pg_bin/initdb" -D "$scratch/pg" -U dogwatch --auth=trust --encoding=UTF8 --no-sync >/dev/null
  as_postgres "$pg_bin/pg_ctl" -D "$scratch/pg" -l "$scratch/pg.log" -w start \
    -o "-p $pg_port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$scratch' -c fsync=off -c max_connections=300" >/dev/null \
    || { cat "$scratch/pg.log" >&2; exit 1; }
  postgres_url="postgres://dogwatch@127.0.0.1:$pg_port/postgres"
fi

# --- Python's parsers, validator and mail server ---------------------------------------------------------

if [ $with_python = yes ]; then
  venv=target/venv
  if ! cmp -s tools/requirements.txt "$venv/requirements.txt"; then
    step "Installing Python packages into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tools/requirements.txt
    cp tools/requirements.txt "$venv/requirements.txt"
  fi
  export DOGWATCH_TEST_PYTHON="$PWD/$venv/bin/python"
fi

# --- Node's parsers ----------------------------------------------------------------------------

# What a folder of tools needs from npm, in the folder of the same name below target/.
npm_packages() {
  local from=tools/$1 into=target/$1
  if cmp -s "$from/package-lock.json" "$into/package-lock.json"; then return; fi
  step "Installing npm packages into $into"
  rm -rf "$into"
  mkdir -p "$into"
  cp "$from"/*.json "$into/"
  (cd "$into" && npm ci --ignore-scripts --no-audit --no-fund) || { rm -rf "$into"; exit 1; }
}

if [ $with_node = yes ]; then
  npm_packages calendar
  npm_packages openapi
  export DOGWATCH_TEST_ICAL_JS="$PWD/target/calendar/node_modules" DOGWATCH_TEST_OPENAPI_JS="$PWD/target/openapi/node_modules"
fi

# --- A browser, and what checks pages in it ---------------------------------------------------

if [ $with_browser = yes ]; then
  npm_packages browser
  DOGWATCH_TEST_CHROMEDRIVER=$(command -v chromedriver)
  export DOGWATCH_TEST_CHROMEDRIVER DOGWATCH_TEST_AXE="$PWD/target/browser/node_modules/axe-core/axe.min.js"
fi

# cargo-nextest, where it is installed, names the tests that took long.
if cargo nextest --version >/dev/null 2>&1; then
  test_runner=(cargo nextest run --locked --workspace --no-fail-fast)
else
  test_runner=(cargo test --locked --workspace)
fi

# The documents' commands are run, rather than left out where curl or jq is missing.
export DOGWATCH_TEST_DOCS=yes

# --- The checks -------------------------------------------------------------------------------

step "Formatting"
cargo fmt --all --check
step "Building the tests"
cargo test --locked --workspace --no-run
step "Tests, on SQLite"
env -u DOGWATCH_TEST_POSTGRES "${test_runner[@]}"
if [ "${test_runner[1]}" = nextest ]; then cargo test --locked --workspace --doc --quiet; fi
if [ $with_postgres = yes ]; then
  step "Tests, on PostgreSQL"
  DOGWATCH_TEST_POSTGRES="$postgres_url" "${test_runner[@]}" --test it
fi
step "Lints"
cargo clippy --locked --workspace --all-targets -- -D warnings
step "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet

for what in "${left_out[@]+"${left_out[@]}"}"; do echo "LEFT OUT: $what"; done
finish_step
printf '\nHow long it took:\n'
printf '%s\n' "${steps[@]}"
printf '%5d s  in all\n\n==> All checks passed\n' $SECONDS
