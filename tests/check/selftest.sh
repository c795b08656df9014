#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# selftest.sh TOP: the checks can fail. Each is run on a small tree that is right, then on the same
# tree with one thing wrong, which it has to find and name.
checks=$(cd "$1/tests/check" && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
tree=$work/tree
failed=0

file() { # file PATH: standard input becomes that file of the tree
    mkdir -p "$tree/$(dirname "$1")"
    { echo '/* SPDX-License-Identifier: BSD-3-Clause */'; cat; } > "$tree/$1"
}

plant() { # the tree that is right
    rm -rf "$tree"
    mkdir -p "$tree/lib/base" "$tree/tests/check" "$tree/docs/man" "$tree/.libs"
    printf 'base: err mem\nwire: key\nio: sock\n' > "$tree/lib/ROOMS"
    echo mcp_good > "$tree/lib/symbols"
    cp "$checks/allow.txt" "$tree/tests/check/"
    file include/mcproxy/mcproxy.h <<'END'
#define MCP_API __attribute__((visibility("default")))
MCP_API int mcp_good(void);
END
    echo 'int mcp__err_last(void);' | file lib/base/err.h
    printf '#include "base/err.h"\nint mcp__err_last(void) { return 1; }\n' | file lib/base/err.c
    echo 'int mcp__key_check(const char *key);' | file lib/wire/key.h
    printf '#include "wire/key.h"\n#include "base/err.h"\n#include <string.h>\n%s\n' \
        'int mcp__key_check(const char *key) { return strlen(key) > 250 && mcp__err_last(); }' |
        file lib/wire/key.c
    echo 'int mcp_good(void); int mcp_good(void) { return 0; }' | file good.c
    printf '.\\" SPDX-License-Identifier: BSD-3-Clause\n.Dd November 22, 2026\n.Dt MCP_GOOD 3\n.Os\n%s\n' \
        '.Sh NAME
.Nm mcp_good
.Nd is good
.Sh SYNOPSIS
.In mcproxy/mcproxy.h
.Ft int
.Fn mcp_good void' > "$tree/docs/man/mcp_good.3"
    mkdir -p "$tree/tools" "$tree/examples" "$tree/tests/unit"
    for folder in tools examples docs tests; do
        echo '# SPDX-License-Identifier: BSD-3-Clause' > "$tree/$folder/local.mk"
    done
    echo '# SPDX-License-Identifier: BSD-3-Clause
x = include/mcproxy/mcproxy.h' > "$tree/include/local.mk"
    echo '# SPDX-License-Identifier: BSD-3-Clause
x = lib/base/err.h lib/base/err.c lib/wire/key.h lib/wire/key.c' > "$tree/lib/local.mk"
    echo 'x = tests/unit/key.c' >> "$tree/tests/local.mk"
    echo 'START_TEST(key_length)' | file tests/unit/key.c
    awk 'BEGIN { print "# SPDX-License-Identifier: BSD-3-Clause"
        for (i = 1; i <= 100; i++) if (i != 71) print i "\tunit\t" (i % 2 ? "key_length" : "pending: Speed") }' \
        > "$tree/tests/faults.tsv"
}

