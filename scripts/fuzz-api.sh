#!/usr/bin/env bash
# Makes requests from the server's own OpenAPI document, right ones and wrong ones, as an administrator, and holds every answer against the document: no status, header or
# body that it does not have, and nothing that the server failed at. Prints the seed; what fails is printed with a curl command.
#
#   scripts/fuzz-api.sh [SECONDS] [SEED]     45 seconds; a third of them with ids that are made up too
#   FUZZ_ARGS='--include-path /api/keys'     more of schemathesis' arguments
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

seconds=${1:-45}
seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
tool=bin/schemathesis

# The tool and all that it needs have pinned versions, in a folder of their own.
if ! scripts/when-changed.sh schemathesis "$tool/bin/schemathesis" test/fuzz/requirements.txt -- bash -c \
  "rm -rf $tool && python3 -m venv $tool && $tool/bin/pip install --quiet --disable-pip-version-check --retries 4 -r test/fuzz/requirements.txt"; then
  echo "schemathesis cannot be installed: the API is not tried with odd requests. It needs python3-venv and the package index." >&2
  [[ -z ${GRIOT_TEST_SYSTEM:-} ]]
  exit
fi

data=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
  rm -rf "$data"
}
trap finish EXIT

./griot serve --data "$data" --addr 127.0.0.1:0 >"$data/log" 2>&1 &
server=$!
url=
for _ in $(seq 300); do
  url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$data/log" | head -1) && [[ -n $url ]] && curl -fs "$url/healthz" >/dev/null && break
  kill -0 "$server" 2>/dev/null || { cat "$data/log" >&2; exit 1; }
  sleep 0.1
done

# Somebody who may do everything, and something to do it with.
jar=$data/cookies
ask() { # METHOD PATH [BODY]
  curl -sS --fail-with-body -b "$jar" -c "$jar" -X "$1" "$url$2" ${3:+-H 'Content-Type: application/json' -d "$3"}
}
member() { python3 -c 'import json, sys
v = json.load(sys.stdin)
for k in sys.argv[1].split("."): v = v[int(k)] if isinstance(v, list) else v[k]
print(v)' "$1"; }
ask POST /api/setup '{"email":"ada@example.com","name":"Ada","password":"four words make it"}' >/dev/null
FUZZ_AGENT=$(ask POST /api/agents '{"definition":{"name":"Sophie","language":"fr","instructions":"Bonjour"}}' | member reference)
token=$(ask POST /api/invitations '{"email":"dora@example.com","role":"viewer"}' | member path)
curl -fsS -X POST "$url/api$token" -H 'Content-Type: application/json' -d '{"name":"Dora","password":"four words make it"}' >/dev/null
FUZZ_PERSON=$(ask GET '/api/people?q=dora' | member items.0.id)
FUZZ_TOKEN=$(ask POST /api/invitations '{"email":"carol@example.com","role":"viewer"}' | member path)
FUZZ_TOKEN=${FUZZ_TOKEN##*/}
# A conversation: whoever connects is greeted, and has left when curl gives up.
curl -s -o /dev/null -b "$jar" --http1.1 --max-time 3 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' \
  "$url/v1/realtime?model=agent:reception-en" || true
FUZZ_CONVERSATION=$(ask GET /api/conversations | member items.0.id)
key=$(ask POST /api/keys "{\"name\":\"Fuzz\",\"scopes\":$(ask GET /api/roles | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["scopes"]))')}" | member secret)
cookie=$(awk '$6 == "griot" { print $6 "=" $7 }' "$jar")
export FUZZ_AGENT FUZZ_PERSON FUZZ_TOKEN FUZZ_CONVERSATION

curl -fsS -H "Authorization: Bearer $key" "$url/api/session" >/dev/null

# A stream has no end, and sound is not to be made up from a schema.
# What an answer is held against. What is refused is for the services to say, which know more than the document does.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance
status=0
run() { # NAME SECONDS ARGUMENT...
  local name=$1 budget=$2
  shift 2
  echo "== $name: $budget s, seed $seed"
  # shellcheck disable=SC2086 # FUZZ_ARGS are words
  (cd "$data" && "$root/$tool/bin/schemathesis" "$@" --url "$url" --max-time "$budget" --seed "$seed" --checks "$checks" --phases coverage,fuzzing --workers 1 --request-timeout 60 --continue-on-failure \
    --suppress-health-check all --generation-database none --warnings off --exclude-operation-id follow-overview --exclude-operation-id transcribe ${FUZZ_ARGS:-}) || status=1
}
cat test/fuzz/checks.toml test/fuzz/there.toml >"$data/there.toml"
spec=$root/internal/api/openapi.json
# Signed in, about what is there. Nothing is deleted, and the session stays where it is.
run "signed in" $((seconds * 2 / 3)) --config-file "$data/there.toml" run "$spec" -H "Cookie: $cookie" --exclude-method DELETE --exclude-operation-id switch-tenant
# As a program, about what is not there, and about everything.
run "with a key" $((seconds - seconds * 2 / 3)) --config-file "$root/test/fuzz/checks.toml" run "$spec" -H "Authorization: Bearer $key"

if grep -E 'panic|level=ERROR|"level":"ERROR"|ERROR ' "$data/log" | head -20 | grep .; then
  echo "The server's log says that it failed." >&2
  status=1
fi
kill -0 "$server" 2>/dev/null || { echo "The server is gone:" >&2; tail -40 "$data/log" >&2; status=1; }
[[ $status -eq 0 ]] || echo "Again: scripts/fuzz-api.sh $seconds $seed" >&2
exit "$status"
