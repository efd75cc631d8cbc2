#!/bin/bash
# Sends mail through real Postfix and Exim servers that object to one setting after the other.
#
#     tools/conformance/mail.sh [path of dogwatch]
#
# To be run by hand and as root, since mail servers change their user. Everything lives in a folder of its own and on
# ports of 127.0.0.1 from 26010 on; the machine's own mail server is neither used nor changed. What is missing is said
# at the start. Debian's packages of Postfix and Exim exclude each other: install one, unpack the other, and name it:
#
#     apt-get install postfix libidn12 && apt-get download exim4-daemon-light && dpkg -x exim4-daemon-light_*.deb DIR
#     useradd -r Debian-exim; EXIM=DIR/usr/sbin/exim4 tools/conformance/mail.sh
set -euo pipefail

dogwatch=$(realpath "${1:-target/debug/dogwatch}")
exim=${EXIM:-/usr/sbin/exim4}
exim_user=${EXIM_USER:-Debian-exim}

missing=0
need() { command -v "$1" >/dev/null || { echo "missing: $1 ($2)"; missing=1; }; }
need "$dogwatch" "cargo build, or name the program"
need postfix "Debian package postfix"
need postconf "Debian package postfix"
need "$exim" "Debian package exim4-daemon-light; EXIM names another path"
id "$exim_user" >/dev/null 2>&1 || { echo "missing: the user $exim_user, whom Exim wants to be"; missing=1; }
need curl "Debian package curl"
need python3 "Debian package python3"
[ "$(id -u)" = 0 ] || { echo "missing: root"; missing=1; }
[ $missing = 0 ] || exit 2

work=$(mktemp -d)
chmod 755 "$work"
server= exim_pid=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$exim_pid" ] || kill "$exim_pid" 2>/dev/null || true
    postfix -c "$work/postfix" stop >/dev/null 2>&1 || true
    if [ "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT

# Postfix: one port for each objection.
start_postfix() {
    mkdir -p "$work"/{postfix,queue,data,mail/inbox}
    chown postfix "$work/data" "$work/mail" "$work/mail/inbox"
    cat >"$work/postfix/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $work/queue
data_directory = $work/data
myhostname = relay.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
alias_maps =
alias_database =
maillog_file = $work/postfix.log
maillog_file_prefixes = $work
smtpd_peername_lookup = no
virtual_mailbox_domains = example.com
virtual_mailbox_base = $work/mail
virtual_mailbox_maps = inline:{ ada@example.com=inbox/ }
virtual_uid_maps = static:$(id -u postfix)
virtual_gid_maps = static:$(id -g postfix)
default_transport = discard:
CONF
    cat >"$work/postfix/master.cf" <<CONF
127.0.0.1:26010 inet n - n - - smtpd
  -o smtpd_helo_restrictions=reject_non_fqdn_helo_hostname
127.0.0.1:26011 inet n - n - - smtpd
  -o mynetworks=192.0.2.0/24
127.0.0.1:26012 inet n - n - - smtpd
  -o mynetworks=192.0.2.0/24 -o smtpd_relay_restrictions=reject_unauth_destination
127.0.0.1:26013 inet n - n - - smtpd
  -o { smtpd_sender_restrictions = check_sender_access inline:{dogwatch@example.org=REJECT} }
127.0.0.1:26014 inet n - n - - smtpd
  -o { smtpd_client_restrictions = check_client_access inline:{127.0.0.1=REJECT} } -o smtpd_delay_reject=no
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
CONF
    postfix -c "$work/postfix" start >"$work/postfix.start" 2>&1 || { cat "$work/postfix.start"; exit 1; }
}

# Exim: it wants a login, and refuses to relay in words of its own.
start_exim() {
    mkdir -p "$work/exim"
    chown "$exim_user" "$work/exim"
    cat >"$work/exim.conf" <<CONF
exim_user = $exim_user
exim_group = $(id -gn "$exim_user")
spool_directory = $work/exim
log_file_path = $work/exim/%slog
primary_hostname = exim.example.net
domainlist local_domains = local.test
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  accept authenticated = *
  accept domains = +local_domains
  deny message = relay not permitted
begin routers
all:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
  user = $exim_user
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{dogwatch}}{eq{\$auth3}{right}}}}
  server_set_id = \$auth2
CONF
    chown root "$work/exim.conf"
    "$exim" -C "$work/exim.conf" -bdf -oX 127.0.0.1.26015 >"$work/exim.start" 2>&1 &
    exim_pid=$!
}

