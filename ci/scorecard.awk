# scorecard.awk: adds up the results of the conformance programs. Call: awk -v mode=... -f scorecard.awk docs/platforms.md RESULTS...
# Touches nothing. A test that began and has no outcome, and a file without its end, are failures. Portable awk.

function add(area, word) {
    if (!(area in known)) {
        known[area] = 1
        areas[++area_count] = area
    }
    count[area, backend, word]++
    sum[backend, word]++
}

function fail(area, test, text) {
    add(area, "failed")
    failures[++failure_count] = sprintf("%s: %s: %s%s", backend, area, test, text)
}

# The last test of a file has no outcome, or the file no end.
function finish_file() {
    if (FNR_file == "")
        return
    if (running != "")
        fail(running_area, running, " (ended the program)")
    else if (!ended)
        fail(program, program, " (did not come to its end)")
}

function number(area, name, word) { return count[area, name, word] + 0 }

function cell(passed, failed, skipped) {
    if (passed + failed + skipped == 0)
        return "-"
    return failed + skipped == 0 ? passed "" : passed "/" failed "/" skipped
}

# A row's name, with * for any text, means a test or a whole area; its second column names backends, or another reason.
function has_row(area, test,    i) {
    for (i = 1; i <= row_count; i++)
        if ((test ~ row_name[i] || area ~ row_name[i]) && (row_where[i] !~ /epoll|poll|select|kqueue|iocp|sim/ ||
            (" " row_where[i] " ") ~ ("[^a-z]" backend "[^a-z]")))
            return 1
    return 0
}

BEGIN { FS = "\t" }

FILENAME ~ /platforms\.md$/ {
    if (/^## /)
        in_table = /skipped/
    if (in_table && /^\| .*`/) {
        split($0, column, "|")
        text = column[2]
        while (match(text, /`[^`]+`/)) {
            name = substr(text, RSTART + 1, RLENGTH - 2)
            gsub(/\*/, ".*", name)
            row_name[++row_count] = "^" name "$"
            row_where[row_count] = column[3]
            text = substr(text, RSTART + RLENGTH)
        }
    }
    next
}

$1 == "begin" {
    finish_file()
    FNR_file = FILENAME
    program = $2
    backend = $3
    ended = 0
    running = ""
    if (!(backend in column_of)) {
        column_of[backend] = 1
        backends[++backend_count] = backend
    }
    next
}
$1 == "end" { ended = 1; next }
$1 == "runs" { running_area = $2; running = $3; next }
{
    running = ""
    if ($1 == "failed")
        fail($2, $3, "")
    else
        add($2, $1)
    if ($1 == "skipped" && !has_row($2, $3))
        unexcused[++unexcused_count] = sprintf("%s on %s (%s): skipped without a row in docs/platforms.md: %s", $3, backend, target, $4)
}

function print_table(    i, j, name, width) {
    width = 13
    printf "\n%-30s", target ", " build
    for (j = 1; j <= backend_count; j++)
        printf "%*s", width, backends[j]
    printf "\n"
    for (i = 1; i <= area_count; i++) {
        printf "%-30s", areas[i]
        for (j = 1; j <= backend_count; j++) {
            name = backends[j]
            printf "%*s", width, cell(number(areas[i], name, "passed"), number(areas[i], name, "failed"), number(areas[i], name, "skipped"))
        }
        printf "\n"
    }
    printf "%-30s", "all"
    for (j = 1; j <= backend_count; j++) {
        name = backends[j]
        printf "%*s", width, (sum[name, "passed"] + 0) "/" (sum[name, "failed"] + 0) "/" (sum[name, "skipped"] + 0)
    }
    printf "\npassed, or passed/failed/skipped; - is missing: it was not run\n"
    for (i = 1; i <= failure_count; i++)
        print "FAILED on " failures[i]
}

END {
    finish_file()
    if (mode == "--table") {
        print_table()
    } else if (mode == "--lines") {
        for (j = 1; j <= backend_count; j++)
            printf "%-16s %-12s %-8s %6d %6d %6d\n", target, build, backends[j], sum[backends[j], "passed"],
                sum[backends[j], "failed"], sum[backends[j], "skipped"]
    } else {
        for (i = 1; i <= unexcused_count; i++)
            print unexcused[i]
        exit unexcused_count > 0
    }
    exit failure_count > 0
}
