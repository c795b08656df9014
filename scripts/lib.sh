# SPDX-License-Identifier: BSD-3-Clause
# Shared by scripts/demo and scripts/test, for bash: what has to be installed, and a scratch copy of
# the sources to build in, so that neither a blank in the path nor an earlier build is in the way.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
started=$SECONDS
scratch=
job=

say() {
    printf '[%3d s] %s\n' $((SECONDS - started)) "$*"
}

# ---- What has to be there -----------------------------------------------------------------------
# Debian's package, and how to see that it is there: a program, or a module of pkg-config.
build_needs='gcc gcc
make make
libc6-dev /usr/include/stdio.h
autoconf autoconf
automake automake
libtool libtoolize
pkg-config pkg-config
libc-ares-dev libcares.pc
libmd-dev libmd.pc
zlib1g-dev zlib.pc
libxxhash-dev libxxhash.pc'
demo_needs="$build_needs
memcached memcached"
test_needs="$demo_needs
libjansson-dev jansson.pc
check check.pc
libmemcached-dev libmemcached.pc
libssl-dev libssl.pc
openssl openssl
libevent-dev libevent.pc
libuv1-dev libuv.pc
g++ g++
clang clang
libclang-rt-14-dev /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux
valgrind valgrind
strace strace
mandoc mandoc
nutcracker nutcracker
php-cli php
php-dev phpize
php-memcache php:memcache
php-memcached php:memcached
php-parser /usr/share/php/PhpParser/Parser.php
php-psr-simple-cache /usr/share/php/Psr/SimpleCache/CacheInterface.php
xz-utils xz"

is_there() {
    case $1 in
    *.pc) pkg-config --exists "${1%.pc}" 2> /dev/null ;;
    php:*) php -m 2> /dev/null | grep -qix "${1#php:}" ;;
    /*) test -e "$1" || { gcc -E -include "${1##*/}" -x c /dev/null > /dev/null 2>&1; } ;;
    *) command -v "$1" > /dev/null ;;
    esac
}

missing() { # missing NEEDS: the packages
    local package sign
    while read -r package sign; do
        is_there "$sign" || printf '%s ' "$package"
    done <<< "$1"
}

is_debian_12() {
    (. /etc/os-release && test "$ID" = debian && test "$VERSION_ID" = 12) 2> /dev/null &&
        command -v apt-get > /dev/null
}

set_up() { # set_up NEEDS
    local packages as_root=() log
    packages=$(missing "$1")
    test -n "$packages" || return 0
    if ! is_debian_12; then
        echo "This is not Debian 12. Install what these packages of Debian bring, and come again:" >&2
        printf '    %s\n' $packages >&2
        exit 2
    fi
    if test "$(id -u)" -ne 0; then
        if ! command -v sudo > /dev/null; then
            echo "Missing: $packages" >&2
            echo "Neither root nor sudo: as root, run apt-get install $packages" >&2
            exit 2
        fi
        as_root=(sudo)
    fi
    say "installing $packages"
    log=$(mktemp)
    # RUNLEVEL=1: the memcached and nutcracker of the packages are not started as services.
    if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $packages; } \
        > "$log" 2>&1 < /dev/null || test -n "$(missing "$1")"; then
        tail -n 30 "$log" >&2
        rm -f "$log"
        echo "apt-get could not install: $(missing "$1")" >&2
        exit 2
    fi
    rm -f "$log"
}

# ---- The scratch copy ---------------------------------------------------------------------------
end_job() {
    test -z "$job" || kill -TERM -- "-$job" 2> /dev/null
}

leave() {
    end_job
    test -z "$scratch" || { chmod -R u+w "$scratch" 2> /dev/null; rm -rf "$scratch"; }
}

interrupted() { # interrupted SIGNAL-NUMBER
    trap - EXIT
    say "interrupted by signal $1"
    leave
    exit $((128 + $1))
}

copy_sources() { # into $scratch/source
    local base=${TMPDIR:-/tmp}
    case $base in *[[:space:]]*) base=/tmp ;; esac
    trap leave EXIT
    trap 'interrupted 1' HUP
    trap 'interrupted 2' INT
    trap 'interrupted 15' TERM
    scratch=$(mktemp -d "$base/mcproxy.XXXXXX") || exit 2
    mkdir "$scratch/source"
    if test "$(git -c safe.directory='*' -C "$top" rev-parse --show-prefix 2> /dev/null || echo no)" = ""; then
        git -c safe.directory='*' -C "$top" ls-files -z
    else
        (cd "$top" && find . \( -name .git -o -name .deps -o -name .libs -o -name autom4te.cache \
            -o -name '*.tmp' -o -path './libmcproxy-*' \) -prune -o \
            ! -type d ! -name '*.o' ! -name '*.l[oa]' ! -name '*.log' ! -name '*.trs' -print0)
    fi | (cd "$top" && xargs -0 sh -c 'for f; do test ! -e "$f" || printf "%s\0" "$f"; done' -) |
        tar -C "$top" --null -T - -cf - | tar -C "$scratch/source" -xf - || exit 2
}

# Runs a command as a process group of its own, which dies with this script, with its output in the
# file $log.
run_job() { # run_job COMMAND...
    local code
    set -m
    "$@" > "$log" 2>&1 < /dev/null &
    job=$!
    set +m
    wait "$job"
    code=$?
    job=
    return $code
}
