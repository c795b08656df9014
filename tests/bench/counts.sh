#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# counts.sh TOP BUILD: counts user instructions and system calls of each row of counts.tsv, by
# valgrind and strace, and compares them with what is allowed. Counts do not depend on what else the
# machine does.
#
# counts.sh TOP BUILD CLIENT [WORK...]: only prints them, as JSON, of any client of bench_all.
top=$1
build=$2
client=$3
bench=$build/tests/bench/bench_all
for tool in valgrind strace; do
    command -v $tool > /dev/null || { echo "$tool is not installed"; exit 77; }
done
if test -z "$client" && grep -qE "^MCP_CFLAGS *=.*-fsanitize" "$build/Makefile"; then
    echo 'a build with a sanitizer has other counts'
    exit 77
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

turns_of() { # turns_of BATCH WORK: enough for a mean that does not change
    if [[ $2 == late ]]; then echo 30 # each begins with a silence
    elif [[ $2 == *-1m* ]]; then echo 400 # libmemcached takes a million instructions each
    elif test "$1" -gt 5000; then echo 4; elif test "$1" -gt 1; then echo 40; else echo 1000; fi
}

run() { # run TOOL... CLIENT WORK TURNS
    "$build/libtool" --mode=execute "$@" > "$work/log" 2>&1
}

counted() { # counted CLIENT WORK TURNS FUNCTION: instructions inside it, in all
    rm -f "$work"/out.* # one for each process that it starts, too: they have counted nothing
    run valgrind --tool=callgrind --callgrind-out-file="$work/out.%p" --collect-atstart=no \
        --toggle-collect="$4" "$bench" count "$1" "$2" "$3" || return 1
    awk '/^totals:/ { sum += $2 } END { printf "%.0f\n", sum }' "$work"/out.*
}

# Of libmcproxy what is inside the public call, by the difference of two run lengths; of the others the
# whole turn, with some 50 instructions of the benchmark's own.
instructions() { # instructions CLIENT WORK TURNS BATCH
    local short=0 long n=$3
    if test "$1" = mcproxy; then
        short=$(counted "$1" "$2" "$3" "$(field_of "$2" call)") || return 1
        long=$(counted "$1" "$2" "$((2 * n))" "$(field_of "$2" call)") || return 1
    else
        long=$(counted "$1" "$2" "$3" bench_measured) || return 1
    fi
    echo "$(((long - short + n * $4 / 2) / (n * $4)))"
}

calls() { # calls CLIENT WORK TURNS: of one turn
    run strace -o "$work/out" "$bench" count "$1" "$2" "$3" || return 1
    awk -v n="$3" '/^getppid/ { inside = !inside; next } inside { calls++ }
        END { printf "%.2f\n", calls / n }' "$work/out"
}

field_of() { # field_of WORK FIELD
    "$build/libtool" --mode=execute "$bench" list |
        sed -n "s/^{\"work\":\"$1\",.*\"$2\":\"\{0,1\}\([a-z0-9_]*\).*/\1/p"
}
batch_of() { # batch_of WORK: keys of one turn
    field_of "$1" batch | sed 's/^0$/1/'
}

if test -n "$client"; then
    shift 3
    for name in "$@"; do
        batch=$(batch_of "$name")
        turns=$(turns_of "$batch" "$name")
        code=0
        i=$(instructions "$client" "$name" "$turns" "$batch") || code=$?
        c=$(calls "$client" "$name" "$turns") || code=$?
        test $code = 0 || continue
        printf '{"work":"%s","client":"%s","instructions":%s,"calls":%s}\n' "$name" "$client" "$i" "$c"
    done
    exit 0
fi

failed=0
printf '%-14s %28s %24s\n' work 'instructions (budget)' 'system calls (budget)'
while IFS=$'\t' read -r name budget now calls_budget calls_now; do
    case $name in '#'* | '') continue ;; esac
    batch=$(batch_of "$name")
    turns=$(turns_of "$batch" "$name")
    i=$(instructions mcproxy "$name" "$turns" "$batch") && c=$(calls mcproxy "$name" "$turns") || {
        echo "$name: bench_all failed:"
        cat "$work/log"
        failed=1
        continue
    }
    printf '%-14s %18s (%7s) %14s (%7s)\n' "$name" "$i" "$budget" "$c" "$calls_budget"
    awk -v i="$i" -v c="$c" -v budget="$budget" -v now="$now" -v cb="$calls_budget" -v cn="$calls_now" \
        'BEGIN { most = budget + 0 > now ? budget : now; mc = cb + 0 > cn ? cb : cn
                 exit !(i <= most * 1.03 && c <= mc * 1.03) }' ||
        { echo "$name: more than 3 % over what is allowed (counts.tsv)"; failed=1; }
done < "$top/tests/bench/counts.tsv"
exit $failed
