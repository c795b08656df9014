#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# sources.sh TOP: every C and C++ file of the tree is named in a local.mk, so it is built and packed.
cd "$1" || exit 2
cat include/local.mk lib/local.mk tools/local.mk examples/local.mk tests/local.mk docs/local.mk \
    > /dev/null || exit 2
failed=0
for file in $(find include lib tools examples tests \( -name '*.[ch]' -o -name '*.cc' \) ! -path '*.tmp/*' | LC_ALL=C sort); do
    # A program of one file is named without its ".c".
    grep -qE "(^|[[:space:]])${file%.c}(\.c)?([[:space:]]|\$)" -- */local.mk ||
        { echo "$file: in no local.mk"; failed=1; }
done
exit $failed
