#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rooms.sh TOP: no include in lib/ looks up lib/ROOMS, a .c includes its own header first, and every
# file belongs to a listed room (`room.c` or `room_part.c`).
cd "$1" || exit 2
awk '
function bad(text) { print FILENAME ":" FNR ": " text; failed = 1 }
function place(path) { # "storey/room_part.h" -> rank of the room, 0: none
    sub(/\.[ch]$/, "", path)
    while (!(path in rank) && sub(/_[^_\/]*$/, "", path)) ;
    return path in rank ? rank[path] : 0
}
FILENAME == "lib/ROOMS" {
    if ($0 !~ /^#/ && sub(/:/, " ")) for (i = 2; i <= NF; i++) rank[$1 "/" $i] = ++rooms
    next
}
FNR == 1 { files++; first = 1; name = substr(FILENAME, 5); if (!(own = place(name))) bad("is in no room") }
own && /^[ \t]*#[ \t]*include/ {
    split($0, part, /["<>]/); target = part[2]
    if (name ~ /\.c$/ && first && place(target) != own) bad("does not include its own header first")
    first = 0
    if (target ~ /^mcproxy\// || ($0 ~ /</ && !place(target))) next
    if (!place(target)) bad("\"" target "\" is no room of lib/ROOMS")
    else if (place(target) > own) bad("looks up to " target)
}
END { print files " files, " rooms " rooms"; exit failed || !files || !rooms }
' lib/ROOMS $(find lib -name '*.[ch]' | LC_ALL=C sort)
