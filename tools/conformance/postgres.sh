#!/usr/bin/env bash
# PostgreSQL as it is run elsewhere: a certificate of its own, a role with few connections and a password, a schema
# named in options, two hosts of which the first is down, pgbouncer in between, a server that stops and one that
# freezes. Needs PostgreSQL's server programs, pgbouncer, openssl and curl; uses loopback and a temporary folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

dogwatch=$(realpath -m "${DOGWATCH:-target/debug/dogwatch}")
pg_bin=$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb 2>/dev/null | tail -n 1)
pg_bin=$(dirname "$(readlink -f "${pg_bin:-initdb}")")
PATH=$PATH:/usr/sbin
for program in "$pg_bin/initdb" "$pg_bin/psql" pgbouncer openssl curl "$dogwatch"; do
  command -v "$program" >/dev/null || { echo "$program is missing"; exit 77; }
done

scratch=$(mktemp -d "${TMPDIR:-/tmp}/dogwatch-postgres.XXXXXX")
server= pooler=
# PostgreSQL and pgbouncer refuse to run as root: then an ordinary user does it.
user=$(id -u)
if [ "$user" = 0 ]; then
  user=postgres
  id -u postgres >/dev/null 2>&1 || user=nobody
  chown "$user" "$scratch"
fi
chmod 755 "$scratch"
as_user() {
  if [ "$(id -u)" != 0 ]; then "$@"; return; fi
  (cd / && setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- env HOME=/tmp "$@")
}
cleanup() {
  stop_server
  stop_pooler
  if [ -f "$scratch/pg/postmaster.pid" ]; then
    kill -CONT $(postgres_processes) 2>/dev/null || true
    as_user "$pg_bin/pg_ctl" -D "$scratch/pg" -m immediate -w stop >/dev/null || true
  fi
  rm -rf "$scratch"
}
trap cleanup EXIT

