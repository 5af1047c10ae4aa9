#!/usr/bin/env bash
# A private PostgreSQL cluster for tests and measurements, shared by every process that asks for it.
#
#   scripts/postgres.sh up [--durable]     start it if needed; the last line is the URL of its maintenance database
#   scripts/postgres.sh url [--durable]    the URL of the running cluster, exit 1 if there is none
#   scripts/postgres.sh down [--durable]   stop it and delete its data
#
# The test cluster runs with fsync off: its data need not outlive the machine, only the server under test.
# `--durable` names a second cluster with PostgreSQL's own safe settings, which is what `make bench` measures.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd -P)
kind=test
[ "${2:-}" = --durable ] && kind=durable
# In the temporary directory, because an unprivileged user must be able to reach it (a clone may sit under /root)
# and because a socket's path must stay short. One cluster for each clone, user and kind.
dir=${GENGWEI_POSTGRES_DIR:-/tmp}/gengwei-$kind-$(id -u)-$(printf %s "$root" | cksum | cut -d' ' -f1)

log() { echo "postgres.sh: $*" >&2; }

bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
if [ ! -x "$bin/initdb" ]; then
  initdb=$(command -v initdb) || { log "PostgreSQL is not installed; run scripts/setup.sh test"; exit 1; }
  bin=$(dirname "$initdb")
fi

# PostgreSQL refuses to run as root; the Debian package brings the user `postgres`.
as_owner() {
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

running() {
  [ -s "$dir/url" ] && "$bin/pg_isready" -q -d "$(cat "$dir/url")"
}

create() {
  rm -rf "$dir"
  mkdir -m 700 "$dir"
  head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$dir/password"
  [ "$(id -u)" -eq 0 ] && chown -R postgres "$dir"
  as_owner "$bin/initdb" -D "$dir/data" -U gengwei -E UTF8 --locale=C.UTF-8 -A scram-sha-256 \
    --pwfile="$dir/password" >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; return 1; }
}

start() {
  local port options
  options="-c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c max_connections=500 -c shared_buffers=256MB"
  [ "$kind" = test ] && options+=" -c fsync=off -c full_page_writes=off -c max_wal_size=4GB"
  # Below the range from which the kernel lends ports to clients, so that a free one stays free.
  for _ in 1 2 3 4 5 6 7 8; do
    port=$((15000 + RANDOM % 15000))
    if as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/server.log" -o "$options -p $port" start \
      >"$dir/setup.log" 2>&1 9>&-; then
      echo "postgres://gengwei:$(cat "$dir/password")@127.0.0.1:$port/postgres" >"$dir/url"
      chmod 600 "$dir/url"
      return 0
    fi
  done
  cat "$dir/setup.log" "$dir/server.log" >&2
  return 1
}

stop() {
  [ -d "$dir/data" ] && as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 9>&- || true
  rm -rf "$dir"
}

# Many test processes call `up` at once: the first starts the cluster, the others wait here and find it.
exec 9>"$dir.lock"
flock 9
case ${1:-} in
  up)
    if ! running; then
      stop
      create
      start
    fi
    cat "$dir/url"
    ;;
  url)
    running || { log "not running"; exit 1; }
    cat "$dir/url"
    ;;
  down) stop ;;
  *)
    log "usage: scripts/postgres.sh up|url|down [--durable]"
    exit 2
    ;;
esac
