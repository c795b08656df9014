#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# house.sh TOP: every file says its licence, is under 600 lines and keeps its functions at 60 lines
# or less. Generated files and pure data (vectors, symbol list, golden traces) are not asked.
# README.md, which web pages show, is README.
cd "$1" || exit 2
files=$(find . \( -path ./.git -o -path ./autom4te.cache -o -path ./build-aux -o -name '.deps' \
        -o -name '.libs' -o -path './check-*' -o -path './libmcproxy-*' -o -path ./tests/vectors \) -prune -o -type f \
        \( -name '*.[ch]' -o -name '*.sh' -o -name '*.mk' -o -name '*.ac' -o -name 'mcp.m4' \
        -o -name '*.in' -o -name '*.am' -o -name '*.[1357]' -o -name '*.tsv' -o -path './scripts/*' \) \
        ! -name Makefile.in -print | LC_ALL=C sort)
failed=0
for file in $files; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' ||
        { echo "$file: no SPDX-License-Identifier in its first lines"; failed=1; }
done
test ! -e README.md || cmp README README.md || failed=1
# A function's body is what stands between a "{" and a "}" in the first column.
awk '
function bad(text) { print FILENAME ":" FNR ": " text; failed = 1 }
FNR == 1 { from = 0 }
FNR == 600 { bad("600 lines or more") }
/^\{/ { from = FNR }
/^\}/ { if (from && FNR - from - 1 > 60) bad("a function of " FNR - from - 1 " lines"); from = 0 }
END { exit failed }
' $(echo "$files" | grep '\.[ch]$') || failed=1
echo "$(echo "$files" | wc -l) files"
exit $failed
