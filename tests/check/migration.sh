#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# migration.sh TOP: docs/from-libmemcached.md names every function of libmemcached's public headers that
# takes a client (memcached_st), and every behaviour. Skipped where those headers are not installed.
headers=${MCP_LIBMEMCACHED_HEADERS:-/usr/include/libmemcached-1.0}; page=$1/docs/from-libmemcached.md
test -f "$headers/memcached.h" || { echo "libmemcached's headers are not installed"; exit 77; }
test -s "$page" || { echo "no $page"; exit 1; }
work=$(mktemp -d) || exit 2; trap 'rm -rf "$work"' EXIT
# One declaration a line, from LIBMEMCACHED_API to its semicolon; the name stands before the bracket.
cat "$headers"/*.h | tr '\n' ' ' | tr ';' '\n' | grep -o 'LIBMEMCACHED_API.*' | grep 'memcached_st[ *]' |
    grep -oE 'memcached_[a-z0-9_]+ *\(' | tr -d ' (' | LC_ALL=C sort -u > "$work/names"
n_functions=$(wc -l < "$work/names")
cat "$headers"/*.h "$headers"/types/*.h | grep -oE 'MEMCACHED_BEHAVIOR_[A-Z0-9_]+' | grep -v '_MAX$' |
    LC_ALL=C sort -u >> "$work/names"
# Less than libmemcached ever had: the headers were not understood, and nothing would be checked.
test "$n_functions" -ge 90 || { echo "only $n_functions functions found in $headers"; exit 1; }
grep -oE '(memcached|MEMCACHED)_[a-zA-Z0-9_]+' "$page" | LC_ALL=C sort -u > "$work/named"
LC_ALL=C sort -u "$work/names" | LC_ALL=C comm -23 - "$work/named" > "$work/missing"
sed 's/$/: not in docs\/from-libmemcached.md/' "$work/missing"
echo "$n_functions functions, $(($(wc -l < "$work/names") - n_functions)) behaviours"
test ! -s "$work/missing"
