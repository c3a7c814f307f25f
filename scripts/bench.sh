#!/usr/bin/env bash
# Every benchmark, as one table: time, memory and allocations for one operation, and whatever else a benchmark reports.
#
#   BENCH=Gate BENCH_ARGS='-benchtime=3s' scripts/bench.sh ./internal/live/...
set -euo pipefail

[[ $# -gt 0 ]] || set -- ./internal/...
# shellcheck disable=SC2086 # BENCH_ARGS are words
go test -run '^$' -bench "${BENCH:-.}" -benchmem ${BENCH_ARGS:-} "$@" | awk '
  /^(cpu|goos|goarch): / { if (!seen[$0]++) print; next }
  /^pkg: / { sub(/^griot\/(internal\/)?/, "", $2); pkg = $2; next }
  /^Benchmark/ && NF > 3 {
    if (pkg != last) { printf "\n%s\n", pkg; last = pkg }
    sub(/^Benchmark/, "", $1); sub(/-[0-9]+$/, "", $1)
    rest = ""
    for (i = 3; i < NF; i += 2) {
      if ($(i+1) == "ns/op") time = pretty($i)
      else if ($(i+1) == "B/op") bytes = $i " B"
      else if ($(i+1) == "allocs/op") allocs = $i " allocs"
      else rest = rest "  " $i " " $(i+1)
    }
    printf "  %-44s %12s %12s %12s%s\n", $1, time, bytes, allocs, rest
    next
  }
  /^(FAIL|panic:|--- FAIL)/ { print; next }
  function pretty(ns) {
    if (ns < 1e3) return sprintf("%.1f ns", ns)
    if (ns < 1e6) return sprintf("%.2f us", ns / 1e3)
    if (ns < 1e9) return sprintf("%.2f ms", ns / 1e6)
    return sprintf("%.2f s", ns / 1e9)
  }'
