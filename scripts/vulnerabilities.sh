#!/usr/bin/env bash
# Looks for known vulnerabilities in what memsim is built from:
#
#   scripts/vulnerabilities.sh [VULNDB]
#
# govulncheck comes from the module proxy; its database is at vuln.go.dev. Where
# that cannot be reached, give VULNDB, a checkout of github.com/golang/vulndb: the
# answer is then as old as the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."

govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0

if [[ $# -gt 0 ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  go run ./scripts/vulndb "$1" "$work/db"
  go run "$govulncheck" -db "file://$work/db" ./...
elif ! curl --silent --fail --max-time 20 --output /dev/null https://vuln.go.dev/index/db.json; then
  echo "vulnerabilities.sh: vuln.go.dev cannot be reached, so that NOTHING WAS CHECKED; give a checkout of github.com/golang/vulndb" >&2
  exit 1
else
  go run "$govulncheck" ./...
fi
