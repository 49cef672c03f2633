#!/bin/sh
# What `make demo` runs after building: the C example, compiled against the shared library, sends a
# message through the built-in sandbox to two recipients, of whom one is refused.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
postrider=$target/debug/postrider
folder=$(mktemp -d)
trap 'exec 3>&-; rm -rf "$folder"' EXIT

say() { printf '\n== %s\n' "$1"; }

say 'Compiling bindings/c/example.c against the shared library'
ln -sf "$(cd "$target/release" && pwd)/libpostrider.so" "$folder/libpostrider.so.1"
ln -sf libpostrider.so.1 "$folder/libpostrider.so"
"${CC:-cc}" -std=c99 -Wall -Iinclude bindings/c/example.c -o "$folder/example" \
    -L"$folder" -lpostrider "-Wl,-rpath,$folder"

say 'Starting the sandbox: a mail server that wants OAuth2 tokens, on this computer only'
mkdir "$folder/mail"
mkfifo "$folder/lifeline"
# The sandbox ends when this script does, because it then reads the end of its input.
"$postrider" sandbox --until-eof --for 60 --folder "$folder/mail" \
    <"$folder/lifeline" >"$folder/sandbox.log" 2>&1 &
sandbox=$!
exec 3>"$folder/lifeline"
tries=0
until [ -e "$folder/mail/sandbox.json" ]; do
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || ! kill -0 "$sandbox"; then
        cat "$folder/sandbox.log" >&2
        exit 1
    fi
    sleep 0.02
done
setting() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" "$folder/mail/sandbox.json"; }
cat "$folder/sandbox.log"

say 'Getting an access token for the mailbox'
POSTRIDER_TOKEN=$("$postrider" token --url "$(setting token_url)")
echo "a token of ${#POSTRIDER_TOKEN} characters"

say 'Sending from C to two recipients; the transcript, without secrets:'
POSTRIDER_HOST=localhost POSTRIDER_PORT=$(setting smtps_port) POSTRIDER_CA=$(setting ca_file)
POSTRIDER_USER=$(setting user) POSTRIDER_TO=bob@example.org,refused@example.org
export POSTRIDER_HOST POSTRIDER_PORT POSTRIDER_CA POSTRIDER_USER POSTRIDER_TO POSTRIDER_TOKEN
"$folder/example"

exec 3>&-
wait "$sandbox"
say 'The message as it was delivered:'
cat "$folder/mail/0001.eml"
