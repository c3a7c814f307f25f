#!/usr/bin/env bash
# Every test, then one line of counts. `make test` has built the console and the binary before. A failing part does not keep the
# others from running.
#
#   TEST_ARGS='-run Playout ./internal/live/...'   go test's own arguments; only the Go tests run then
#   GO_TEST_FLAGS=-count=1                         more of its flags
#   FUZZ_SECONDS=600 FUZZ_SEED=7              how long odd requests are made, and which
#   VERBOSE=1                                      what passing tests say, too
set -uo pipefail

started=$SECONDS
status=0
counts=()
mkdir -p bin/reports

headline() { printf '\n== %s\n\n' "$*"; }
duration() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

# part NAME COMMAND... runs one part and notes whether it failed.
part() {
  local name=$1 began=$SECONDS
  shift
  headline "$name"
  if "$@"; then
    printf '\n%s: passed after %s\n' "$name" "$(duration $((SECONDS - began)))"
  else
    printf '\n%s: FAILED after %s\n' "$name" "$(duration $((SECONDS - began)))"
    status=1
  fi
}

go_tests() {
  local counted=bin/reports/go-counts verbose=() args=(./...)
  rm -f "$counted"
  [[ -z ${VERBOSE:-} ]] || verbose=(-v)
  [[ -z ${TEST_ARGS:-} ]] || read -ra args <<<"$TEST_ARGS"
  local race=(-race)
  if ! command -v "${CC:-gcc}" >/dev/null; then
    echo "There is no C compiler: the tests run without the race detector." >&2
    race=()
  fi
  # shellcheck disable=SC2086 # GO_TEST_FLAGS are words
  # Two packages at a time: some of them measure time, or start programs of their own.
  go test -json "${race[@]}" -p "${GO_TEST_P:-2}" -timeout 10m ${GO_TEST_FLAGS:-} "${args[@]}" |
    CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" go run ./scripts/testreport "${verbose[@]}" -counts "$counted"
  local result=$?
  [[ -s $counted ]] && counts+=("$(<"$counted")")
  return "$result"
}

# What a steady conversation allocates can only be counted without the race detector, where these tests skip themselves.
allocation_tests() {
  local where
  mapfile -t where < <(grep -rlE '^func Test.*Allocate' --include='*_test.go' internal | xargs -n1 dirname | sort -u | sed 's|^|./|')
  # shellcheck disable=SC2086 # GO_TEST_FLAGS are words
  CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" go test -timeout 10m ${GO_TEST_FLAGS:-} -run Allocate "${where[@]}"
}

# Ten thousand conversations of random speech, faults and interruptions on virtual time, each invariant after each step. Without the race detector, with which the
# Go tests hold a thousand of them.
random_conversations() {
  # shellcheck disable=SC2086 # GO_TEST_FLAGS are words
  CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" go test -timeout 10m ${GO_TEST_FLAGS:-} ./internal/live/session -run '^TestRandomSessions$' -sessions "${SESSIONS:-10000}"
}

console_tests() {
  local report=bin/reports/console.json
  rm -f "$report"
  (cd web && npx --no-install vitest run --reporter=default --reporter=json --outputFile.json="../$report")
  local result=$?
  [[ -s $report ]] && counts+=("console: $(node -p '
    const r = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    `${r.numPassedTests} passed, ${r.numFailedTests} failed, ${r.numPendingTests} skipped`' "$report")")
  return "$result"
}

browser_tests() {
  local log=bin/reports/browser.log
  (cd test/e2e && GRIOT_BIN="$OLDPWD/griot" npm test --silent) | tee "$log"
  local result=$?
  # Playwright ends with lines such as "  12 passed (1.3m)" and "  1 skipped".
  counts+=("browser: $(sed -nE 's/^ +([0-9]+ (passed|failed|flaky|skipped|did not run)).*/\1/p' "$log" | paste -sd, | sed 's/,/, /g')")
  return "$result"
}

# Requests made from the server's own OpenAPI document, right ones and wrong ones. A minute's bound, of which 45 s are requests. They are the same ones each time, so that a change
# that is refused is the change that is wrong; `make fuzz-api` looks for others.
odd_requests() {
  local log=bin/reports/fuzz.log
  scripts/fuzz-api.sh "${FUZZ_SECONDS:-45}" "${FUZZ_SEED:-4008421815}" | tee "$log"
  local result=$?
  counts+=("odd requests: $(sed -nE 's/^ +([0-9]+) generated.*/\1/p' "$log" | paste -sd+ | sed 's/^$/0/' | tr -d ' ' | { read -r sum; echo $((sum)); })")
  return "$result"
}

if scripts/packages.sh install test; then
  export GRIOT_TEST_SYSTEM=1 # nothing may be skipped for want of a package
else
  echo "Tests that need what is missing are skipped." >&2
fi

part "Go tests" go_tests
if [[ -z ${TEST_ARGS:-} ]]; then
  part "Random conversations" random_conversations
  part "Allocations" allocation_tests
  part "Console tests" console_tests
  part "Odd requests" odd_requests
  [[ ! -f test/e2e/package.json ]] || part "Browser tests" browser_tests
fi

line=$(printf '%s; ' "${counts[@]}")
printf '\n== %s%s\n' "$line" "$(duration $((SECONDS - started)))"
[[ $status -eq 0 ]] && echo "== All tests passed." || echo "== SOME TESTS FAILED."
exit "$status"
