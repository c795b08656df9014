#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# mutants.sh TOP BUILD: plants every bug of tests/mutants.tsv, one at a time, into the test program
# that is expected to see it; a program that still passes fails this test. A planted bug is a
# `#ifdef MCP_MUTANT_NAME` in a file of lib/; the table has to know them all. Where that is a header
# it says, too, which .c file is to be compiled with it.
top=$1
build=$2
work=$(mktemp -d) || exit 2
pid=
trap 'test -z "$pid" || kill $pid; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
tab=$(printf '\t')
failed=0
caught=0

complain() {
    echo "$*"
    failed=1
}

link() { # link PROGRAM OBJECT: the program, with this object in the place of the library's
    ${MAKE:-make} -s -C "$build" mutant-link PROGRAM="$1" MUTANT_OBJECT="$2" OUT="$work/program" \
        > "$work/log" 2>&1 || { cat "$work/log"; return 1; }
}

# Is the program red? It is stopped as soon as its first test has failed; one that hangs has noticed
# the bug, too.
is_red() {
    (cd "$build" && CK_TAP_LOG_FILE_NAME=$work/tap exec timeout 120 "$work/program") \
        > "$work/log" 2>&1 &
    pid=$!
    while kill -0 $pid 2> /dev/null; do
        grep -qs '^not ok' "$work/tap" && kill $pid 2> /dev/null && break
        sleep 0.1
    done
    wait $pid
    code=$?
    grep -s '^not ok' "$work/tap" >> "$work/log"
    rm -f "$work/tap"
    pid=
    test $code -ne 0
}

# Did the program pass, without any bug, in the run of the tests just before? Else now.
is_green() {
    grep -qsx ':test-result: PASS' "$build/$1.trs" || grep -qsx "$1" "$work/green" || ! is_red
}

compile() { # compile FILE FLAG
    ${MAKE:-make} -s -C "$build" mutant-object FILE="$1" FLAG="$2" MUTANT_OBJECT="$work/mutant.o" \
        > "$work/log" 2>&1 || { cat "$work/log"; return 1; }
}

grep -v '^#' "$top/tests/mutants.tsv" > "$work/table"
(cd "$top" && grep -roE --include='*.[ch]' 'MCP_MUTANT_[A-Z0-9_]+' lib) |
    sed "s/:MCP_MUTANT_/$tab/" | LC_ALL=C sort -u > "$work/planted"
while IFS=$tab read -r file name; do
    grep -q "^$name$tab$file$tab" "$work/table" ||
        complain "$file: MCP_MUTANT_$name is not in tests/mutants.tsv"
done < "$work/planted"

while IFS=$tab read -r name file program object; do
    object=${object:-$file}
    if ! grep -qx "$file$tab$name" "$work/planted"; then
        complain "$name: no MCP_MUTANT_$name in $file"
    elif ! compile "$object" -DMCP_NO_MUTANT || ! link "$program" "$work/mutant.o"; then
        complain "$name: $program cannot be built"
    elif ! is_green "$program"; then
        tail -n 20 "$work/log"
        complain "$name: $program fails without any bug"
    elif ! compile "$object" "-DMCP_MUTANT_$name=1" || ! link "$program" "$work/mutant.o"; then
        complain "$name: cannot be built"
    elif ! is_red; then
        complain "$name: SURVIVED $program"
    else
        echo "$program" >> "$work/green"
        caught=$((caught + 1))
        echo "$name: caught by $program: $(grep -m 1 '^not ok' "$work/log" | cut -c 1-150)"
    fi
done < "$work/table"
echo "$caught caught of $(wc -l < "$work/table") planted"
test "$caught" -gt 0 || failed=1
exit $failed
