#!/usr/bin/env bash
# Fails, and says why, if a container, network, process, port or state of ours is still there.
set -uo pipefail
left=0
complain() { echo "left behind: $*" >&2; left=1; }

api() { curl -fsS -G --unix-socket /var/run/docker.sock --data-urlencode 'filters={"label":["dev.kserve-env.name"]}' "http://docker$1"; }
containers=$(api '/containers/json?all=1') && [ "$containers" = '[]' ] || complain "containers ${containers:-(unknown)}"
networks=$(api /networks) && [ "$networks" = '[]' ] || complain "networks ${networks:-(unknown)}"
pgrep -af 'kserve-server\.cjs' >&2 && complain 'server processes'
for port in 9080 9081; do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && complain "a listener on port $port"
done
state="${KSERVE_ENV_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/kserve-env}"
if [ -d "$state" ]; then
  # The history of set-ups is the one thing that is meant to stay.
  files=$(find "$state" -type f -not -path '*/.timings/*')
  [ -z "$files" ] || complain "state files $files"
fi
[ "$left" -eq 0 ] && [ "${1:-}" != --quiet ] && echo 'Nothing is left: no container, network, process, listener or state.'
exit "$left"
