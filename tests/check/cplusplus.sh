#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# cplusplus.sh TOP: every public header is C++ as well as C, alone and twice. An adapter is asked only
# where the library it is for is installed.
compiler=
for each in ${CXX:-g++ clang++}; do
    command -v "$each" > /dev/null && { compiler=$each; break; }
done
test -n "$compiler" || { echo "no C++ compiler is installed"; exit 77; }
cd "$1/include" || exit 2
failed=0 n=0
for header in $(find mcproxy -name '*.h' | LC_ALL=C sort); do
    flags=
    case $header in
    */libevent.h) flags=$(pkg-config --cflags libevent 2> /dev/null) || continue ;;
    */libuv.h) flags=$(pkg-config --cflags libuv 2> /dev/null) || continue ;;
    esac
    for standard in c++11 c++17; do
        printf '#include <%s>\n#include <%s>\nint main() { return 0; }\n' "$header" "$header" |
            "$compiler" -std=$standard -Wall -Wextra -Werror -fsyntax-only -I. $flags -x c++ - ||
            { echo "$header is no $standard"; failed=1; }
    done
    n=$((n + 1))
done
test "$n" -ge 3 || failed=1
echo "$n headers, $compiler"
exit $failed
