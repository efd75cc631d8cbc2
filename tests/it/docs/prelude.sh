# What the documents' commands run in: read by bash before their blocks (see shell.rs).
#
# $BIN is the program, $WORK a folder of this run, $ROOT what stands for / in commands for root.
set -eu -o pipefail
shopt -s inherit_errexit
# An unquoted ? or * that matches no file is an error in zsh, so it is one here.
shopt -s failglob

# The documents leave these options out for the sake of their readers.
curl() { command curl --silent --show-error --fail-with-body --max-time 20 "$@"; }

# A block begins: what it prints is kept under its number.
begin_block() {
  echo "$2" >"$WORK/at"
  exec >"$WORK/$1.out"
}

dogwatch() {
  case $1 in
    serve) in_background "$@" ;;
    demo) in_background demo --port "$DEMO_PORT" ;;
    *) "$BIN" "$@" ;;
  esac
}

# Starts a server and waits until it serves. Of the first one of a document, notes the address and a token.
in_background() {
  local said=$WORK/$1.said
  "$BIN" "$@" >"$said" 2>&1 &
  echo $! >>"$WORK/pids"
  local url='' tries=0
  until [ -n "$url" ] && command curl --silent --fail "$url/readyz" >"$WORK/ready"; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ]; then cat "$said" >&2; return 1; fi
    sleep 0.1
    url=$(grep -o 'http://127.0.0.1:[1-9][0-9]*' "$said" | head -n 1 || true)
  done
  if [ -e "$WORK/url" ]; then return; fi
  echo "$url" >"$WORK/url"
  grep -o 'dw_[A-Za-z0-9_-]*' "$said" | head -n 1 >"$WORK/token" || true
}

stop_servers() {
  if [ -e "$WORK/pids" ]; then
    while read -r pid; do kill "$pid" 2>/dev/null || true; done <"$WORK/pids"
  fi
}
trap stop_servers EXIT

# Runs a block on a PostgreSQL database with tables, where this run has one and PostgreSQL's programs are installed.
if_postgresql() {
  if [ -z "$POSTGRES_URL" ] || [ -z "$POSTGRES_TOOLS" ]; then return; fi
  (
    PATH=$POSTGRES_TOOLS:$PATH
    export DATABASE_URL=$POSTGRES_URL
    dogwatch migrate
    "$1"
  )
}

# The program is built already.
cargo() {
  case $* in
    'build --release') ;;
    'run --release -- '*) shift 3; dogwatch "$@" ;;
    *) echo "cargo $*: not known to the test" >&2; return 1 ;;
  esac
}

# Commands for root: below $ROOT, and as whoever runs the test.
sudo() (
  if [ "$1" = -u ]; then shift 2; fi
  words=()
  for word in "$@"; do
    case $word in
      [A-Z]*=/*) word=${word%%=*}=$ROOT${word#*=} ;;
      /*) word=$ROOT$word ;;
    esac
    words+=("$word")
  done
  set -- "${words[@]}"
  while [[ $1 == *=* ]]; do export "${1?}"; shift; done
  "$@"
)

useradd() { [ "${!#}" = dogwatch ]; }

systemctl() { :; }

# The owner is left out: the user is not made either. A program is linked rather than copied.
install() {
  local words=()
  while [ $# -gt 0 ]; do
    case $1 in
      -o | -g) shift 2 ;;
      *) words+=("$1"); shift ;;
    esac
  done
  set -- "${words[@]}"
  if [ "$1" = -d ]; then command install "$@"; return; fi
  mkdir -p "$2"
  ln -s "$(realpath "$1")" "$2"
}
