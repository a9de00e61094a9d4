# asyncio-map.awk: the page of ci/asyncio-map, from the tests, the public headers and docs/asyncio-names, in this order.
# A name that is in neither a doc comment nor the list, or is said in both, is told instead, and the status is 1.

function wrong(text) {
    print "docs/asyncio-names: " text
    bad = 1
}

function wordless(text) { # nobody's name: words of the doc comments
    return text ~ /^(async|await|the)$/
}

# "TaskGroup, TaskGroup.__aenter__", "X and Y", "X with context"
function said_by(names, what, header,    parts, words, i, n) {
    n = split(names, parts, /, | and /)
    for (i = 1; i <= n; i++) {
        split(parts[i], words, /[ (]/)
        if (!wordless(words[1]))
            said[words[1]] = said[words[1]] (said[words[1]] == "" ? "" : ", ") "`" what "` (" header ", " tests_of(what) ")"
    }
}

function tests_of(what) {
    return what in most ? most_in[what] : "no test"
}

function check_words(words,    rest, word) {
    rest = words
    while (match(rest, /(eddy_|EDDY_)[A-Za-z0-9_]+/)) {
        word = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (!(word in identifiers) && !(word in codes))
            wrong(name ": there is no " word)
    }
}

FILENAME ~ /^tests\// {
    rest = $0
    while (match(rest, /eddy_[a-z0-9_]+/)) {
        what = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (++calls[what, FILENAME] > most[what]) {
            most[what] = calls[what, FILENAME]
            most_in[what] = FILENAME
            sub(/.*\//, "", most_in[what])
        }
    }
    next
}

FILENAME ~ /^include\// {
    header = FILENAME
    sub(/.*\//, "", header)
    rest = $0
    while (match(rest, /(eddy_|EDDY_)[A-Za-z0-9_]+/)) {
        identifiers[substr(rest, RSTART, RLENGTH)] = 1
        rest = substr(rest, RSTART + RLENGTH)
    }
    if (match($0, /X\(E[A-Z0-9]+/))
        codes["EDDY_" substr($0, RSTART + 2, RLENGTH - 2)] = 1
    if (/^\/\*\*/)
        names = ""
    if (/^ \* asyncio   /) {
        names = $0
        sub(/^ \* asyncio   */, "", names)
    }
    if (/^    \/\* asyncio: /) { # a member of a table of functions
        member = $3
        sub(/^    \/\* asyncio: /, "", member)
        sub(/\.$/, "", member)
    }
    if (member != "" && match($0, /\(\*[a-z_]+\)/)) {
        what = substr($0, RSTART + 2, RLENGTH - 3)
        said[member] = "`" what "` of `eddy_protocol_type` (" header ", " tests_of("eddy_protocol_type") ")"
        member = ""
    }
    if (/^(EDDY_API|EDDY_AWAIT|EDDY_CHECK)/) {
        if (names != "" && match($0, /eddy_[a-z0-9_]+\(/))
            said_by(names, substr($0, RSTART, RLENGTH - 1), header)
        names = ""
    }
    next
}

/^#/ || /^$/ { next }

{
    name = $1
    if (name in listed)
        wrong(name ": listed twice")
    listed[name] = 1
    words = $0
    sub(/^[^ ]+ [=-] /, "", words)
    if (NF == 1 && !(name in said))
        wrong(name ": no doc comment names it; say what stands for it (=) or that it is not provided (-)")
    if (NF > 1 && $2 != "=" && $2 != "-")
        wrong(name ": neither =, nor -, nor alone")
    if (NF > 1 && name in said)
        wrong(name ": a doc comment names it now (" said[name] "); leave the name alone in its line")
    if (NF > 1)
        check_words(words)
    row = NF == 1 ? said[name] : words
    if ($2 == "-")
        absent = absent "| " name " | " row " |\n"
    else
        there = there "| " name " | " row " |\n"
}

END {
    for (name in said)
        if (!(name in listed))
            wrong(name ": a doc comment names it, and it is not listed")
    if (bad)
        exit 1
    print "# asyncio's names\n"
    print "What stands for each name of asyncio, made by `ci/asyncio-map` from `docs/asyncio-names` and the doc comments of `include/eddy/`, where the rules"
    print "that a call keeps stand. `Class.method` is `eddy_class_method`, and `async with` is a pair of `_enter` and `_exit`. In brackets: the header, and the"
    print "test file that names it most.\n"
    print "| asyncio | eddy |\n|---|---|"
    printf "%s", there
    print "\n## Not provided\n"
    print "| asyncio | why, and what to use |\n|---|---|"
    printf "%s", absent
}
