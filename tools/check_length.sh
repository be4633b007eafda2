#!/bin/sh
# A report, not a gate: files above 800 lines and functions above 60, the limits of the house.
set -eu
cd "$(dirname "$0")/.."
find backend views console tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort | xargs awk '
    FNR == 1 { if (file && lines > 800) { print "  " file ": " lines " lines"; files++ } file = FILENAME; line = "" }
    { lines = FNR }
    /^[{]$/ { start = FNR; name = line; next }
    /^[}]/ {
        if (start && FNR - start - 1 > 60) {
            sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
            print "  " FILENAME ":" start ": " name " has " FNR - start - 1 " lines"
            functions++
        }
        start = 0
        next
    }
    !start && /^[a-z].*\(/ { line = $0 }
    END {
        if (lines > 800) { print "  " file ": " lines " lines"; files++ }
        printf "%-12s %d files above 800 lines, %d functions above 60\n", "length", files, functions
    }'
