#!/bin/sh
# Run once by PostgreSQL's image, as its superuser: the owner of the ledger's tables, and the writer with its password.
# What each of them may do is for `rollbook init` to say (domain/ledger/postgres_setup.py).
set -eu
secrets=${SECRETS:-/run/secrets}
psql -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-rollbook}" \
    -v owner="$(cat "$secrets/postgres_owner")" -v writer="$(cat "$secrets/postgres_writer")" <<'SQL'
CREATE ROLE rollbook_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE rollbook_writer LOGIN PASSWORD :'writer';
GRANT rollbook_writer TO rollbook_owner WITH ADMIN OPTION;
ALTER DATABASE rollbook OWNER TO rollbook_owner;
SQL
