#!/bin/sh
# Runs one service in a container: `serve` (the default), or `healthy` for the health check.
# Secrets that nobody set are made at the first start and kept in the volume /secrets, which all services share.
set -eu

kept_secret() {
    file="/secrets/$1"
    if [ ! -s "$file" ]; then
        draft=$(mktemp "$file.XXXXXX")
        python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > "$draft"
        ln "$draft" "$file" 2>/dev/null || true # somebody else was first: theirs counts
        rm -f "$draft"
    fi
    cat "$file"
}

case "${1:-serve}" in
healthy)
    exec python3 -S -c 'import http.client, os
probe = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=4)
probe.request("GET", "/health/ready")
raise SystemExit(probe.getresponse().status != 204)'
    ;;
serve)
    if [ -z "${INTERNAL_KEY:-}" ]; then
        INTERNAL_KEY=$(kept_secret internal-key)
        export INTERNAL_KEY
    fi
    if [ "$SERVICE" = indexing ] && [ -z "${CREDENTIALS_KEYS:-}" ]; then
        CREDENTIALS_KEYS=first:$(kept_secret credentials-key)
        export CREDENTIALS_KEYS
    fi
    if [ "$SERVICE" = auth ] && [ -z "${ASKFLASH_ADMIN_PASSWORD:-}" ]; then
        ASKFLASH_ADMIN_PASSWORD=$(kept_secret admin-password)
        export ASKFLASH_ADMIN_PASSWORD
        echo "The first administrator's password is in the file /secrets/admin-password of this container."
    fi
    case "$SERVICE" in
    auth | chat | documentation | indexing) flash migrate "$SERVICE" ;;
    esac
    exec flash serve "$SERVICE" --host 0.0.0.0 --port "$PORT"
    ;;
*)
    exec "$@"
    ;;
esac
