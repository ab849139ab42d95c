#!/bin/sh
# Run once by the postgres image on an empty data folder: the owner of the tables, the application's role, the database.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" -v owner_password="$OWNER_PASSWORD" -v app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE seller_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE seller_app LOGIN PASSWORD :'app_password';
CREATE DATABASE seller_center OWNER seller_owner;
REVOKE ALL ON DATABASE seller_center FROM PUBLIC;
GRANT CONNECT ON DATABASE seller_center TO seller_app;
SQL
