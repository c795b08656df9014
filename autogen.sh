#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Makes ./configure out of configure.ac. Needed in a clone, not in a release.
set -e
cd "$(dirname "$0")"
mkdir -p build-aux
# First, so that aclocal finds its files here whatever the clock says, and a release has them.
libtoolize --copy --quiet
exec autoreconf --install --force "$@"
