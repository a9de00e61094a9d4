# report.awk: from single results to tables: medians, ratios, targets. Call: awk -f report.awk -v peers="eddy ..."
#   -v json=FILE targets results. Lines of results: work TAB peer TAB row TAB value TAB unit; unit `skip` or `fail`: a reason.
# Touches FILE only. The ratio is between two medians; the spread is (largest - smallest) / median.

BEGIN {
    FS = "\t"
    peer_count = split(peers, peer_order, " ")
}

FNR == 1 { file_number++ }

file_number == 1 {
    if ($0 !~ /^#/ && $0 !~ /^ *$/) {
        target_count++
        split($0, word, " +")
        target_work[target_count] = word[1]
        target_rows[target_count] = pattern(word[2])
        target_kind[target_count] = word[3]
        target_what[target_count] = word[4]
        target_ratio[target_count] = word[5]
    }
    next
}

{
    work = $1; peer = $2; row = $3
    at = index(row, "@") # a variant of the peer
    if (at) {
        peer = peer substr(row, at)
        row = substr(row, 1, at - 1)
    }
    note_peer(peer)
    key = work SUBSEP row
    if (!(key in row_seen)) {
        row_seen[key] = 1
        row_work[++row_count] = work
        row_name[row_count] = row
    }
    key = key SUBSEP peer
    if ($5 == "skip" || $5 == "fail") {
        reason[key] = $5 == "skip" ? "left out: " $4 : "FAILED: " $4
        next
    }
    unit[work, row] = $5
    value[key, ++runs[key]] = $4
}

END {
    for (key in runs)
        summarize(key)
    for (r = 1; r <= row_count; r++)
        if (length(title(row_work[r], row_name[r])) > width)
            width = length(title(row_work[r], row_name[r]))
    for (r = 1; r <= row_count; r++)
        print_row(row_work[r], row_name[r])
    summary()
    if (json != "")
        print_json()
}

# A variant stands after its peer.
function note_peer(peer,    i, base) {
    for (i = 1; i <= peer_count; i++)
        if (peer_order[i] == peer)
            return
    base = peer
    sub(/@.*/, "", base)
    for (i = ++peer_count; i > 1 && peer_order[i - 1] != base; i--)
        peer_order[i] = peer_order[i - 1]
    peer_order[i] = peer
}

function pattern(glob) {
    gsub(/\./, "[.]", glob)
    gsub(/\*/, ".*", glob)
    return "^" glob "$"
}

function summarize(key,    n, i, j, x, list) {
    n = runs[key]
    for (i = 1; i <= n; i++) {
        x = value[key, i] + 0
        for (j = i - 1; j >= 1 && list[j] > x; j--)
            list[j + 1] = list[j]
        list[j + 1] = x
    }
    median[key] = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    least[key] = list[1]
    most[key] = list[n]
}

function number(x) {
    return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : sprintf("%.2f", x)
}

function spread(key) {
    return median[key] > 0 ? (most[key] - least[key]) / median[key] * 100 : 0
}

# How many times as good as the peer eddy is; "" when one of them has no figure.
function ratio(work, row, peer,    ours, theirs) {
    if (!((work, row, "eddy") in median) || !((work, row, peer) in median))
        return ""
    ours = median[work, row, "eddy"]
    theirs = median[work, row, peer]
    if (ours <= 0 || theirs <= 0)
        return ""
    return unit[work, row] == "1/s" ? ours / theirs : theirs / ours
}

# A verdict is counted and remembered; the text goes into the table.
function judge(work, row, what, fine) {
    if (fine)
        reached++
    else
        missed_text[++missed] = work ": " row ": " what
    return what (fine ? ": reached" : ": MISSED")
}

function verdict(work, row, peer,    t, text, r, ours, base) {
    text = ""
    for (t = 1; t <= target_count; t++) {
        if (target_work[t] != work || row !~ target_rows[t] || !((work, row, "eddy") in median))
            continue
        ours = median[work, row, "eddy"]
        if (target_kind[t] == "vs" && peer != "eddy" && peer ~ pattern(target_what[t])) {
            r = ratio(work, row, peer)
            if (r != "")
                text = text "  " judge(work, row, "at least " target_ratio[t] " x " peer, r >= target_ratio[t])
        } else if (target_kind[t] == "most" && peer == "eddy") {
            text = text "  " judge(work, row, "at most " target_what[t], ours <= target_what[t])
        } else if (target_kind[t] == "flat" && peer == "eddy" && ((work, target_what[t], "eddy") in median)) {
            base = median[work, target_what[t], "eddy"]
            text = text "  " judge(work, row, "at most " target_ratio[t] " x " target_what[t], ours <= base * target_ratio[t])
        }
    }
    return text
}

function title(work, row) {
    return index(row, work "/") == 1 ? row : work ": " row
}

function print_row(work, row,    i, peer, key, r) {
    printf "\n%-*s %10s %8s %10s\n", width, title(work, row), unit[work, row], "spread", "eddy is"
    for (i = 1; i <= peer_count; i++) {
        peer = peer_order[i]
        key = work SUBSEP row SUBSEP peer
        if (key in median) {
            r = peer == "eddy" ? "" : ratio(work, row, peer)
            verdicts[key] = verdict(work, row, peer)
            printf "%-*s %10s %6.0f %% %10s%s\n", width, "  " peer, number(median[key]), spread(key),
                   r == "" ? "" : sprintf("%.2f x", r), verdicts[key]
        } else if (key in reason) {
            printf "%-*s %s\n", width, "  " peer, reason[key]
        }
    }
}

function summary(    i) {
    printf "\n\"eddy is\": how many times as good as the peer, from the medians.\n"
    if (reached + missed == 0)
        return
    printf "Targets: %d reached, %d missed.\n", reached, missed
    for (i = 1; i <= missed; i++)
        print "  missed  " missed_text[i]
}

function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}

function print_json(    r, i, j, work, row, peer, key, ratio_text, separator, line) {
    printf("{\n  \"machine\": %s,\n  \"results\": [", quoted(machine)) > json
    separator = ""
    for (r = 1; r <= row_count; r++) {
        work = row_work[r]
        row = row_name[r]
        for (i = 1; i <= peer_count; i++) {
            peer = peer_order[i]
            key = work SUBSEP row SUBSEP peer
            if (!(key in median))
                continue
            ratio_text = peer == "eddy" ? "" : ratio(work, row, peer)
            line = "    {\"work\": " quoted(work) ", \"row\": " quoted(row) ", \"peer\": " quoted(peer)
            line = line ", \"unit\": " quoted(unit[work, row]) ", \"median\": " median[key]
            line = line ", \"least\": " least[key] ", \"most\": " most[key] ", \"runs\": ["
            for (j = 1; j <= runs[key]; j++)
                line = line (j > 1 ? ", " : "") value[key, j]
            line = line "], \"eddy_is\": " (ratio_text == "" ? "null" : ratio_text)
            line = line ", \"targets\": " quoted(trim(verdicts[key])) "}"
            printf("%s\n%s", separator, line) > json
            separator = ","
        }
    }
    printf("\n  ]\n}\n") > json
}

function trim(text) {
    sub(/^ +/, "", text)
    return text
}
