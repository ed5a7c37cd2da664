#!/bin/sh
# The broker of deploy/compose.yaml: formats its storage the first time, with its users, then serves.
# Secrets are files made by `python -m deploy.secrets`; TLS and SCRAM only, and nothing allowed that no ACL allows.
set -eu
bin=${KAFKA_BIN:-/opt/kafka/bin}
secrets=${SECRETS:-/run/secrets}

set -- --standalone --ignore-formatted -t "$(cat "$secrets/kafka_cluster")" -c "$secrets/kafka_broker_settings"
for user in broker intake publisher; do
    set -- "$@" --add-scram "SCRAM-SHA-256=[name=$user,password=$(cat "$secrets/kafka_$user")]"
done
"$bin/kafka-storage.sh" format "$@" > /dev/null
exec "$bin/kafka-server-start.sh" "$secrets/kafka_broker_settings"
