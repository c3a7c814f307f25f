#!/usr/bin/env bash
# Runs a command when its inputs have changed since it last succeeded, or when what it makes is not there.
#
#   scripts/when-changed.sh NAME OUTPUT INPUT... -- COMMAND...
#
# Inputs are files and folders, compared by their content, so that a touched file costs nothing. Generated files (*.gen.*) do not
# count. NAME is the name of the stamp, kept in bin/stamps.
set -euo pipefail

name=$1 output=$2
shift 2
inputs=()
while [[ $1 != -- ]]; do
  inputs+=("$1")
  shift
done
shift

fingerprint() {
  echo "$*"
  find "${inputs[@]}" -type f ! -name '*.gen.*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}

stamp=bin/stamps/$name
now=$(fingerprint "$@" | sha256sum)
if [[ -e $output && -e $stamp && $(<"$stamp") == "$now" ]]; then
  exit 0
fi
rm -f "$stamp"
"$@"
mkdir -p bin/stamps
echo "$now" >"$stamp"
