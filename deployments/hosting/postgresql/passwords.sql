-- Passwords of the roles from files, for psql in a container that has just been made. No password is an argument of a process.
\set ON_ERROR_STOP on
\set owner `cat /run/secrets/owner-password`
\set runtime `cat /run/secrets/runtime-password`
\set prefect `cat /run/secrets/prefect-password`
ALTER ROLE groundwork_owner PASSWORD :'owner';
ALTER ROLE groundwork_runtime PASSWORD :'runtime';
ALTER ROLE groundwork_prefect PASSWORD :'prefect';