compile() {
    for source in "$tree"/lib/*/*.c; do
        ${CC:-cc} -O1 -U_FORTIFY_SOURCE -D_GNU_SOURCE -I"$tree/lib" -c "$source" -o "${source%.c}.o" ||
            exit 2
    done
    ${CC:-cc} -shared -fPIC "$tree/good.c" -o "$tree/.libs/libmcproxy.so" || exit 2
}

passes() { # passes CHECK: on the tree that is right
    sh "$checks/$1.sh" "$tree" "$tree" > "$work/out" 2>&1 && return
    echo "$1 fails on a tree that is right:"; cat "$work/out"; failed=1
}

finds() { # finds CHECK TEXT: fails, and says TEXT
    if sh "$checks/$1.sh" "$tree" "$tree" > "$work/out" 2>&1; then
        echo "$1 does not see: $2"; failed=1
    elif ! grep -qF -- "$2" "$work/out"; then
        echo "$1 fails, but does not say: $2"; cat "$work/out"; failed=1
    fi
    plant
}

plant
for check in rooms sources house faults; do passes $check; done
command -v mandoc > /dev/null && passes man
compile
for check in purity exports; do passes $check; done

echo '#include "wire/key.h"' >> "$tree/lib/base/err.c"
finds rooms 'looks up to wire/key.h'
echo '#include <io/sock.h>' >> "$tree/lib/wire/key.h"; echo | file lib/io/sock.h
finds rooms 'looks up to io/sock.h'
printf '#include "base/mem.h"\n' | file lib/base/err.h; echo | file lib/base/mem.h
finds rooms 'looks up to base/mem.h'
printf '#include <string.h>\n#include "wire/key.h"\n' | file lib/wire/key.c
finds rooms 'does not include its own header first'
echo | file lib/wire/stray.c
finds rooms 'is in no room'
echo '#include "key.h"' >> "$tree/lib/wire/key.c"
finds rooms '"key.h" is no room'

for call in 'send:int send(int,const void*,unsigned long,int);int f(void){return (int)send(1,"",1,0);}' \
    'clock_gettime:int clock_gettime(int,void*);int f(void){char t[16];return clock_gettime(1,t);}' \
    'malloc:void*malloc(unsigned long);void*f(unsigned long n){return malloc(n);}' \
    'printf:int printf(const char*,...);int f(int n){return printf("%d",n);}' \
    'abort:void abort(void);void f(void){abort();}'; do
    echo "${call#*:}" >> "$tree/lib/wire/key.c"; compile
    finds purity "lib/wire/key needs ${call%%:*}:"
done
finds purity '0 objects'

echo 'MCP_API const char *mcp_more(int a);' >> "$tree/include/mcproxy/mcproxy.h"; compile
finds exports 'mcp_more'
echo mcp_more >> "$tree/lib/symbols"; compile
finds exports 'headers (<) and lib/symbols (>) differ'
echo 'int leak; int mcp_leak(void); int mcp_leak(void) { return leak; }' >> "$tree/good.c"; compile
finds exports 'mcp_leak'
: > "$tree/docs/man/mcp_good.3"; compile
finds exports 'mcp_good: in no man page'

echo | file lib/base/unlisted.c
finds sources 'lib/base/unlisted.c: in no local.mk'
echo 'int x;' > "$tree/lib/base/err.c"
finds house 'lib/base/err.c: no SPDX'
{ echo 'void f(void)'; echo '{'; yes '    f();' | head -61; echo '}'; } | file lib/base/err.c
finds house 'a function of 61 lines'
yes | head -600 | file lib/base/err.c
finds house '600 lines or more'
if command -v mandoc > /dev/null; then
    echo '.Zz what' >> "$tree/docs/man/mcp_good.3"
    finds man 'unknown macro'
    printf '.Sh SEE ALSO\n.Xr mcproxy_nowhere 3\n' >> "$tree/docs/man/mcp_good.3"
    finds man 'mcproxy_nowhere.3, which there is not'
fi
sed -i '/^5	/d' "$tree/tests/faults.tsv"
finds faults 'fault 5 is missing'
sed -i 's/^5	.*/5	unit	no_such_test/' "$tree/tests/faults.tsv"
finds faults 'no such test: no_such_test'
sed -i 's/^4	.*/4	unit	pending: Someday/' "$tree/tests/faults.tsv"
finds faults 'waits for nobody'
sed -i 's/^4	.*/4	hope	key_length/' "$tree/tests/faults.tsv"
finds faults 'class hope'
printf '6\tunit\tkey_length\n' >> "$tree/tests/faults.tsv"
finds faults '6 stands twice'

plant_bug() {
    printf '#include "base/err.h"\nint mcp__err_last(void) {\n#ifdef MCP_MUTANT_TWO\n%s\n' \
        'return 2;
#endif
return 1; }' | file lib/base/err.c
    printf 'TWO\tlib/base/err.c\ttests/unit/%s\n' "$1" > "$tree/tests/mutants.tsv"
    echo 'int mcp__err_last(void); int main(void) { return mcp__err_last() != 1; }' |
        file tests/unit/sees.c
    echo 'int main(void) { return 0; }' | file tests/unit/blind.c
    echo 'int main(void) { return 1; }' | file tests/unit/red.c
    printf '%s:\n\t$(CC) $(FLAG) -Ilib -c $(FILE) -o $(MUTANT_OBJECT)\n' mutant-object \
        > "$tree/Makefile"
    printf '%s:\n\t$(CC) $(PROGRAM).c $(MUTANT_OBJECT) -o $(OUT)\n' mutant-link >> "$tree/Makefile"
}
plant_bug sees
passes ../mutants
plant_bug blind
finds ../mutants 'SURVIVED'
plant_bug red
finds ../mutants 'fails without any bug'
plant_bug sees; : > "$tree/tests/mutants.tsv"
finds ../mutants 'MCP_MUTANT_TWO is not in tests/mutants.tsv'
plant_bug sees; printf 'THREE\tlib/base/err.c\ttests/unit/sees\n' >> "$tree/tests/mutants.tsv"
finds ../mutants 'no MCP_MUTANT_THREE'
exit $failed
