#!/usr/bin/env bash
# The invariants of ARCHITECTURE.md that a search can check. Prints each breach; exit 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s lastpipe # so that `breach`, at the end of a pipe, can set `failed`

failed=0
# breach TITLE — reads the findings from standard input; any line is a breach.
breach() {
  local found
  found=$(cat)
  [ -z "$found" ] && return 0
  printf '%s:\n%s\n\n' "$1" "$(sed 's/^/  /' <<<"$found")"
  failed=1
}

rust() { git ls-files --cached --others --exclude-standard -- '*.rs'; }
server_sources() { rust | grep '^server/src/' || true; }

# geopackage.rs reads other people's databases, which have an SQL of their own.
server_sources | grep -vE '(/sql|/sql/[a-z_]+)\.rs$|^server/src/db/|^server/src/exchange/geopackage\.rs|/tests?(/|\.rs$)' |
  xargs -r grep -lE 'sqlx::query|query_as\(|query_scalar\(|QueryBuilder' | breach 'SQL outside sql.rs and db/' || true

server_sources | grep -v '^server/src/db/dialect' |
  xargs -r grep -nHiE 'from unnest\(|json_extract\(|::jsonb|autoincrement|copy [a-z_]+ .*from stdin|\bglob \$|ilike' |
  breach "one database's dialect outside db/dialect.rs" || true

diff <(ls migrations/sqlite 2>/dev/null) <(ls migrations/postgres 2>/dev/null) | grep '^[<>]' |
  breach 'a migration on one side only (< sqlite, > postgres)' || true

for crate in proto edge-agent; do
  grep -L 'no_std' "$crate/src/lib.rs" | breach 'not no_std' || true
  rust | grep "^$crate/src/" | xargs -r grep -nHE 'extern crate alloc|use alloc::' | breach 'alloc in a crate without it' || true
done
for crate in proto edge-agent; do
  grep -nHE '^(gengwei-server|gengwei-tests)' "$crate/Cargo.toml" | breach 'a crate that must not know the server' || true
done

rust | xargs -r grep -nHE '\b(todo|unimplemented)!\(|\b(TODO|FIXME|XXX)\b|#\[ignore' | breach 'unfinished' || true
rust | xargs -r wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines" }' | breach 'a file to split by meaning' || true

# Names are English; the abbreviations of the national standards (TBMJ, ZLDWDM …) are upper-case and stay.
rust | xargs -r grep -nHE '\b(fn|struct|enum|mod|let|const|static|type|trait)\s+(mut\s+)?[A-Za-z_]*([Tt]ian_?[Zz]hang|[Gg]eng_?[Dd]i|[Nn]ong_?[Tt]ian|[Tt]u_?[Bb]an|[Dd]i_?[Kk]uai|[Xx]iang_?[Zz]hen|[Xx]un_?[Tt]ian|[Ww]ang_?[Gg]e)' |
  breach 'pinyin' || true

exit $failed
