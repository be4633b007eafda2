#!/bin/bash
# usage: tools/fuzz.sh SECONDS FUZZER..
# Each fuzzer for so long, from its corpus in tests/fuzz/corpus/<name> and what earlier runs found
# (build-fuzzer/corpus). A crash leaves its input in build-fuzzer/crashes and ends with 1.
set -u
seconds=$1
shift
rc=0
crashes=build-fuzzer/crashes
mkdir -p $crashes
for f in "$@"; do
    name=$(basename "$f")
    name=${name#fuzz_}
    mkdir -p "build-fuzzer/corpus/$name"
    log=build-fuzzer/$name.log
    seeds=()
    [ -d "tests/fuzz/corpus/$name" ] && seeds=("tests/fuzz/corpus/$name")
    if "$f" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
        -artifact_prefix="$crashes/$name-" "build-fuzzer/corpus/$name" "${seeds[@]}" >"$log" 2>&1 </dev/null; then
        printf '  fuzz_%-16s %s\n' "$name" "$(grep -a '^Done' "$log" | tail -n 1)"
    else
        printf '  fuzz_%-16s FAILED\n' "$name"
        grep -aE 'ERROR|SUMMARY|runtime error|artifact' "$log" | head -10 | sed 's/^/    /'
        tail -n 15 "$log" | sed 's/^/    | /'
        rc=1
    fi
done
exit $rc
