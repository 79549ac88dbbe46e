#!/usr/bin/env bash
# Read by every shell of every step (BASH_ENV).
e2e_runner=$(basename "$(dirname "$RUNNER_TEMP")")
# A runner that was lost runs nothing any more: not the steps with always() either.
[ ! -e "$E2E_MARKS/lost-$e2e_runner" ] || kill -KILL $$
# How the step ended that was interrupted, GitHub calls cancelled, and act a failure.
if [ -e "$E2E_MARKS/cancelled-$e2e_runner" ] && [ -n "${AIRLOCK_INPUTS:-}" ]; then
  AIRLOCK_INPUTS=${AIRLOCK_INPUTS//outcome\\\": \\\"failure/outcome\\\": \\\"cancelled}
fi
# A job that is handed no binary builds one. That takes seconds in every scenario; only the one that is about it does.
if [ -n "${E2E_AIRLOCK:-}" ] && [ -z "${AIRLOCK_SHA256:-}" ] && [ ! -e "$RUNNER_TEMP/airlock" ]; then cp "$E2E_AIRLOCK" "$RUNNER_TEMP/airlock"; fi
unset e2e_runner
