#!/usr/bin/env bash
# What Airlock replaces: the release checklist as a person types it, in the same order and with the same waits, for the
# example application on RDS and Docker Compose. It does what the checklist says, and no more: nothing is proven before it is
# needed, nothing is recorded, and nothing is undone when a line fails.
#   promote.sh IMAGE SETTINGS…      for example: promote.sh registry.example.com/wos@sha256:… sandbox.env production.env
# A file of settings has lines NAME='value' for one environment: INSTANCE is its RDS instance, DATABASE_URL its database,
# COMPOSE_FILE and PROJECT its Compose file and project, URL where it answers, WATCH for how many seconds the release is
# watched; and what the Compose file asks for. MIGRATIONS is the folder of the migrations.
# It needs the AWS CLI, goose, psql, Docker Compose and curl.
set -euo pipefail
image=$1
shift

get() { curl --fail --silent --show-error --max-time "$2" "$URL$1"; }
look() {
  get /healthz 5 >/dev/null
  get /_stcore/health 0.5 >/dev/null
  [[ $(get / 5) == *Heroes* ]]
  [ "$(psql "$DATABASE_URL" --no-psqlrc --tuples-only --no-align --command \
    'select count(*) from heroes h left join profiles p on p.id = h.profile_id where p.id is null')" = 0 ]
}
# The first version of the AWS CLI does not read the variable.
rds() { aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} rds "$@"; }
compose() { WOS_IMAGE=$image docker compose --env-file "$settings" --project-name "$PROJECT" --file "$COMPOSE_FILE" "$@"; }

for settings in "$@"; do
  echo "== $settings"
  # shellcheck source=/dev/null
  . "$settings"

  snapshot=pre-deploy-$(date -u +%Y%m%d-%H%M%S)
  rds create-db-snapshot --db-instance-identifier "$INSTANCE" --db-snapshot-identifier "$snapshot" --output text --query DBSnapshot.Status
  rds wait db-snapshot-available --db-snapshot-identifier "$snapshot"

  GOOSE_DRIVER=postgres GOOSE_DBSTRING=$DATABASE_URL GOOSE_MIGRATION_DIR=$MIGRATIONS goose up

  # The previous image stays on the host, under a name.
  previous=$(compose images --quiet app)
  if [ -n "$previous" ]; then docker tag "$previous" "$PROJECT:previous"; fi
  docker pull --quiet "$image"
  compose up --detach --no-build --wait app

  look
  watched=$((${EPOCHREALTIME/[.,]/} + WATCH * 1000000))
  while [ "${EPOCHREALTIME/[.,]/}" -lt "$watched" ]; do
    look
    sleep 0.2
  done
  echo "$URL serves $image"
done