wait_for_port() {
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    echo "nothing listens at port $1"
    cat "$work"/*.start "$work"/postfix.log 2>/dev/null || true
    exit 1
}

# What the API says, by an expression on `it`.
api() {
    local method=$1 path=$2 body=$3 expression=$4
    curl -sS -X "$method" -H "Authorization: Bearer conformance-token-0001" -H 'Content-Type: application/json' \
        ${body:+-d "$body"} "http://127.0.0.1:26020/api/v1$path" |
        python3 -c "import json,sys; it = json.load(sys.stdin); print($expression)"
}

# Somebody who is always at work goes on duty in two hours, and hears of it now.
someone_on_duty() {
    local email=$1 id soon
    soon=$(date -u -d '+2 hours' +%Y-%m-%dT%H:00:00)
    id=$(api POST /people "{\"name\": \"Ada\", \"email\": \"$email\", \"time_zone\": \"UTC\", \"working_hours\":
        [{\"days\": [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"], \"start\": \"00:00\", \"end\": \"24:00\"}]}" "it['id']")
    api POST /teams "{\"slug\": \"flags\", \"name\": \"Flags\", \"time_zone\": \"UTC\", \"members\": [\"$id\"]}" "''"
    api POST /teams/flags/rotations "{\"name\": \"hero\", \"title\": \"Hero\", \"kind\": \"ordered\",
        \"time_zone\": \"UTC\", \"handoff\": {\"start\": \"$soon\", \"rule\": \"FREQ=WEEKLY\"},
        \"order\": [\"$id\"]}" "''"
}

failed=0
# try NAME RECIPIENT EXPECTED WORDS SETTING=VALUE...: EXPECTED is sent, or pending with WORDS in the reason; the check
# must say the same.
try() {
    local name=$1 recipient=$2 expected=$3 words=$4 found=
    shift 4
    local folder=$work/run
    rm -rf "$folder" && mkdir "$folder"
    local settings=(DOGWATCH_DATA_DIR="$folder" DOGWATCH_LISTEN=127.0.0.1:26020
        DOGWATCH_BOOTSTRAP_TOKEN=conformance-token-0001 DOGWATCH_MAIL_FROM="Dogwatch <dogwatch@example.org>"
        DOGWATCH_PUBLIC_URL=https://oncall.example.org "$@")
    local check=0
    env "${settings[@]}" "$dogwatch" check >"$folder/check" 2>&1 || check=$?
    env "${settings[@]}" "$dogwatch" serve >"$folder/log" 2>&1 &
    server=$!
    wait_for_port 26020
    someone_on_duty "$recipient" >/dev/null
    for _ in $(seq 150); do
        found=$(api GET '/outbox?limit=200' '' "next((m['state'] + ' ' + str(m['attempts']) + ' ' + str(m['last_error'])
            for m in it['items'] if m['attempts']), '')")
        [ -z "$found" ] || break
        sleep 0.1
    done
    kill "$server" && wait "$server" || true
    server=
    local fine=1
    case $found in "$expected"*"$words"*) ;; *) fine=0 ;; esac
    if [ "$expected" = sent ]; then [ $check = 0 ] || fine=0; else
        [ $check = 1 ] && grep -q "$words" "$folder/check" || fine=0
    fi
    if [ $fine = 1 ]; then echo "ok      $name: $found"; else
        failed=1
        echo "FAILED  $name: $found"
        sed 's/^/        /' "$folder/check"
    fi
}

start_postfix
start_exim
wait_for_port 26010
wait_for_port 26015

postfix_at() { echo "DOGWATCH_SMTP_URL=smtp://127.0.0.1:$1"; }
try "postfix, our name is none" ada@example.com pending DOGWATCH_SMTP_HELO "$(postfix_at 26010)" DOGWATCH_SMTP_HELO=node1
try "postfix, our name is the public URL's" ada@example.com sent "" "$(postfix_at 26010)"
try "postfix, relaying later" ada@example.net pending "Relay access denied" "$(postfix_at 26011)"
try "postfix, relaying never" ada@example.net pending "Relay access denied" "$(postfix_at 26012)"
try "postfix, not this sender" ada@example.com pending DOGWATCH_MAIL_FROM "$(postfix_at 26013)"
try "postfix, not this client" ada@example.com pending DOGWATCH_SMTP_URL "$(postfix_at 26014)"
try "exim, relaying never" ada@example.net pending "relay not permitted" DOGWATCH_SMTP_URL=smtp://127.0.0.1:26015
try "exim, wrong password" ada@example.net pending "535" DOGWATCH_SMTP_URL=smtp://dogwatch:wrong@127.0.0.1:26015
try "exim, right password" ada@example.net sent "" DOGWATCH_SMTP_URL=smtp://dogwatch:right@127.0.0.1:26015

for _ in $(seq 50); do
    arrived=$(find "$work/mail/inbox" -type f -path '*/new/*' | wc -l)
    [ "$arrived" -gt 0 ] && break
    sleep 0.2
done
if [ "$arrived" = 1 ]; then echo "ok      one mail has arrived in a mailbox"; else
    failed=1
    echo "FAILED  $arrived mails have arrived in a mailbox"
fi
exit $failed
