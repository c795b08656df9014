# SPDX-License-Identifier: BSD-3-Clause
# Draws what scripts/bench has measured: for a few works the user instructions of each client, as bars,
# and beside them its speed to the floor's. It suits light and dark pages.
function field(name,   text) {
    if (!match($0, "\"" name "\":(\"[^\"]*\"|[0-9.]+)"))
        return ""
    text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    gsub(/"/, "", text)
    return text
}
field("instructions") != "" { count[field("work"), field("client")] = field("instructions") + 0 }
field("ratio") != "" && field("cores") == "1" && !/"threads"/ { ratio[field("work"), field("client")] = field("ratio") + 0 }
function text(x, y, what, class) {
    printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y, class, what
}
function bar(x, y, width, client) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"9\" class=\"%s\"/>\n", x, y, width, client
}
function legend(   c, x) {
    x = LEFT
    for (c = 1; c <= 4; c++) {
        bar(x, 12, 10, clients[c])
        text(x + 15, 21, names[c], "t")
        x += 25 + 6.4 * length(names[c])
    }
}
function group(work, label, y,   c, width) {
    text(LEFT - 8, y + 26, label, "t end")
    for (c = 1; c <= 4; c++) {
        if (!((work, clients[c]) in count))
            continue
        width = count[work, clients[c]] * SCALE
        bar(LEFT, y + (c - 1) * 11, width > MOST ? MOST : width, clients[c])
        text(LEFT + (width > MOST ? MOST : width) + 4, y + (c - 1) * 11 + 8.5, count[work, clients[c]], "s")
        if (!((work, clients[c]) in ratio))
            continue
        width = ratio[work, clients[c]] * 100
        bar(RIGHT, y + (c - 1) * 11, width > 130 ? 130 : width, clients[c])
        text(RIGHT + (width > 130 ? 130 : width) + 4, y + (c - 1) * 11 + 8.5, sprintf("%.2f", ratio[work, clients[c]]), "s")
    }
}
END {
    LEFT = 170; MOST = 300; SCALE = MOST / 4500; RIGHT = 540
    split("floor text binary mcproxy", clients, " ")
    split("floor|libmemcached, text|libmemcached, binary|libmcproxy", names, "|")
    n = split("get set count get-tcp mirror many batch servers-1000", works, " ")
    split("get|set|incr|get, TCP|set of a pair|100 keys of 3 servers|10,000 keys|get, 1,000 servers", labels, "|")
    height = n * 56 + 62
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"%d\" viewBox=\"0 0 720 %d\" font-family=\"sans-serif\">\n", height, height
    print "<style>.t{font-size:12px;fill:#222}.s{font-size:9.5px;fill:#555}.end{text-anchor:end}.line{stroke:#999;stroke-dasharray:3 3}"
    print ".floor{fill:#a0a0a0}.text{fill:#d9a441}.binary{fill:#b5651d}.mcproxy{fill:#1f7f9b}"
    print "@media (prefers-color-scheme: dark){.t{fill:#e6e6e6}.s{fill:#b8b8b8}.mcproxy{fill:#48b4d4}}</style>"
    legend()
    text(LEFT, 42, "user instructions (many keys: for each)", "s")
    text(RIGHT, 42, "speed, floor = 1", "s")
    printf "<line x1=\"%d\" y1=\"48\" x2=\"%d\" y2=\"%d\" class=\"line\"/>\n", RIGHT + 100, RIGHT + 100, height - 8
    for (k = 1; k <= n; k++)
        group(works[k], labels[k], 52 + (k - 1) * 56)
    print "</svg>"
}
