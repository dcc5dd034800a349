#!/usr/bin/env bash
# The whole path on a synthetic city: the same commands that a user would run, one after the other.
#
#   make demo            leaves the page up, and keeps the lake fresh, until Ctrl-C
#   make demo ONCE=1     asks the API for what was made, prints it, and ends with 0, or with the stage that failed
#
# A stage that fails before the page is up ends the demo. Later on it is told, with its log, and the page stays up.
#
# Settings, all from the environment:
#   LAKE=demo-lake  PORT=8000  WATCH_S=200  MONTHS=14  SEED=7  REFRESH_S=60
#   RAY_PORT=6379  DASHBOARD_PORT=8265  RAY_CLIENT_PORT=10001  RAY_TMPDIR=/tmp/matakota
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

LAKE=$(realpath -m "${LAKE:-demo-lake}")
PORT=${PORT:-8000} RAY_PORT=${RAY_PORT:-6379} DASHBOARD_PORT=${DASHBOARD_PORT:-8265}
RAY_CLIENT_PORT=${RAY_CLIENT_PORT:-10001}
WATCH_S=${WATCH_S:-200} MONTHS=${MONTHS:-14} SEED=${SEED:-7} REFRESH_S=${REFRESH_S:-60}
CARD=serving/seeing/models/matakota-n.json
export RAY_TMPDIR=${RAY_TMPDIR:-/tmp/matakota} RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
export RAY_DATA_PARQUET_FOOTER_NUM_ACTORS=1 RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S=1
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
export MATAKOTA_LAKE=$LAKE
URL=http://127.0.0.1:$PORT DASHBOARD=http://127.0.0.1:$DASHBOARD_PORT
LOGS=$RAY_TMPDIR/logs FAILED="" OURS=""

heading() { printf '\n\033[1m%s\033[0m\n' "$1"; }
complain() { printf 'error: %s\n' "$1" >&2; }

# Stages: what they say is on the terminal, and in a log of their own.

log_of() { printf '%s/%s.log' "$LOGS" "$(tr -cs '[:alnum:]' - <<<"$1" | sed 's/-$//')"; }

stage() { # name command...
  heading "$1"
  "${@:2}" 2>&1 | tee -i "$(log_of "$1")"
}

must() { # the same; a failure ends the demo
  stage "$@" || { fail "$1"; exit 1; }
}

attempt() { # the same; a failure is told, and the page stays up
  stage "$@" && return
  fail "$1"
  [ -z "${ONCE:-}" ] || exit 1
  printf 'The page stays up on %s/\n' "$URL"
}

fail() {
  FAILED=$1
  complain "the stage '$1' failed; what it said: $(log_of "$1"); Ray's logs: $RAY_TMPDIR/session_latest/logs"
}

# One job at a time: a small machine has a CPU for one.

running_jobs() {
  RAY_ADDRESS=$DASHBOARD python - 2>/dev/null <<'PYTHON' || true
from ray.job_submission import JobSubmissionClient

jobs = JobSubmissionClient().list_jobs()
print(*(job.submission_id for job in jobs if job.type == "SUBMISSION" and job.status == "RUNNING"))
PYTHON
}

job() { # a command, as a Ray job on the cluster, once no other one runs
  local others
  while others=$(running_jobs) && [ -n "$others" ]; do
    printf 'waiting for the job that runs: %s\n' "$others"
    sleep 10
  done
  RAY_ADDRESS=$DASHBOARD ray job submit --log-style record --log-color false \
    --working-dir . -- "$@" 2>&1 | grep -vE '^[0-9-]+ [0-9:,]+.(INFO|WARNING|SUCC) |^Running entrypoint|^$' ||
    test "${PIPESTATUS[0]}" -eq 0
}

# The loop that keeps the lake fresh.

refresh() { # name command...: a failure is told, and the next round tries again
  local log
  log=$(log_of "refresh-$1")
  "${@:2}" >"$log" 2>&1 || complain "$1 failed, and the next round tries again; what it said: $log"
}

round() { # forecasts are renewed in the first round of an hour
  refresh compact python -m batch compact --lake "$LAKE" --executor local
  refresh rollup python -m batch rollup --lake "$LAKE"
  if [ "$(date +%H)" != "$HOUR" ]; then
    HOUR=$(date +%H)
    printf 'a new hour: renewing the forecasts\n'
    refresh forecasts python -m forecasting run --lake "$LAKE"
  fi
  refresh unusual python -m forecasting unusual --lake "$LAKE"
}

keep_fresh() {
  local others told=""
  HOUR=$(date +%H)
  while sleep "$REFRESH_S"; do
    ray_runs || { fail "$RAY"; exit 1; }
    others=$(running_jobs)
    if [ -z "$others" ]; then
      told=""
      round
    elif [ "$others" != "$told" ]; then
      told=$others
      printf 'the lake is not refreshed while a job runs: %s\n' "$others"
    fi
  done
}

# Ray and Ray Serve.

