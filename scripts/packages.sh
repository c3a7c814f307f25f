#!/usr/bin/env bash
# The system packages that Griot uses, in one place, by their names in Debian 12 and Ubuntu 24.04.
#
#   scripts/packages.sh list    run|test|dev    every package of a set
#   scripts/packages.sh missing run|test|dev    those not installed; status 1 when there are any
#   scripts/packages.sh install run|test|dev    installs what is missing as root or with a sudo that asks nothing,
#                                               or prints the command; status 1 when something is still missing
#
# Each set holds the one before it. PACKAGES=skip makes "install" only say what is missing. Nothing happens, and no network is used,
# when everything is there.
set -euo pipefail
export LC_ALL=C

# What a running Griot uses. It starts without them and says what it then cannot do.
run_packages=(
  espeak-ng libespeak-ng1 python3       # voices: the program, its library, and the interpreter of the worker that loads it
  libpocketsphinx3 pocketsphinx-en-us   # recognition of English
  libopus0                              # the codec that browsers and phones prefer
  poppler-utils                         # pdftotext, which reads PDF files better than we do
  lame                                  # speech to download as MP3
)

# What its tests use besides.
test_packages=(
  gcc libc6-dev                         # the race detector
  asterisk-core-sounds-en-wav asterisk-core-sounds-en-g722   # people's voices saying known words
  asterisk-core-sounds-fr-wav asterisk-core-sounds-fr-g722
  asterisk-core-sounds-es-wav asterisk-core-sounds-es-g722
  chromium                              # the console, and a microphone in it
  python3-requests                      # the specification's examples in Python
  python3-venv                          # a folder of its own for the program that makes odd requests
  postgresql                            # a server for each test run; the tests do not touch the system's own
  coturn                                # a relay for calls over WebRTC, likewise
  baresip-core sip-tester               # a telephone, and a load of them
)

# What its developers use besides.
dev_packages=(git make ca-certificates shellcheck)

usage() {
  sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

packages() {
  printf '%s\n' "${run_packages[@]}"
  [[ $1 == run ]] || printf '%s\n' "${test_packages[@]}"
  [[ $1 != dev ]] || printf '%s\n' "${dev_packages[@]}"
}

missing() {
  if ! command -v dpkg-query >/dev/null; then # not Debian: names and packages differ, so we cannot tell
    packages "$1"
    return
  fi
  local installed
  # With its architecture's suffix and without, as libraries are listed with one.
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u)
  comm -23 <(packages "$1" | sort -u) <(printf '%s\n' "$installed")
}

# apt runs apt-get as root without asking anything, and waits for another apt that may be at work.
apt() {
  local root=()
  [[ $(id -u) -eq 0 ]] || root=(sudo -n)
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
    apt-get -y -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install() {
  local set=$1 want try
  mapfile -t want < <(missing "$set")
  if [[ ${#want[@]} -eq 0 ]]; then
    echo "packages: all of \"$set\" are installed"
    return 0
  fi
  local command="apt-get install -y --no-install-recommends ${want[*]}"
  if [[ ${PACKAGES:-} == skip ]]; then
    echo "packages: left alone as asked; not installed: ${want[*]}" >&2
    return 1
  fi
  if ! command -v apt-get >/dev/null; then
    echo "packages: this system has no apt-get. Install what matches these Debian packages: ${want[*]}" >&2
    return 1
  fi
  if [[ $(id -u) -ne 0 ]] && ! sudo -n true 2>/dev/null; then
    printf 'packages: missing, and installing them needs root. Run:\n\n  sudo apt-get update && sudo %s\n\n' "$command" >&2
    return 1
  fi
  for try in 1 2 3; do
    echo "packages: installing ${want[*]}"
    # Lists that are a little old still install, so a failed update is not the end.
    apt update || echo "packages: the package lists could not be brought up to date" >&2
    if apt install --no-install-recommends "${want[@]}"; then
      break
    fi
    [[ $try -eq 3 ]] || { echo "packages: attempt $try failed, trying again" >&2; sleep $((try * 5)); }
  done
  mapfile -t want < <(missing "$set")
  if [[ ${#want[@]} -gt 0 ]]; then
    echo "packages: still missing: ${want[*]}" >&2
    return 1
  fi
}

[[ $# -eq 2 && $2 =~ ^(run|test|dev)$ ]] || usage
case $1 in
  list) packages "$2" ;;
  missing)
    mapfile -t gone < <(missing "$2")
    [[ ${#gone[@]} -eq 0 ]] || { printf '%s\n' "${gone[@]}"; exit 1; }
    ;;
  install) install "$2" ;;
  *) usage ;;
esac
