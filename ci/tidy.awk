# tidy.awk: rules for C and assembly files. Call: awk -f tidy.awk tidy.allow core/base/inject.h FILE...
# Touches nothing; prints "path:line: what; what to do". Portable awk: no extension of any one of them.

function say(line, text) { print FILENAME ":" line ": " text }

function basename(path) { sub(/.*\//, "", path); return path }

# The line without comments, strings and characters; `in_comment` lasts from line to line.
function strip(line,    out, at, c, two) {
    out = ""
    at = 1
    while (at <= length(line)) {
        two = substr(line, at, 2)
        c = substr(two, 1, 1)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; at++ }
        } else if (two == "/*") {
            in_comment = 1
            at++
        } else if (two == "//") {
            break
        } else if (c == "\"" || c == "'") {
            at++
            while (at <= length(line) && substr(line, at, 1) != c) {
                if (substr(line, at, 1) == "\\") at++
                at++
            }
            out = out c c
        } else {
            out = out c
        }
        at++
    }
    return out
}

# Whether `code` calls one of the functions of the pattern: no member, no longer name.
function calls(code, names) { return (" " code) ~ ("[^A-Za-z0-9_.>](" names ")[ ]*\\(") }

# allowed(kind, key, size): whether tidy.allow has that size; it must name the size as it is.
function allowed(kind, key, size,    entry) {
    entry = kind " " key
    if (!(entry in allow))
        return 0
    used[entry] = 1
    if (size < allow[entry])
        print "ci/tidy.allow: " entry " is down to " size "; write that instead of " allow[entry] ", the list only shrinks"
    return size <= allow[entry]
}

function end_of_file() {
    if (file == "" || is_test || is_assembly)
        return
    if (lines > 600 && !allowed("file", file, lines))
        print file ":1: " lines " lines; a file holds one idea in at most 600: split it"
}

