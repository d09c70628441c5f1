#!/bin/sh
# Makes the secrets of an installation, one file each: sh deployments/hosting/make-secrets.sh [FOLDER, ./secrets by default]
# What is there already stays, so that it may be called again for a release that has one more.
set -eu
umask 077
command -v od head base64 >/dev/null || { echo "$0 needs od, head and base64" >&2; exit 1; }
folder=${1:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"

# Letters and digits alone: these stand in URLs, too.
random() { od -An -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }
base64_of_32_bytes() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
of() { cat "$folder/$1"; }
keep() {
  [ -s "$folder/$1" ] && return
  printf '%s\n' "$2" > "$folder/$1.new"
  # The folder keeps others of this machine out. In a container the file has to be readable by a user that is not its owner,
  # and Compose gives files as they are.
  chmod 644 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

# PostgreSQL: the superuser of its container, and the three roles of postgresql/roles.sql.
for role in superuser owner runtime prefect; do
  keep "$role-password" "$(random 24)"
done
keep database-url "postgresql://groundwork_runtime:$(of runtime-password)@postgres:5432/groundwork"
keep database-owner-url "postgresql://groundwork_owner:$(of owner-password)@postgres:5432/groundwork"
keep prefect-database-url "postgresql://groundwork_prefect:$(of prefect-password)@postgres:5432/prefect"

# Redis: a password, as its own configuration reads it.
keep redis-password "$(random 24)"
keep redis.conf "requirepass $(of redis-password)"
keep redis-url "redis://:$(of redis-password)@redis:6379/0"

# The S3 store: its account, as the clients of AWS read it.
keep s3-user "groundwork-$(random 4)"
keep s3-password "$(random 24)"
keep s3-credentials "[default]
aws_access_key_id = $(of s3-user)
aws_secret_access_key = $(of s3-password)"

# Prefect's server: who may use it, and the key that its secrets are encrypted with (of Fernet's form).
keep prefect-sign-in "groundwork:$(random 24)"
keep prefect-encryption-key "$(base64_of_32_bytes | tr '+/' '-_')"

# The gateway: senders and operators.
keep event-key "$(random 24)"
keep signing-secret "whsec_$(base64_of_32_bytes)"
keep console-key "$(random 24)"

# What parts sign and encrypt with. Whoever loses these loses what they protect: keep them with the backups.
keep link-secret "$(random 32)"
keep crm-secret "$(random 32)"
keep wearable-token-keys "$(base64_of_32_bytes)"

echo "The secrets are in $folder. Restart what uses one that you change."