RAY="Ray and Ray Serve"

must_be_free() { # name port remedy
  if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
    complain "port $2, for $1, is taken by another program; stop it, or run: make demo $3"
    exit 1
  fi
}

ray_runs() { kill -0 "$RAY_PID" 2>/dev/null; }

start_ray() {
  ray get-auth-token --generate >/dev/null 2>&1
  ray start --head --block --port "$RAY_PORT" --num-cpus 4 --object-store-memory 300000000 \
    --dashboard-host 127.0.0.1 --dashboard-port "$DASHBOARD_PORT" --ray-client-server-port "$RAY_CLIENT_PORT" \
    --temp-dir "$RAY_TMPDIR" --disable-usage-stats >"$(log_of "$RAY")" 2>&1 &
  RAY_PID=$!
  until (exec 3<>"/dev/tcp/127.0.0.1/$DASHBOARD_PORT") 2>/dev/null; do
    ray_runs || { tail -20 "$(log_of "$RAY")" >&2; fail "$RAY"; exit 1; }
    sleep 1
  done
}

deploy() {
  sed "s/port: 8000/port: $PORT/" serving/laptop.yaml >"$RAY_TMPDIR/serve.yaml" &&
    serve deploy --address "$DASHBOARD" "$RAY_TMPDIR/serve.yaml"
}

make_room() { # for what Ray and the commands put aside; all of it goes with the demo
  [ -e "$RAY_TMPDIR" ] || OURS=1
  export TMPDIR=$RAY_TMPDIR/tmp
  mkdir -p "$LOGS" "$TMPDIR"
}

close() { # the shards first, so that they land what they hold
  local status=$?
  trap - EXIT INT TERM
  if [ -n "${RAY_PID:-}" ]; then
    heading "Stopping"
    timeout 40 serve shutdown --address "$DASHBOARD" --yes >/dev/null 2>&1 || true
    kill "$RAY_PID" 2>/dev/null && wait "$RAY_PID" 2>/dev/null || true
  fi
  if [ -n "$FAILED" ] || [ "$status" -ne 0 ]; then
    printf 'The logs are kept in %s\n' "$RAY_TMPDIR" >&2
  else
    clear_away
  fi
  exit "$status"
}

clear_away() {
  if [ -n "$OURS" ]; then
    rm -rf "$RAY_TMPDIR"
  else # somebody else's Ray may be there, too
    [ -z "${RAY_PID:-}" ] || rm -rf "$(realpath "$RAY_TMPDIR/session_latest")" "$RAY_TMPDIR/session_latest"
    rm -rf "$LOGS" "$TMPDIR" "$RAY_TMPDIR/serve.yaml"
  fi
}

# The path.

the_city() {
  python -m lakehouse city --lake "$LAKE" --seed "$SEED" &&
    python -m serving kinds --lake "$LAKE"
}

its_past() {
  python -m lakehouse history --lake "$LAKE" --seed "$SEED" --observed "$CARD" &&
    python -m batch compact --lake "$LAKE" --executor local &&
    python -m batch rollup --lake "$LAKE" --synthetic-months "$MONTHS" --observed "$CARD" --seed "$SEED"
}

what_was_seen() {
  job python -m batch compact --lake "$LAKE" --executor ray &&
    job python -m batch rollup --lake "$LAKE" &&
    python -m lakehouse truth --lake "$LAKE" --seed "$SEED" --at-least "${AT_LEAST:-0.9}"
}

demo() {
  must_be_free "the page" "$PORT" "PORT=8001"
  must_be_free "Ray (a Ray of somebody else?)" "$RAY_PORT" "RAY_PORT=6380"
  must_be_free "Ray's dashboard" "$DASHBOARD_PORT" "DASHBOARD_PORT=8266"
  must_be_free "Ray's client" "$RAY_CLIENT_PORT" "RAY_CLIENT_PORT=20001"
  make_room
  trap close EXIT
  trap 'exit 0' INT TERM
  must "The city" the_city
  must "Its past, synthetic" its_past
  heading "$RAY"
  start_ray
  must "Deploying" deploy
  must "Waiting for the page and the first camera" python -m serving follow --url "$URL" --seconds 0
  attempt "Watching the cameras' pixels" python -m serving follow --url "$URL" --seconds "$WATCH_S"
  attempt "Compacting and rolling up what was just seen" what_was_seen
  attempt "Forecasting crowd, traffic and tourism" job python -m forecasting run --lake "$LAKE"
  attempt "Checking the lake, while the cameras are still watched" python -m lakehouse check --lake "$LAKE"
  attempt "What the API has" python -m serving summary --url "$URL"
  [ -z "${ONCE:-}" ] || exit 0
  heading "The situation room is on $URL/ until Ctrl-C"
  printf 'Jobs of yours run on %s, one at a time; the lake is not refreshed meanwhile.\n' "$DASHBOARD"
  keep_fresh
}

[ "${BASH_SOURCE[0]}" != "$0" ] || demo
