#!/bin/bash
# What `make check` does, step by step; called by the Makefile with MAKE, BUILD, SAN.
#
# Every step runs, whatever the others say, so that one run tells everything. The last line is
# counted from the tests' own output; a step that fails counts as one failure and is named before it.
set -u
make=${MAKE:-make} build=${BUILD:-build} san=${SAN:-}
jobs=$(nproc 2>/dev/null || echo 2)
failed_steps=()
counts=$(mktemp)
trap 'rm -f "$counts" "$counts.failed"' EXIT

step() { # name, command..: its output is shown only when it fails
    local name=$1 log started rc
    shift
    log=$(mktemp)
    started=$SECONDS
    "$@" >"$log" 2>&1 </dev/null
    rc=$?
    if [ $rc -eq 0 ]; then
        printf '%-12s good  %d s\n' "$name" $((SECONDS - started))
    else
        printf '%-12s FAILED  %d s\n' "$name" $((SECONDS - started))
        tail -n 60 "$log" | sed 's/^/    /'
        failed_steps+=("$name")
    fi
    rm -f "$log"
    return $rc
}

sources() {
    git ls-files '*.c' '*.h' 2>/dev/null | grep . || find backend views console queries tests -name '*.[ch]'
}

check_format() {
    # shellcheck disable=SC2046
    clang-format --dry-run -Werror $(sources)
}

check_docs() {
    local page rc=0
    for page in configuration:configuration.md markdown:commands.md man:flightdeck.1; do
        if ! "$build/flightdeck" help "--${page%%:*}" | diff -u "docs/${page#*:}" - | head -30 | grep .; then
            continue
        fi
        echo "docs/${page#*:} is not what the program says now: run make docs"
        rc=1
    done
    if sh tools/screens.sh | diff -u docs/screens.md - | head -30 | grep .; then
        echo "docs/screens.md is not what the golden screens show: run make docs"
        rc=1
    fi
    if command -v man >/dev/null; then
        # Warnings of the formatter are faults of the page.
        LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 docs/flightdeck.1 2>&1 >/dev/null |
            grep . && rc=1
    fi
    "$build/flightdeck" help --bash | bash -n || rc=1
    if command -v zsh >/dev/null; then
        "$build/flightdeck" help --zsh | zsh -n || rc=1
    fi
    return $rc
}

check_cppcheck() {
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --error-exitcode=1 -j "$jobs" -I. -D_GNU_SOURCE \
        '-DFLIGHTDECK_VERSION=""' --suppressions-list=tools/cppcheck.supp \
        backend views console
}

# What `make install` puts where, and that it is whole: a package is made of it.
check_install() {
    local root rc=0 unit file
    root=$(mktemp -d)
    "$make" --no-print-directory BUILD="$build" DESTDIR="$root" prefix=/usr sysconfdir=/etc install || rc=1
    for file in usr/bin/flightdeck usr/share/man/man1/flightdeck.1 etc/flightdeck/flightdeck.yaml \
        usr/share/flightdeck/flightdeck.yaml usr/share/flightdeck/airline \
        usr/share/bash-completion/completions/flightdeck usr/share/zsh/site-functions/_flightdeck; do
        [ -e "$root/$file" ] || { echo "not installed: $file" && rc=1; }
    done
    "$root/usr/bin/flightdeck" version || rc=1
    "$root/usr/bin/flightdeck" help | grep -q '^Usage: flightdeck' || { echo "it has no help" && rc=1; }
    unit=$(find "$root" -name flightdeck.service)
    grep -qx 'ExecStart=/usr/bin/flightdeck engine --config /etc/flightdeck/flightdeck.yaml' "$unit" ||
        { echo "the unit starts something else" && rc=1; }
    grep -q '@' "$unit" && echo "the unit has a name that was not filled in" && rc=1
    echo kept >"$root/etc/flightdeck/flightdeck.yaml" # a second time leaves what is somebody's
    "$make" --no-print-directory BUILD="$build" DESTDIR="$root" prefix=/usr sysconfdir=/etc install || rc=1
    grep -qx kept "$root/etc/flightdeck/flightdeck.yaml" || { echo "the configuration is gone" && rc=1; }
    "$make" --no-print-directory BUILD="$build" DESTDIR="$root" prefix=/usr sysconfdir=/etc uninstall || rc=1
    find "$root" -type f ! -path "$root/etc/*" | grep . && echo "uninstall leaves these" && rc=1
    rm -rf "$root"
    return $rc
}

build_with_clang() {
    "$make" --no-print-directory -j"$jobs" BUILD=build-clang CC=clang SAN= all tests
}

started=$SECONDS
if ! step build "$make" --no-print-directory -j"$jobs" BUILD="$build" SAN="$san" all tests; then
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
if [ -z "$san" ]; then
    step format check_format
    step includes sh tools/check_includes.sh
    sh tools/check_length.sh
    step cppcheck check_cppcheck
    step clang build_with_clang
    step docs check_docs
    step install check_install
fi
if [ -z "${LINT_ONLY:-}" ]; then
    for kind in unit engine; do
        echo "$kind tests${san:+, SAN=$san}"
        programs=$(for f in tests/$kind/test_*.c; do echo "$build/tests/$kind/$(basename "$f" .c)"; done)
        # shellcheck disable=SC2086
        SAN=$san COUNTS=$counts bash tests/run "$build" $programs
    done
fi

# Once more at the end, where one looks first.
{
    [ -s "$counts.failed" ] && cat "$counts.failed"
    [ ${#failed_steps[@]} -gt 0 ] && echo "failed: ${failed_steps[*]}"
} | sed "s/^/${san:+SAN=$san: }/" | tee -a "${CHECK_FAILED:-/dev/null}"
read -r passed failed skipped < <(awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$counts")
failed=$((failed + ${#failed_steps[@]}))
echo "took $((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
