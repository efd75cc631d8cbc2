#!/usr/bin/env bash
# Checks Dogwatch behind real proxies: nginx, HAProxy and Apache.
#
#     tools/conformance/proxies.sh [path of the program]
#
# Starts a server and the proxies on high ports of the loopback address, with all their files in a temporary folder,
# and checks through each of them: If-Match with tags that compression has changed, forged forwarding headers, a
# connection that is used again after a rest of 7 seconds, and HTTP/1.0. Installs nothing; says what is missing.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
program=${1:-$root/target/debug/dogwatch}
token=proxies-test-bootstrap-token-0123456789
port=18180 nginx_port=18181 nginx_old_port=18182 haproxy_port=18183 apache_port=18184

missing=()
for tool in curl python3 nginx haproxy apache2; do
    PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || missing+=("$tool")
done
[ -x "$program" ] || missing+=("$program")
if [ ${#missing[@]} -gt 0 ]; then
    echo "missing: ${missing[*]}" >&2
    exit 2
fi
PATH=$PATH:/usr/sbin

folder=$(mktemp -d)
started=() failed=0
clean_up() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$folder"
}
trap clean_up EXIT

start() { # name, command…
    local name=$1
    shift
    "$@" >"$folder/$name.log" 2>&1 &
    started+=($!)
}

await() { # name, address
    for _ in $(seq 200); do
        curl -sf -o /dev/null "$2/readyz" && return
        sleep 0.1
    done
    echo "$1 did not start:" >&2
    tail -20 "$folder/$1.log" >&2
    exit 1
}

say() { # whether it is so, what
    if [ "$1" = yes ]; then
        echo "ok    $2"
    else
        echo "FAIL  $2"
        failed=1
    fi
}

is() { # value, expected, what
    if [ "$1" = "$2" ]; then say yes "$3"; else say no "$3: $1 instead of $2"; fi
}

cat >"$folder/nginx.conf" <<CONF
daemon off;
pid $folder/nginx.pid;
error_log $folder/nginx-error.log;
events {}
http {
    access_log off;
    client_body_temp_path $folder/nginx-body;
    proxy_temp_path $folder/nginx-proxy;
    fastcgi_temp_path $folder/nginx-fastcgi;
    uwsgi_temp_path $folder/nginx-uwsgi;
    scgi_temp_path $folder/nginx-scgi;
    gzip on;
    gzip_proxied any;
    gzip_min_length 1;
    gzip_http_version 1.0;
    gzip_types application/json;
    upstream dogwatch {
        server 127.0.0.1:$port;
        keepalive 8;
        keepalive_timeout 60s;
    }
    proxy_set_header Host \$host;
    proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto \$scheme;
    server {
        listen 127.0.0.1:$nginx_port;
        location / {
            proxy_http_version 1.1;
            proxy_set_header Host \$host;
            proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_set_header Connection "";
            proxy_pass http://dogwatch;
        }
    }
    server {
        listen 127.0.0.1:$nginx_old_port;
        location / {
            proxy_http_version 1.0;
            proxy_pass http://127.0.0.1:$port;
        }
    }
}
CONF

cat >"$folder/haproxy.cfg" <<CONF
defaults
    mode http
    timeout connect 5s
    timeout client 75s
    timeout server 75s
    timeout http-keep-alive 75s
frontend in
    bind 127.0.0.1:$haproxy_port
    compression algo gzip
    compression type application/json text/html
    default_backend dogwatch
backend dogwatch
    option forwardfor
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Forwarded-Proto http unless { ssl_fc }
    http-reuse always
    server one 127.0.0.1:$port pool-purge-delay 60s
CONF

modules=/usr/lib/apache2/modules
[ -d "$modules" ] || modules=/usr/lib64/httpd/modules
{
    for module in mpm_event authz_core proxy proxy_http filter deflate headers; do
        echo "LoadModule ${module}_module $modules/mod_$module.so"
    done
    cat <<CONF
ServerRoot $folder
ServerName 127.0.0.1
PidFile $folder/apache.pid
Mutex default:$folder
DefaultRuntimeDir $folder
ErrorLog $folder/apache-error.log
Listen 127.0.0.1:$apache_port
SetOutputFilter DEFLATE
RequestHeader set X-Forwarded-Proto http
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:$port/ ttl=60 keepalive=On
CONF
} >"$folder/apache.conf"

start dogwatch env -i "PATH=$PATH" \
    DOGWATCH_LISTEN=127.0.0.1:$port DOGWATCH_DATA_DIR="$folder/data" DOGWATCH_BOOTSTRAP_TOKEN=$token \
    DOGWATCH_TRUSTED_PROXIES=127.0.0.1 DOGWATCH_LOG=warn "$program" serve
await dogwatch http://127.0.0.1:$port
start nginx nginx -p "$folder" -c "$folder/nginx.conf"
start haproxy haproxy -f "$folder/haproxy.cfg" -db
start apache apache2 -f "$folder/apache.conf" -DFOREGROUND

# The client has an address of its own, which is no trusted proxy's.
ask() { # address, more arguments of curl
    local address=$1
    shift
    curl -s --interface 127.0.0.2 --max-time 20 -H "Authorization: Bearer $token" "$address" "$@"
}

status() {
    ask "$@" -o /dev/null -w '%{http_code}'
}

header() { # name; the head on standard input
    tr -d '\r' | sed -n "s/^$1: //Ip" | head -1
}

open_connections() { # how many connections a proxy has to the server
    python3 - "$port" <<'PYTHON'
import sys
port = int(sys.argv[1])
lines = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
print(sum(line[3] == "01" and int(line[2].split(":")[1], 16) == port for line in lines))
PYTHON
}

api=http://127.0.0.1:$port/api/v1
status "$api/teams" -X POST -H 'Content-Type: application/json' \
    -d '{"slug":"flags","name":"Flags","time_zone":"UTC"}' >/dev/null

change_team() { # base, tag
    status "$1/api/v1/teams/flags" -X PATCH -H 'Content-Type: application/json' -H "If-Match: $2" -d "{\"name\":\"Flags $RANDOM\"}"
}

check_tags() { # name, base, whether it compresses
    local head tag
    head=$(ask "$2/api/v1/teams/flags" -o /dev/null -D - -H 'Accept-Encoding: gzip')
    tag=$(header etag <<<"$head")
    is "$(header content-encoding <<<"$head")" "$3" "$1: the answer is compressed (tag $tag)"
    is "$(change_team "$2" "$tag")" 200 "$1: If-Match with that tag"
    is "$(change_team "$2" "$tag")" 412 "$1: If-Match with that tag, when it is stale"
}

check_forging() { # name, base
    local slug=forged-$RANDOM recorded
    status "$2/api/v1/teams" -X POST -H 'Content-Type: application/json' -H 'X-Forwarded-For: 6.6.6.6' \
        -H 'Forwarded: for=6.6.6.6;proto=https' -H 'X-Real-IP: 6.6.6.6' -d "{\"slug\":\"$slug\",\"name\":\"x\",\"time_zone\":\"UTC\"}" >/dev/null
    recorded=$(ask "$api/audit?action=team.create&limit=200" | python3 -c "
import json, sys
print(next(i['address'] for i in json.load(sys.stdin)['items'] if i['after'].get('slug') == '$slug'))")
    is "$recorded" 127.0.0.2 "$1: the audit log has the client's address, whatever it says itself"
}

check_rest() { # name, base
    local before after
    ask "$2/api/v1/teams" -o /dev/null
    before=$(open_connections)
    sleep 7
    after=$(open_connections)
    [ "$after" -ge "$before" ] && say yes "$1: the connections are open after 7 seconds" ||
        say no "$1: $after of $before connections are open after 7 seconds"
    is "$(status "$2/api/v1/teams" -X POST -H 'Content-Type: application/json' -d '{}')" 422 "$1: a POST after the rest"
}

check_old() { # name, base
    local head
    head=$(ask "$2/sign-in" --http1.0 -H 'Accept-Encoding: gzip' -D - -o "$folder/page")
    is "$(header transfer-encoding <<<"$head")" "" "$1: HTTP/1.0 gets no chunks"
    [ "$(header content-encoding <<<"$head")" = gzip ] && gunzip <"$folder/page" >"$folder/text" || cp "$folder/page" "$folder/text"
    grep -q '</html>' "$folder/text" && say yes "$1: HTTP/1.0 gets the whole page" || say no "$1: HTTP/1.0 gets the whole page"
}

check_old directly http://127.0.0.1:$port
for proxy in "nginx $nginx_port" "haproxy $haproxy_port" "apache $apache_port"; do
    read -r name number <<<"$proxy"
    base=http://127.0.0.1:$number
    await "$name" "$base"
    check_tags "$name" "$base" gzip
    check_forging "$name" "$base"
    check_rest "$name" "$base"
    check_old "$name" "$base"
done
check_old "nginx, which asks by HTTP/1.0" http://127.0.0.1:$nginx_old_port
exit $failed