function check_include(target, quoted) {
    if (is_test || layer == "bench")
        return
    if (!quoted) {
        if (target ~ /^eddy(\.h$|\/)/ || target ~ /^(sanitizer|valgrind)\//)
            return
        if (layer == "backends" || layer == "platform" || target in standard)
            return
        if (target ~ /^openssl\// && file ~ /^core\/tls\/openssl[a-z_]*\.[ch]$/)
            return
        if (target == "ares.h" && file == "core/net/cares.c")
            return
        if (file ~ /^tools\/eddy\/(process|compile|prompt|names)_[a-z_]+\.c$/) # the places of a tool that know a system
            return
        if (layer == "examples" && target ~ libraries) # examples show eddy under them
            return
        say(FNR, "<" target "> belongs to a system; go through core/platform.h and put the call into platform/")
        return
    }
    if (layer == "core" && target !~ /^core\//)
        say(FNR, "core/ includes \"" target "\"; it may include core/ and <eddy/...> only")
    if ((layer == "backends" || layer == "platform") && target !~ /^platform\/[a-z]+\/system\.h$/ &&
        target !~ /^core\/(backend\.h|platform\.h|base\/)/ && index(target, layer "/") != 1)
        say(FNR, layer "/ includes \"" target "\"; it may include core/backend.h, core/platform.h, core/base/, its own and platform/*/system.h")
    if (layer == "include")
        say(FNR, "public headers include each other as <eddy/...>")
    if ((layer == "tools" || layer == "examples") && target ~ /^(core|backends|platform|include|tests)\//)
        say(FNR, layer "/ includes \"" target "\"; it may use <eddy.h> only")
}

BEGIN {
    n = split("assert ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg " \
              "stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath time wchar wctype", list, " ")
    for (i = 1; i <= n; i++)
        standard[list[i] ".h"] = 1
    # the sink's own end, a program's last words, and a task whose stack is gone
    n = split("core/loop/log.c core/task/runner.c core/task/stacks.c", list, " ")
    for (i = 1; i <= n; i++)
        printers[list[i]] = 1
    libraries = "^(http_parser\\.h|libpq-fe\\.h|curl/.*|hiredis/.*)$"
    systems = "_WIN32|_WIN64|__MINGW32__|__linux__|__linux|__APPLE__|__FreeBSD__|__NetBSD__|__OpenBSD__|" \
              "__DragonFly__|__sun|__unix__|__CYGWIN__|__ANDROID__"
}

FILENAME == "ci/tidy.allow" {
    if ($0 !~ /^#/ && NF >= 3) { size = $NF; entry = $0; sub(/ +[0-9]+ *$/, "", entry); allow[entry] = size + 0 }
    next
}

FILENAME == "core/base/inject.h" && !inject_read {
    line = $0
    while (match(line, /X\([a-z_0-9]+\)/)) { # the list of system calls has one home
        name = substr(line, RSTART + 2, RLENGTH - 3)
        if (name != "name" && name != "memory")
            system_calls = system_calls (system_calls == "" ? "" : "|") name
        line = substr(line, RSTART + RLENGTH)
    }
    if (/^enum/)
        inject_read = 1
}

FNR == 1 {
    end_of_file()
    file = FILENAME
    layer = FILENAME
    sub(/\/.*/, "", layer)
    is_test = layer == "tests"
    is_assembly = FILENAME ~ /\.S$/
    in_comment = 0
    function_at = 0
    excused = ""
    name = basename(FILENAME)
    if (index($0, "/* " name ": ") != 1)
        say(1, "no header comment; open with \"/* " name ": what idea lives here\", what it may touch, the rule that must hold")
    else if ($0 ~ /\*\//)
        say(1, "the header comment says too little; add what the file may touch and the rule that must hold")
}

{
    lines = FNR
    if (index($0, "no EDDYI_CALL")) # in the header comment: for the file; else: to the end of the function
        excused = (FNR <= 6 && in_comment) ? "file" : "function"
    code = strip($0)
    if (code ~ /^[ ]*#/) {
        if (code ~ /^[ ]*#[ ]*(if|ifdef|ifndef|elif)/ && layer != "backends" && layer != "platform" && layer != "bench" &&
            (" " code " ") ~ ("[^A-Za-z0-9_](" systems ")[^A-Za-z0-9_]") && FILENAME != "include/eddy/config.h")
            say(FNR, "a system is named outside backends/ and platform/; give the two sides a file each in platform/")
        if ($0 ~ /^[ ]*#[ ]*include[ ]*[<"]/) {
            target = $0
            quoted = target ~ /include[ ]*"/
            sub(/^[^<"]*[<"]/, "", target)
            sub(/[>"].*/, "", target)
            check_include(target, quoted)
        }
    }
    if (is_assembly)
        next

    if (code ~ /^[A-Za-z].*\(/ && code !~ /;/) # the last line that could open a function names it
        head = code
    if (code ~ /^\{/) {
        function_at = FNR
    } else if (code ~ /^\}/ && function_at) {
        size = FNR - function_at + 1
        name = head
        sub(/[ ]*\(.*/, "", name)
        sub(/.*[ *]/, "", name)
        if (size > 70 && !is_test && !allowed("function", file " " name, size))
            say(function_at, name " has " size " lines; a function fits a screen of 70: give its parts names")
        function_at = 0
        if (excused == "function")
            excused = ""
    }

    if (calls(code, "strcpy|strcat|sprintf|vsprintf|gets|strtok"))
        say(FNR, "strcpy, strcat, sprintf, gets, strtok know no size; use snprintf or memcpy with one")
    if ((layer == "core" || layer == "backends" || layer == "platform") && file != "core/base/memory.c" &&
        calls(code, "malloc|calloc|realloc|free|strdup|aligned_alloc"))
        say(FNR, "memory goes through the allocator; use eddyi_allocate and eddyi_release of core/base/memory.h")
    if ((layer == "core" || layer == "backends" || layer == "platform") && !(FILENAME in printers) &&
        (calls(code, "printf|puts|putchar|perror|psignal|vprintf") || code ~ /f(printf|puts|write)[ ]*\(.*stderr/ || code ~ /fprintf[ ]*\([ ]*std/))
        say(FNR, "the library prints nothing of itself; say it to the sink by core/loop/log.h")
    if (is_test && calls(code, "sleep|usleep|nanosleep"))
        say(FNR, "a test that sleeps is slow and still races; await the thing itself")
    if ((layer == "backends" || file ~ /^platform\//) && code !~ /EDDYI_CALL/ && !excused &&
        calls(code, system_calls))
        say(FNR, "a system call past the injection table; wrap it in EDDYI_CALL, or say in a comment \"no EDDYI_CALL: why\"")
}

END {
    end_of_file()
    for (entry in allow)
        if (!(entry in used))
            print "ci/tidy.allow: \"" entry "\" is not needed any more; take it out"
}