fail() { echo "FAILED: $*"; exit 1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
postgres_processes() { local first; first=$(head -n 1 "$scratch/pg/postmaster.pid"); echo "$first"; ps -o pid= --ppid "$first"; }
psql() { "$pg_bin/psql" -qAtX "postgres://dogwatch@127.0.0.1:$port/$1?sslmode=disable" -c "$2"; }
run() { env -i PATH="$PATH" DATABASE_URL="$1" DOGWATCH_DATA_DIR="$scratch/data" DOGWATCH_LISTEN=127.0.0.1:0 "$dogwatch" "${@:2}"; }

# says WHAT URL WORD…: `dogwatch check` fails at this address, with all of these words and no password.
says() {
  local what=$1 url=$2 said; shift 2
  if said=$(run "$url" check 2>/dev/null); then fail "$what: check says ok: $said"; fi
  for word in "$@"; do grep -qF -- "$word" <<<"$said" || fail "$what: no $word in: $said"; done
  if grep -q hunter2 <<<"$said"; then fail "$what: a password in: $said"; fi
  echo "ok: $what: $(sed -n 's/^database *FAILED: //p' <<<"$said")"
}
# works WHAT URL: tables can be made there.
works() { run "$2" migrate >"$scratch/out" 2>&1 || fail "$1: $(cat "$scratch/out")"; echo "ok: $1"; }

start_server() {
  env -i PATH="$PATH" DATABASE_URL="$1" DOGWATCH_DATA_DIR="$scratch/data" DOGWATCH_LISTEN=127.0.0.1:0 DOGWATCH_LOG_FORMAT=json \
    "$dogwatch" serve >"$scratch/first" 2>"$scratch/log" &
  server=$!
  for _ in $(seq 150); do
    address=$(sed -n 's/.*"message":"serving".*"address":"\([^"]*\)".*/\1/p' "$scratch/log")
    [ -z "$address" ] || return 0
    sleep 0.1
  done
  fail "no server: $(cat "$scratch/log")"
}
stop_server() { if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" || true; server=; fi; }
stop_pooler() {
  if [ -z "$pooler" ]; then return; fi
  # Its own number: what waits for it here is only the shell that changed the user.
  kill "$(cat "$scratch/pgbouncer.pid")" 2>/dev/null || true
  wait "$pooler" || true
  pooler=
}
# until_stale: the milliseconds until an answer says that it is stale.
until_stale() {
  local begun now
  begun=$(date +%s%3N)
  while :; do
    now=$(date +%s%3N)
    if curl -sI "http://$address/sign-in" | grep -qi '^dogwatch-stale-since'; then echo $((now - begun)); return; fi
    [ $((now - begun)) -lt 15000 ] || { echo 15000; return; }
    sleep 0.02
  done
}

# --- A cluster with a certificate of an authority that nobody knows ------------------------------

port=$(free_port) down=$(free_port)
as_user "$pg_bin/initdb" -D "$scratch/pg" -U dogwatch --auth=trust --encoding=UTF8 --no-sync >/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout "$scratch/ca.key" -out "$scratch/ca.pem" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout "$scratch/server.key" -out "$scratch/server.csr" 2>/dev/null
openssl x509 -req -in "$scratch/server.csr" -CA "$scratch/ca.pem" -CAkey "$scratch/ca.key" -CAcreateserial -days 2 \
  -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$scratch/server.crt" 2>/dev/null
cp "$scratch/server.crt" "$scratch/server.key" "$scratch/pg/"
chmod 600 "$scratch/pg/server.key"
[ "$(id -u)" != 0 ] || chown "$user" "$scratch/pg/server.crt" "$scratch/pg/server.key"
cat >"$scratch/pg/pg_hba.conf" <<HBA
host all limited all scram-sha-256
host all all all trust
local all all trust
HBA
[ "$(id -u)" != 0 ] || chown "$user" "$scratch/pg/pg_hba.conf"
start_postgres() {
  as_user "$pg_bin/pg_ctl" -D "$scratch/pg" -l "$scratch/pg.log" -w start \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$scratch' -c fsync=off -c ssl=on" >/dev/null \
    || { cat "$scratch/pg.log"; exit 1; }
}
start_postgres
at=127.0.0.1:$port
psql postgres "CREATE ROLE limited LOGIN PASSWORD 'hunter2' CONNECTION LIMIT 3"
for database in plain tls hosts socket pooled; do psql postgres "CREATE DATABASE $database"; done
psql postgres "CREATE DATABASE few OWNER limited"
psql plain "CREATE SCHEMA duty"

# --- Reasons --------------------------------------------------------------------------------------

says "a role that is missing" "postgres://nobody:hunter2@$at/plain?sslmode=disable" 'role "nobody" does not exist (28000)'
says "a database that is missing" "postgres://dogwatch@$at/nothing?sslmode=disable" 'database "nothing" does not exist (3D000)'
says "a wrong password" "postgres://limited:hunter22@$at/few?sslmode=disable" 'password authentication failed' 28P01
says "a server that is down" "postgres://dogwatch@127.0.0.1:$down/plain" "127.0.0.1:$down: " "Connection refused"
says "a private certificate" "postgres://dogwatch@$at/tls" UnknownIssuer sslrootcert=FILE sslmode=disable
says "another name than the certificate's" "postgres://dogwatch@localhost:$port/tls?sslrootcert=$scratch/ca.pem" hostaddr=
if run "postgres://dogwatch@$at/tls?sslmode=bogus" check >"$scratch/out" 2>&1; then fail "sslmode=bogus is taken"; fi
grep -q 'DATABASE_URL: sslmode must be' "$scratch/out" || fail "$(cat "$scratch/out")"
echo "ok: sslmode=bogus"

# --- What psql takes -------------------------------------------------------------------------------

works "a private certificate that is trusted" "postgres://dogwatch@$at/tls?sslmode=verify-full&sslrootcert=$scratch/ca.pem"
works "the name of the certificate, at an address" \
  "postgres://dogwatch@127.0.0.1:$port/tls?hostaddr=127.0.0.1&sslmode=require&sslrootcert=$scratch/ca.pem"
works "a schema in options" "postgres://dogwatch@$at/plain?sslmode=disable&options=-c%20search_path%3Dduty"
[ "$(psql plain "SELECT to_regclass('duty.people'), to_regclass('public.people')")" = "duty.people|" ] || fail "the schema is another"
works "two hosts, the first of which is down" "postgres://dogwatch@127.0.0.1:$down,$at/hosts?sslmode=disable&target_session_attrs=read-write"
works "a socket" "postgres:///socket?host=$scratch&port=$port&user=dogwatch"

# --- Few connections --------------------------------------------------------------------------------

start_server "postgres://limited:hunter2@$at/few?sslmode=disable"
token=$(grep -om1 '^  dw_[^ ]*' "$scratch/first" | tr -d ' ')
for _ in $(seq 30); do
  curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $token" "http://$address/api/v1/audit" &
done >"$scratch/statuses"
for job in $(jobs -p); do [ "$job" = "$server" ] || wait "$job" || true; done
if grep -qvE '^(200|503)$' "$scratch/statuses"; then fail "$(sort "$scratch/statuses" | uniq -c)"; fi
echo "ok: 30 requests with 3 connections: $(sort "$scratch/statuses" | uniq -c | tr -s ' \n' ' ')"
named=$(psql few "SELECT count(*) FROM pg_stat_activity WHERE datname = 'few' AND application_name = 'dogwatch'")
[ "$named" -ge 1 ] || fail "nobody is called dogwatch"
echo "ok: $named connections, called dogwatch"
stop_server

# --- Poolers ----------------------------------------------------------------------------------------

pool_port=$(free_port)
start_pooler() {
  rm -f "$scratch/pgbouncer.pid"
  cat >"$scratch/pgbouncer.ini" <<INI
[databases]
* = host=127.0.0.1 port=$port user=dogwatch
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pool_port
auth_type = any
unix_socket_dir =
pidfile = $scratch/pgbouncer.pid
pool_mode = $1
server_round_robin = ${2:-0}
INI
  as_user pgbouncer "$scratch/pgbouncer.ini" >"$scratch/pooler.log" 2>&1 &
  pooler=$!
  for _ in $(seq 50); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$pool_port") 2>/dev/null; then return; fi
    sleep 0.1
  done
  fail "pgbouncer: $(cat "$scratch/pooler.log")"
}
pooled=postgres://dogwatch@127.0.0.1:$pool_port/pooled
start_pooler transaction; says "pgbouncer in transaction mode" "$pooled" pool_mode=session; stop_pooler
start_pooler transaction 1; says "the same in turn" "$pooled" pool_mode=session; stop_pooler
start_pooler statement; says "pgbouncer in statement mode" "$pooled" pool; stop_pooler
start_pooler session; works "pgbouncer in session mode" "$pooled"
start_server "$pooled"
curl -fsS "http://$address/readyz" | grep -q '"degraded":false' || fail "degraded behind pgbouncer"
echo "ok: serving through pgbouncer in session mode"
stop_server; stop_pooler

# --- A server that stops, and one that freezes -------------------------------------------------------

start_server "postgres://dogwatch@$at/hosts?sslmode=disable"
sleep 1
as_user "$pg_bin/pg_ctl" -D "$scratch/pg" -m fast -w stop >/dev/null
took=$(until_stale)
[ "$took" -lt 500 ] || fail "answers were fresh for $took ms after PostgreSQL stopped"
echo "ok: stopped, and stale after $took ms"
start_postgres
for _ in $(seq 100); do curl -fsS "http://$address/readyz" | grep -q '"degraded":false' && break; sleep 0.1; done
kill -STOP $(postgres_processes)
took=$(until_stale)
kill -CONT $(postgres_processes)
[ "$took" -lt 4000 ] || fail "answers were fresh for $took ms after PostgreSQL froze"
echo "ok: frozen, and stale after $took ms"
stop_server
