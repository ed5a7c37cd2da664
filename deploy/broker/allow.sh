#!/bin/sh
# Topics and permissions, one line of Kafka's own tools for each. Run it as the broker's administrator:
#
#   allow.sh ledger            the topics that Rollbook publishes on, and what intake and publisher may do
#   allow.sh source ID USER    a source's topic, and that USER may write to it, and to nothing else
#   allow.sh reader USER       USER may read what Rollbook publishes
#   allow.sh user USER FILE    a new USER, or a new password, which is in FILE
#
# BOOTSTRAP is the broker's address, ADMIN a client's properties file (secret). DRY=echo shows the commands instead.
# Principals: INTAKE and PUBLISHER, else intake and publisher. REPLICAS of each topic: 3 on a cluster, else 1.
set -eu
bin=${KAFKA_BIN:-/opt/kafka/bin}
replicas=${REPLICAS:-1}
day=86400000

kafka() {
    tool=$1
    shift
    ${DRY:-} "$bin/$tool" --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" "$@"
}

topic() {
    name=$1
    shift
    kafka kafka-topics.sh --create --if-not-exists --topic "$name" --replication-factor "$replicas" "$@"
}

allow() {
    user=$1
    shift
    kafka kafka-acls.sh --add --allow-principal "User:$user" "$@"
}

case ${1:-} in
ledger)
    # One partition: the order of the whole ledger. Kept for ever: a reader may come late.
    topic rollbook.events --partitions 1 --config retention.ms=-1
    topic attendance.held --partitions 1 --config retention.ms=-1
    allow "${PUBLISHER:-publisher}" --operation Write --operation Describe --topic rollbook.events --topic attendance.held
    # What begins so: the topics of all sources, and the group of all intakes.
    allow "${INTAKE:-intake}" --operation Read --operation Describe --resource-pattern-type prefixed \
        --topic attendance.mis. --group rollbook-intake
    ;;
source)
    id=$2
    user=$3
    case $id in *[!0-9a-f]*) id= ;; esac
    [ ${#id} -eq 32 ] || { echo "A source's id is 32 digits, 0-9 and a-f: rollbook status shows it." >&2; exit 2; }
    # The broker's own clock says when a message came, and 30 days are time to mend whatever stopped the intake.
    topic "attendance.mis.$id" --partitions 6 --config message.timestamp.type=LogAppendTime --config retention.ms=$((30 * day))
    allow "$user" --operation Write --operation Describe --topic "attendance.mis.$id"
    ;;
reader)
    allow "$2" --operation Read --operation Describe --topic rollbook.events --topic attendance.held
    allow "$2" --operation Read --group "$2" --resource-pattern-type prefixed
    ;;
user)
    kafka kafka-configs.sh --alter --entity-type users --entity-name "$2" \
        --add-config "SCRAM-SHA-256=[password=$(cat "$3")]"
    ;;
*)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
    exit 2
    ;;
esac
