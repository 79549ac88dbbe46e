#!/usr/bin/env bash
# What Airlock replaces: the release checklist as a person types it, in the same order and with the same waits, for the
# example application on RDS and Docker Compose. It checks what the checklist checks, and no more: nothing is proven before
# it is needed, and nobody but the person at the keyboard notices when a line is forgotten.
#   promote.sh IMAGE ENVIRONMENT…       for example: promote.sh registry.example.com/wos@sha256:… sandbox production
# For each environment the variables NAME_DATABASE_URL, NAME_URL, NAME_PROJECT and NAME_INSTANCE say where it is, NAME in
# capital letters. WATCH is how many seconds the release is watched. It needs the AWS CLI, goose, psql, docker compose and curl.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=$1
shift

value() { local name=${environment^^}_$1; printf '%s' "${!name}"; }
look() { curl --fail --silent --show-error --output /dev/null --max-time 5 "$(value URL)$1"; }

for environment in "$@"; do
  echo "== $environment"
  snapshot=pre-deploy-$environment-$(date -u +%Y%m%d-%H%M%S)
  aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} rds create-db-snapshot --output text --query DBSnapshot.Status \
    --db-instance-identifier "$(value INSTANCE)" --db-snapshot-identifier "$snapshot"
  aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} rds wait db-snapshot-available --db-snapshot-identifier "$snapshot"

  GOOSE_DRIVER=postgres GOOSE_DBSTRING=$(value DATABASE_URL) GOOSE_MIGRATION_DIR=${MIGRATIONS:-$here/../../migrations} goose up

  docker pull --quiet "$image"
  previous=$(docker compose --project-name "$(value PROJECT)" --file "${COMPOSE_FILE_OF_APP:-$here/../wos/compose.yaml}" images --quiet app 2>/dev/null || true)
  if [ -n "$previous" ]; then docker tag "$previous" "$(value PROJECT):previous"; fi
  WOS_IMAGE=$image DATABASE_URL=$(value DATABASE_URL) WOS_PORT=$(value PORT) ENVIRONMENT=$environment \
    docker compose --project-name "$(value PROJECT)" --file "${COMPOSE_FILE_OF_APP:-$here/../wos/compose.yaml}" up --detach --no-build app

  for _ in $(seq 60); do
    if look /healthz 2>/dev/null; then break; fi
    sleep 0.5
  done
  look /healthz
  look /_stcore/health
  [ "$(psql "$(value DATABASE_URL)" --no-psqlrc --tuples-only --no-align --command 'select count(*) from heroes where profile_id is null')" = 0 ]

  for _ in $(seq "${WATCH:-1800}"); do
    look /healthz
    look /_stcore/health
    sleep 1
  done
  echo "$environment serves $image"
done
