#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# man.sh TOP: mandoc finds nothing to warn about in the man pages, and every page of ours that they
# refer to exists: a file, or a name (.Nm) that another page of that section describes.
command -v mandoc > /dev/null || { echo "mandoc is not installed"; exit 77; }
cd "$1/docs/man" || exit 1
failed=0
for page in *.[1-9]; do
    test -f "$page" || { echo "no man pages"; exit 1; }
    # "outdated mandoc.db" and "cross reference" speak of this machine, not of the page.
    mandoc -Tlint -Wwarning "$page" | grep -v 'referenced manual not found\|mandoc.db' && failed=1
    for name in $(sed -nE 's/^\.Xr ((lib)?mcp[a-z_-]*) ([1-9]).*/\1.\3/p' "$page"); do
        test -f "$name" || grep -qsE "^\.Nm ${name%.?}( ,)?\$" ./*."${name##*.}" ||
            { echo "$page: .Xr to $name, which there is not"; failed=1; }
    done
done
exit $failed
