# SPDX-License-Identifier: BSD-3-Clause
# tables.awk counts.tsv FIGURES: what scripts/bench has measured, as tables; `markdown` 1: for docs/.
function field(name,   text) {
    if (!match($0, "\"" name "\":(\"[^\"]*\"|[0-9.]+)"))
        return ""
    text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    gsub(/"/, "", text)
    return text
}
FILENAME ~ /counts\.tsv$/ {
    if ($0 !~ /^#/ && split($0, f, "\t") > 4)
        budget[f[1]] = f[2] "; " f[4]
    next
}
/"recovery"/ {
    figure = field("figure") + 0
    figure = sprintf(figure >= 10 ? "%.0f" : "%.3f", figure)
    outage[++n_outages] = field("what") "\t" thousands(figure) " " field("unit")
    next
}
/"threads"/ { speed["threads " field("threads"), field("client")] = field("ratio"); cores = field("cores"); next }
/"cores":2/ { speed["apart " field("work"), field("client")] = field("ratio"); next }
{
    work = field("work"); client = field("client")
    if (!(work in seen)) {
        seen[work] = 1
        order[++n] = work
    }
    if (field("ratio") != "")
        speed[work, client] = field("ratio")
    if (field("calls") != "") {
        instructions[work, client] = field("instructions")
        calls[work, client] = field("calls")
    }
}
function thousands(number,   whole, rest) {
    if (number !~ /^[0-9.]+$/)
        return number
    whole = number; rest = ""
    if (match(number, /\./)) {
        whole = substr(number, 1, RSTART - 1)
        rest = substr(number, RSTART)
    }
    while (length(whole) > 3) {
        rest = "," substr(whole, length(whole) - 2) rest
        whole = substr(whole, 1, length(whole) - 3)
    }
    return whole rest
}
function ratio(row, client) { return (row, client) in speed ? sprintf("%.2f", speed[row, client]) : "-" }
function cell(work, client) {
    if (!((work, client) in calls))
        return "-"
    return thousands(instructions[work, client]) "; " sprintf("%g", calls[work, client]) "; " ratio(work, client)
}
function row(a, b, c, d, e, f) {
    if (markdown)
        print "| " a " | " b " | " c " | " d " | **" e "**" (f == "" ? "" : " | " f) " |"
    else
        printf "%-16s %18s %22s %22s %20s %14s\n", a, b, c, d, e, f
}
function head(what, last,   i) {
    print ""
    if (markdown) {
        print "| " what " | floor | libmemcached, text | binary | **libmcproxy** |" (last == "" ? "" : " " last " |")
        print "|---|---|---|---|---|" (last == "" ? "" : "---|")
    } else
        row(what, "floor", "libmemcached, text", "binary", "libmcproxy", last)
}
END {
    print markdown ? "" : "user instructions; system calls; speed to the floor's (batches: instructions per key, calls in all)"
    head("work", "budget")
    for (k = 1; k <= n; k++)
        row(order[k], cell(order[k], "floor"), cell(order[k], "text"), cell(order[k], "binary"), cell(order[k], "mcproxy"), order[k] in budget ? budget[order[k]] : "-")
    if (cores == "")
        exit
    head("speed to the floor's", "")
    split("get mirror", works, " ")
    for (k = 1; k <= 2; k++)
        row(works[k] ", clients and servers on a core each", ratio("apart " works[k], "floor"), ratio("apart " works[k], "text"), ratio("apart " works[k], "binary"), ratio("apart " works[k], "mcproxy"), "")
    n_same = split("get set many pipeline batch", works, " ")
    for (k = 1; k <= n_same; k++)
        if ((works[k], "same") in speed)
            row(works[k] ": with libmcproxy's own lines, baked", ratio(works[k], "same"), "-", "-", ratio(works[k], "mcproxy"), "")
    row("mirror: one copy after the other, to the floor's", ratio("apart mirror", "serial"), "-", "-", "-", "")
    for (threads = 1; threads <= 8; threads *= 2)
        row("get, " threads " threads on " cores " cores", ratio("threads " threads, "floor"), ratio("threads " threads, "text"), ratio("threads " threads, "binary"), ratio("threads " threads, "mcproxy"), "")
    print markdown ? "\n| outages | figure |\n|---|---|" : ""
    for (k = 1; k <= n_outages; k++) {
        split(outage[k], f, "\t")
        if (markdown)
            print "| " f[1] " | " f[2] " |"
        else
            printf "%-60s %20s\n", f[1], f[2]
    }
}
