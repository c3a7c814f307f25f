#!/usr/bin/env bash
# Checks on what is in the repository, whatever language it is in. Prints each line that should not be there, and why.
set -euo pipefail
export LC_ALL=C

status=0
# files prints the paths of what is, or could be, committed.
files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard
  else
    find . -type f -not -path '*/node_modules/*' -not -path './bin/*' -not -path './web/dist/*' -not -path './data/*' -print0
  fi
}

# forbid PATTERN REASON [PATH-PATTERN] reports lines that match, in the files whose path does.
forbid() {
  local hits
  hits=$(files | grep -zE "${3:-.}" | xargs -0 -r grep -InHE -e "$1" -- 2>/dev/null || true)
  [[ -z $hits ]] && return
  printf '%s\n' "$hits" | cut -c1-200
  printf '  ↑ %s\n\n' "$2"
  status=1
}

# The patterns are written so that they do not match themselves.
forbid '(registry[.](npmjs|yarnpkg)|npm[.]pkg[.]github|(proxy|sum)[.]golang|goproxy[.](io|cn)|pypi[.]org|pythonhoste[d])' \
  'Names a package registry: the machine that builds decides where packages come from.'
forbid '(deb|security|archive|ftp)[.](debian|ubuntu)[.](org|com)' \
  'Names a package mirror: the machine that builds decides where packages come from.'
forbid '"resolved": *"[a-z+]+:' 'Ties a lock file to one registry: npm wrote it without omit-lockfile-registry-resolved.' 'package-lock\.json$'
forbid '(^|[^[:alnum:]_.~/-])/wor[k](/|[^[:alnum:]_./-]|$)' 'An absolute path of one machine.'
forbid '"[@a-z0-9/._-]+": *"[\^~*]' 'A range of versions: packages are named with the exact one.' '(^|/)package\.json$'
forbid '^(<<<<<<<|>>>>>>>) ' 'What a merge left behind.'

# In tests time is virtual, or waited for by a signal. A line that must wait for the clock on the wall says why after "real time:".
while IFS= read -r -d '' file; do
  [[ -e $file ]] || continue
  grep -q '"testing/synctest"' "$file" && continue
  if grep -nH 'time\.Sleep(' "$file" | grep -v '// real time: '; then
    printf '  ↑ A test that sleeps in real time: wait for a signal, use testing/synctest, or say why ("// real time: …").\n\n'
    status=1
  fi
done < <(files | grep -zE '_test\.go$')

[[ $status -eq 0 ]] && echo "tree: clean"
exit "$status"
