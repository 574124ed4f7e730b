#!/bin/sh
# What meets hostile code stays small: holds_little.sh MORTISE-WORKER LIBMORTISE_WORKER.SO
#
# Reads both files: the libraries they ask for are a short list, no code of the server's rooms, of a database or of Arrow is
# in them, and the library exports its own functions and nothing else.
set -eu
worker=$1
library=$2
failed=0

complain() {
    echo "$*" >&2
    failed=1
}

# libasan, libubsan and libtsan are there in the instrumented builds only.
allowed='^(libsimdjson|libstdc\+\+|libm|libgcc_s|libc|libdl|libpthread|ld-linux-x86-64|libasan|libubsan|libtsan)\.so'
for file in "$worker" "$library"; do
    needed=$(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    [ -n "$needed" ] || complain "$file needs no library at all: was it read?"
    for name in $needed; do
        echo "$name" | grep -Eq "$allowed" || complain "$file needs $name"
    done

    symbols=$(nm -C "$file")
    echo "$symbols" | grep -q 'mortise::runtime::child::Session::next' || complain "$file has no symbols to look at"
    foreign=$(echo "$symbols" |
        grep -E ' [TtDdBbRr] .*(mortise::(store|plugin|jobs|pipelines|http|cli|app)::|mortise::runtime::(Pool|Reactor|Runtime)\b|arrow::|sqlite3_|spdlog::|boost::|YAML::)' |
        head -n 3 || true)
    [ -z "$foreign" ] || complain "$file has code that does not belong there: $foreign"
done

exported=$(nm -D --defined-only "$library" | awk '{print $3}')
for wanted in open greeting next reply count_copied serve close; do
    echo "$exported" | grep -qx "mortise_worker_$wanted" || complain "$library does not export mortise_worker_$wanted"
done
others=$(echo "$exported" | grep -v '^mortise_worker_' || true)
[ -z "$others" ] || complain "$library also exports $others"
exit $failed
