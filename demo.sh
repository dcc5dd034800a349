#!/usr/bin/env bash
# The whole path on a synthetic city: the same commands that a user would run, one after the other.
#
#   make demo            leaves the page up until Ctrl-C
#   make demo ONCE=1     asks the API for what was made, prints it, and ends with 0, or with the stage that made nothing
#
# Settings, all from the environment:
#   LAKE=demo-lake  PORT=8000  WATCH_S=200  MONTHS=14  SEED=7
#   RAY_PORT=6379  DASHBOARD_PORT=8265  RAY_CLIENT_PORT=10001  RAY_TMPDIR=/tmp/matakota
set -euo pipefail
cd "$(dirname "$0")"

LAKE=$(realpath -m "${LAKE:-demo-lake}")
PORT=${PORT:-8000} RAY_PORT=${RAY_PORT:-6379} DASHBOARD_PORT=${DASHBOARD_PORT:-8265}
RAY_CLIENT_PORT=${RAY_CLIENT_PORT:-10001}
WATCH_S=${WATCH_S:-200} MONTHS=${MONTHS:-14} SEED=${SEED:-7}
CARD=serving/seeing/models/matakota-n.json
export RAY_TMPDIR=${RAY_TMPDIR:-/tmp/matakota} RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
export RAY_DATA_PARQUET_FOOTER_NUM_ACTORS=1 RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S=1
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
export MATAKOTA_LAKE=$LAKE
URL=http://127.0.0.1:$PORT

stage() { printf '\n\033[1m%s\033[0m\n' "$1"; }

must_be_free() { # name port remedy
  if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
    printf 'error: port %s, for %s, is taken by another program; stop it, or run: make demo %s\n' "$2" "$1" "$3" >&2
    exit 1
  fi
}

job() { # a command, as a Ray job on the cluster just started
  RAY_ADDRESS=http://127.0.0.1:$DASHBOARD_PORT ray job submit --log-style record --log-color false \
    --working-dir . -- "$@" 2>&1 | grep -vE '^[0-9-]+ [0-9:,]+.(INFO|WARNING|SUCC) |^Running entrypoint|^$' ||
    test "${PIPESTATUS[0]}" -eq 0
}

close() { # the shards first, so that they land what they hold
  trap - EXIT INT TERM
  [ -n "${RAY_PID:-}" ] || return 0
  stage "Stopping"
  timeout 40 serve shutdown --address "http://127.0.0.1:$DASHBOARD_PORT" --yes >/dev/null 2>&1 || true
  kill "$RAY_PID" 2>/dev/null && wait "$RAY_PID" 2>/dev/null || true
}
trap close EXIT
trap 'exit 0' INT TERM

must_be_free "the page" "$PORT" "PORT=8001"
must_be_free "Ray (a Ray of somebody else?)" "$RAY_PORT" "RAY_PORT=6380"
must_be_free "Ray's dashboard" "$DASHBOARD_PORT" "DASHBOARD_PORT=8266"
must_be_free "Ray's client" "$RAY_CLIENT_PORT" "RAY_CLIENT_PORT=20001"

stage "The city"
python -m lakehouse city --lake "$LAKE" --seed "$SEED"
python -m serving kinds --lake "$LAKE"

stage "Its past, synthetic"
python -m lakehouse history --lake "$LAKE" --seed "$SEED" --observed "$CARD"
python -m batch compact --lake "$LAKE" --executor local
python -m batch rollup --lake "$LAKE" --synthetic-months "$MONTHS" --observed "$CARD" --seed "$SEED"

stage "Ray and Ray Serve"
mkdir -p "$RAY_TMPDIR"
ray get-auth-token --generate >/dev/null 2>&1
ray start --head --block --port "$RAY_PORT" --num-cpus 4 --object-store-memory 300000000 \
  --dashboard-host 127.0.0.1 --dashboard-port "$DASHBOARD_PORT" --ray-client-server-port "$RAY_CLIENT_PORT" \
  --temp-dir "$RAY_TMPDIR" --disable-usage-stats >"$RAY_TMPDIR/start.log" 2>&1 &
RAY_PID=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$DASHBOARD_PORT") 2>/dev/null; do
  kill -0 "$RAY_PID" 2>/dev/null || { tail -20 "$RAY_TMPDIR/start.log" >&2; exit 1; }
  sleep 1
done
sed "s/port: 8000/port: $PORT/" serving/laptop.yaml >"$RAY_TMPDIR/serve.yaml"
serve deploy --address "http://127.0.0.1:$DASHBOARD_PORT" "$RAY_TMPDIR/serve.yaml"

stage "Watching the cameras' pixels"
python -m serving follow --url "$URL" --seconds "$WATCH_S"

stage "Compacting and rolling up what was just seen"
job python -m batch compact --lake "$LAKE" --executor ray
job python -m batch rollup --lake "$LAKE"
python -m lakehouse truth --lake "$LAKE" --seed "$SEED" --at-least "${AT_LEAST:-0.9}"

stage "Forecasting crowd, traffic and tourism"
job python -m forecasting run --lake "$LAKE"

stage "Checking the lake, while the cameras are still watched"
python -m lakehouse check --lake "$LAKE"

stage "What the API has"
python -m serving summary --url "$URL"

if [ -n "${ONCE:-}" ]; then exit 0; fi
stage "The situation room is on $URL/ until Ctrl-C"
while sleep 60; do
  python -m batch compact --lake "$LAKE" --executor local >/dev/null
  python -m batch rollup --lake "$LAKE" >/dev/null
  python -m forecasting unusual --lake "$LAKE" >/dev/null
done
