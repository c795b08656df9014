# SPDX-License-Identifier: BSD-3-Clause
# Draws what scripts/bench has counted: a group of bars for each work, user instructions per turn.
function field(name,   text) {
    if (!match($0, "\"" name "\":(\"[^\"]*\"|[0-9.]+)"))
        return ""
    text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    gsub(/"/, "", text)
    return text
}
field("instructions") != "" {
    work = field("work")
    if (!(work in seen)) {
        seen[work] = 1
        order[++n] = work
    }
    count[work, field("client")] = field("instructions") + 0
}
END {
    split("floor text binary mcproxy", clients, " ")
    split("#999999 #d9a441 #b5651d #1f6f8b", colours, " ")
    split("floor (baked bytes)|libmemcached, text|libmemcached, binary|libmcproxy", names, "|")
    left = 120
    scale = 640 / 12000 # of 12,000 instructions, and what is more is cut
    height = n * 62 + 60
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", height
    print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    for (c = 1; c <= 4; c++)
        printf "<rect x=\"%d\" y=\"8\" width=\"10\" height=\"10\" fill=\"%s\"/><text x=\"%d\" y=\"17\">%s</text>\n", left + (c - 1) * 160, colours[c], left + (c - 1) * 160 + 15, names[c]
    print "<text x=\"" left "\" y=\"34\" fill=\"#555\">user instructions per turn (batches: per key)</text>"
    for (k = 1; k <= n; k++) {
        y = 46 + (k - 1) * 62
        printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left - 8, y + 30, order[k]
        for (c = 1; c <= 4; c++) {
            if (!((order[k], clients[c]) in count))
                continue
            width = count[order[k], clients[c]] * scale
            is_cut = width > 640
            printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>", left, y + (c - 1) * 13, is_cut ? 640 : width, colours[c]
            printf "<text x=\"%.1f\" y=\"%d\">%d</text>\n", left + (is_cut ? 640 : width) + 4, y + (c - 1) * 13 + 10, count[order[k], clients[c]]
        }
    }
    print "</svg>"
}
