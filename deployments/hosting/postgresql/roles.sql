-- The roles and databases of an installation, by psql as a superuser (or a role with CREATEROLE and CREATEDB), once:
--   psql --file deployments/hosting/postgresql/roles.sql postgresql://postgres@…/postgres
-- then give each role a password: \password groundwork_owner, and so on.
\set ON_ERROR_STOP on

-- groundwork deploy, alone: it owns the tables, and makes and changes them.
CREATE ROLE groundwork_owner LOGIN;
-- Gateway, relay, worker, and commands of operators: they read and write rows, and change no table.
CREATE ROLE groundwork_runtime LOGIN;
-- Prefect's server and its services. Prefect migrates its own database.
CREATE ROLE groundwork_prefect LOGIN;
-- Roles of your application that send by SQL become members of it.
CREATE ROLE groundwork_sender NOLOGIN;

-- The administrator of a managed service is no superuser, and has to be a member of whoever is to own a database.
GRANT groundwork_owner, groundwork_prefect TO CURRENT_USER;
CREATE DATABASE groundwork OWNER groundwork_owner;
CREATE DATABASE prefect OWNER groundwork_prefect;

-- PostgreSQL lets everybody connect to a new database, and make temporary tables there.
REVOKE ALL ON DATABASE groundwork, prefect FROM PUBLIC;
-- Imports and nightly scores put what they work on into temporary tables.
GRANT CONNECT, TEMPORARY ON DATABASE groundwork TO groundwork_runtime;
GRANT CONNECT ON DATABASE groundwork TO groundwork_sender;

\connect groundwork
-- Whatever groundwork_owner makes, now or with a later release, the parts may use.
ALTER DEFAULT PRIVILEGES FOR ROLE groundwork_owner GRANT USAGE ON SCHEMAS TO groundwork_runtime;
ALTER DEFAULT PRIVILEGES FOR ROLE groundwork_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO groundwork_runtime;
ALTER DEFAULT PRIVILEGES FOR ROLE groundwork_owner GRANT USAGE, SELECT ON SEQUENCES TO groundwork_runtime;
ALTER DEFAULT PRIVILEGES FOR ROLE groundwork_owner GRANT EXECUTE ON FUNCTIONS TO groundwork_runtime;
-- Before PostgreSQL 15 everybody may make tables there.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

\connect prefect
-- Prefect's indexes need it. The owner of a database may install it, where the server has it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
