#!/usr/bin/env bash
# The whole journey by plain curl. The same commands stand in the README of the project,
# where a test runs them and compares what they print.
set -euo pipefail

URL=${BASE_URL:-http://127.0.0.1:8000}
ACCOUNT='{"username": "ada", "password": "correct horse battery staple"}'
ANSWER=$(mktemp)
call() { printf '%s: ' "$1"; shift; curl -sS -o "$ANSWER" -w '%{http_code}\n' -H 'Content-Type: application/json' "$@"; }
pick() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$ANSWER"; }

call 'register' "$URL/auth/register" -d "$ACCOUNT"
call 'log in' "$URL/auth/login" -d "$ACCOUNT"
ACCESS=$(pick access_token) REFRESH=$(pick refresh_token)

call 'create' "$URL/api/v1/tasks" -H "Authorization: Bearer $ACCESS" -d '{"title": "Water the plants", "tags": ["home"]}'
TASK="$URL/api/v1/tasks/$(pick id)"
call 'list' "$URL/api/v1/tasks?tag=home" -H "Authorization: Bearer $ACCESS"
call 'patch' -X PATCH "$TASK" -H "Authorization: Bearer $ACCESS" -H 'If-Match: "1"' -d '{"priority": "high"}'
call 'patch what has changed since' -X PATCH "$TASK" -H "Authorization: Bearer $ACCESS" -H 'If-Match: "1"' -d '{"priority": "low"}'

call 'refresh' "$URL/auth/refresh" -d "{\"refresh_token\": \"$REFRESH\"}"
NEW_ACCESS=$(pick access_token) NEW_REFRESH=$(pick refresh_token)
call 'log out' -X POST "$URL/auth/logout" -H "Authorization: Bearer $NEW_ACCESS"
call 'list with the first access token' "$URL/api/v1/tasks" -H "Authorization: Bearer $ACCESS"
call 'list with the newest access token' "$URL/api/v1/tasks" -H "Authorization: Bearer $NEW_ACCESS"
call 'refresh after the log-out' "$URL/auth/refresh" -d "{\"refresh_token\": \"$NEW_REFRESH\"}"
rm "$ANSWER"
