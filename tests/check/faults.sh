#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# faults.sh TOP: tests/faults.tsv has every fault of the catalogue once, with a class and tests that
# exist, or says what it waits for. Prints what is pending.
cd "$1" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
find tests -name '*.c' -exec sed -nE 's/^ *START_TEST\(([a-z0-9_]+)\).*/\1/p' {} + > "$work/names"
# A PHP test counts under the name of its file.
for test in php-ext/tests/*.phpt tests/php/test_*.php; do
    name=${test##*/}
    echo "${name%.*}"
done >> "$work/names"
awk -F '\t' '
function bad(text) { print "tests/faults.tsv:" FNR ": " text; failed = 1 }
function wait_for(whom, what) {
    if (whom !~ /^(The promise|The whole client|Speed|PHP)$/) bad("waits for nobody: " whom)
    print "pending: " what " fault " $1 " (" $2 "), brought by \"" whom "\""
}
FILENAME != "tests/faults.tsv" { exists[$1] = 1; next }
/^#/ { next }
NF != 3 { bad("wants number, class, tests, with tabs between"); next }
{ if ($1 in seen) bad($1 " stands twice"); seen[$1] = 1; tests = $3 }
$2 !~ /^(unit|sim|live|manual)$/ { bad("class " $2 ": unit, sim, live or manual") }
$2 == "manual" { print "by hand: fault " $1 ", " $3; next }
tests ~ /^pending: / { wait_for(substr(tests, 10), "all of"); pending++; next }
(at = index(tests, "; pending: ")) > 0 { wait_for(substr(tests, at + 11), "a part of"); tests = substr(tests, 1, at - 1) }
{ n = split(tests, test, " "); if (!n) bad("names no test")
  for (i = 1; i <= n; i++) if (!(test[i] in exists)) bad("no such test: " test[i]); tested++ }
END {
    for (i = 1; i <= 100; i++) if (i != 71 && !(i in seen)) { print "fault " i " is missing"; failed = 1 }
    for (i in seen) if (i !~ /^[0-9]+$/ || i + 0 < 1 || i + 0 > 100 || i + 0 == 71) { print "no such fault: " i; failed = 1 }
    print tested + 0 " faults tested, " pending + 0 " pending"
    exit failed
}' "$work/names" tests/faults.tsv
