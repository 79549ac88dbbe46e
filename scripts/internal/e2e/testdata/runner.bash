# Read by every shell of every step (BASH_ENV).
# A runner that was lost runs nothing any more: not the steps with always() either.
[ ! -e "$E2E_LOST/$(basename "$(dirname "$RUNNER_TEMP")")" ] || kill -KILL $$
# A job that is handed no binary builds one. That takes seconds in every scenario; only the one that is about it does.
if [ -n "${E2E_AIRLOCK:-}" ] && [ -z "${AIRLOCK_SHA256:-}" ] && [ ! -e "$RUNNER_TEMP/airlock" ]; then cp "$E2E_AIRLOCK" "$RUNNER_TEMP/airlock"; fi
