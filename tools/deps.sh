#!/bin/sh
# usage: tools/deps.sh build|run|all
#
# Installs the packages that are missing (Debian 12 and its kin), and says what it does; silent when
# nothing is missing. Packages are asked for by what they bring (a header, a program), so what was
# installed another way counts. Root, or sudo where there is no root.
set -eu
what=${1:-all}

have_program() { command -v "$1" >/dev/null 2>&1; }
have_header() {
    for d in /usr/include /usr/local/include /usr/include/*-linux-gnu /usr/include/postgresql; do
        [ -e "$d/$1" ] && return 0
    done
    return 1
}
have_file() {
    for f in $1; do
        [ -e "$f" ] && return 0
    done
    return 1
}

has_venv() { python3 -c 'import venv, ensurepip' >/dev/null 2>&1; }

missing=
need() { # package, test..
    p=$1
    shift
    "$@" || missing="$missing $p"
}

need gcc have_program gcc
need libc6-dev have_header stdio.h
need make have_program make
need pkg-config have_program pkg-config
need libncurses-dev have_header ncurses.h
need libpq-dev have_header libpq-fe.h
need unixodbc-dev have_header sql.h
need librdkafka-dev have_header librdkafka/rdkafka.h
need libyaml-dev have_header yaml.h
need libjansson-dev have_header jansson.h
need libsqlite3-dev have_header sqlite3.h
need zlib1g-dev have_header zlib.h
need libreadline-dev have_header readline/readline.h

if [ "$what" != build ]; then
    need tzdata have_file /usr/share/zoneinfo/Europe/Berlin
    # The demo's servers: PostgreSQL twice and its ODBC driver, Java for Kafka, Maven to fetch it.
    need postgresql-15 have_file '/usr/lib/postgresql/*/bin/initdb'
    need odbc-postgresql have_file '/usr/lib/*/odbc/psqlodbcw.so'
    need openjdk-17-jre-headless have_program java
    need maven have_program mvn
fi
if [ "$what" = all ]; then
    need clang have_program clang
    need clang-format have_program clang-format
    need libclang-rt-14-dev have_file '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-aarch64.a'
    need cppcheck have_program cppcheck
    need libcmocka-dev have_header cmocka.h
    need libvterm-dev have_header vterm.h
    # The Vertica stand-in of the tests.
    need python3-venv has_venv
    need git have_program git
fi
[ -z "$missing" ] && exit 0

echo "Missing:$missing"
if ! have_program apt-get; then
    echo "There is no apt-get here: install these (or their like) by your own package manager." >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! have_program sudo; then
        echo "Installing needs root, and there is no sudo: as root, apt-get install$missing" >&2
        exit 1
    fi
    as_root='sudo '
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() { # update | install PACKAGE..: shown, and its words only when it fails
    echo "+ ${as_root}apt-get $*"
    ${as_root}env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1
}
failed() {
    tail -n 20 "$log" >&2
    exit 1
}
# Lists that are there are used as they are: an update is for when a package is not found.
listed() {
    for p in $missing; do
        apt-cache show "$p" >/dev/null 2>&1 || return 1
    done
}
listed || apt update || failed
# Another release of Debian has other versions: then whatever it calls its own.
swap() {
    apt-cache show "$1" >/dev/null 2>&1 || missing=$(echo "$missing" | sed "s/ $1/ $2/")
}
swap postgresql-15 postgresql
swap openjdk-17-jre-headless default-jre-headless
swap libclang-rt-14-dev libclang-rt-dev
# shellcheck disable=SC2086
if ! apt install -y --no-install-recommends $missing; then
    echo "That failed; the lists may be old."
    apt update || failed
    # shellcheck disable=SC2086
    apt install -y --no-install-recommends $missing || failed
fi
echo "Installed."
