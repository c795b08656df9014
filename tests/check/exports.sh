#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# exports.sh TOP BUILD: the shared library exports exactly lib/symbols, these are exactly the MCP_API
# functions of include/mcproxy, and each has its place in a man page.
so=$2/.libs/libmcproxy.so; work=$(mktemp -d) || exit 2; trap 'rm -rf "$work"' EXIT; failed=0
LC_ALL=C sort "$1/lib/symbols" > "$work/symbols"; test -s "$work/symbols" || failed=1
cat "$1"/include/mcproxy/*.h | grep -v '^#' | tr '\n' ' ' | grep -o 'MCP_API [^;()]*(' |
    sed 's/ *($//; s/.*[ *]//' | LC_ALL=C sort > "$work/headers"
test -f "$so" && ${NM:-nm} -D --defined-only "$so" | sed 's/.* //; s/@.*//' | LC_ALL=C sort > "$work/library"
for side in "$work"/headers "$work"/library; do
    test ! -f "$side" && echo "no shared library in this build" && continue
    diff "$side" "$work/symbols" || { echo "${side##*/} (<) and lib/symbols (>) differ"; failed=1; }
done
while read -r name; do
    grep -qsE "^\.(Nm|Fn|Fo) \"?$name\"?( |,|\$)" "$1"/docs/man/*.[37] ||
        { echo "$name: in no man page of docs/man (.Nm, .Fn, .Fo)"; failed=1; }
done < "$work/symbols"
echo "$(wc -l < "$work/symbols") functions"; exit $failed
