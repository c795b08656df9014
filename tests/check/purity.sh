#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# purity.sh TOP BUILD: an object of lib/ needs nothing but our own functions and what allow.txt grants
# to its storey or room.
allow=$(cd "$1" && pwd)/tests/check/allow.txt; cd "$2" || exit 2
find lib -name '*.o' ! -path '*/.libs/*' | LC_ALL=C sort | while read -r object; do
    echo "object $object" | sed 's|lib[a-z_]*_la-||'; ${NM:-nm} -u "$object"
done | awk -v allow="$allow" '
BEGIN {
    while ((getline line < allow) > 0)
        if (line !~ /^#/ && (n = split(line, word, /[: ]+/)) > 1)
            for (i = 2; i <= n; i++) may[word[1] "," word[i]] = 1
}
$1 == "object" { objects++; room = $2; gsub(/^lib\/|\.o$/, "", room); storey = room; sub(/\/.*/, "", storey); next }
{
    symbol = $NF; sub(/@.*/, "", symbol)
    if (symbol ~ /^_?mcp_|^__(asan|ubsan|tsan|sanitizer|gcov|llvm)_|^_GLOBAL_OFFSET_TABLE_$/) next
    if (symbol ~ /^__.*_chk$/) gsub(/^__|_chk$/, "", symbol)
    if (("all," symbol) in may || (storey "," symbol) in may || (room "," symbol) in may) next
    print "lib/" room " needs " symbol ": not granted in tests/check/allow.txt"; failed = 1
}
END { print objects + 0 " objects"; exit failed || !objects }'
