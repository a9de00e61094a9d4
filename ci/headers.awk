# headers.awk: the doc comments of the public headers. Call: awk -f headers.awk include/eddy/error.h HEADER...
# Every EDDY_API and EDDY_AWAIT declaration has one; its lines are of the template, in its order:
# asyncio, suspends, takes, returns, errors, thread, since. An EDDY_AWAIT declaration says when it suspends.

function say(line, text) { print FILENAME ":" line ": " text }

BEGIN {
    n = split("asyncio suspends takes returns errors thread since", keys, " ")
    for (i = 1; i <= n; i++)
        place[keys[i]] = i
    wanted = "asyncio, suspends, takes, returns, errors, thread, since"
}

# First pass over error.h: which codes there are.
NR == FNR {
    if (match($0, /X\(E[A-Z]+,/))
        known["EDDY_" substr($0, RSTART + 2, RLENGTH - 3)] = 1
    if (match($0, /EDDY_E[A-Z]+ *= *-/)) { code = substr($0, RSTART); sub(/ .*/, "", code); known[code] = 1 }
    next
}

FNR == 1 { state = "out"; documented = 0 }

/^\/\*\*/ {
    state = "comment"
    split("", has)
    last = 0
    summary = 0
    documented = 0
    comment_at = FNR
}

state == "comment" && /^ \* [a-z]+  / {
    key = $2
    if (!(key in place)) {
        say(FNR, "\"" key "\" is no line of the template; there are: " wanted)
    } else {
        if (key in has)
            say(FNR, "a second line \"" key "\"; put both into one")
        if (place[key] < last)
            say(FNR, "\"" key "\" stands too late; the order is: " wanted)
        last = place[key]
        has[key] = 1
    }
}

state == "comment" && /^ \* [^ ]/ && !/^ \* [a-z]+  / { summary = 1 }

state == "comment" {
    line = $0
    while (match(line, /EDDY_E[A-Z]+/)) {
        code = substr(line, RSTART, RLENGTH)
        if (!(code in known))
            say(FNR, code " is no error code; include/eddy/error.h has the list")
        line = substr(line, RSTART + RLENGTH)
    }
}

state == "comment" && /\*\// { state = "out"; documented = 1; next }

/^EDDY_(API|AWAIT)[ ]/ {
    name = $0
    sub(/\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    if (!documented) {
        if (name !~ /_options_init$/) # all of them set every member to its default
            say(FNR, name " has no doc comment; write one with the lines " wanted)
    } else {
        if (!summary)
            say(comment_at, name ": the doc comment opens with a sentence that says what it does")
        if (!("thread" in has))
            say(comment_at, name ": no line \"thread\"; say from where it may be called")
        if (!("since" in has))
            say(comment_at, name ": no line \"since\"")
        if (/^EDDY_AWAIT/ && !("suspends" in has))
            say(comment_at, name ": it may suspend, so it has a line \"suspends\"")
        if (/^EDDY_API/ && ("suspends" in has))
            say(FNR, name ": it suspends, so it is declared EDDY_AWAIT")
    }
}

state == "out" && !/^[ ]*$/ { documented = 0 }
