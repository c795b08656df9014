#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Makes ./configure out of configure.ac. Needed in a clone, not in a release.
set -e
cd "$(dirname "$0")"
mkdir -p build-aux
exec autoreconf --install --force "$@"
