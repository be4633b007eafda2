#!/bin/sh
# docs/screens.md on stdout: the console's panes as text, out of the golden screens that the unit
# tests hold the program to. `make docs` writes it, `make check` compares it.
set -eu
cd "$(dirname "$0")/.."

screen() { # title, golden
    printf '\n## %s\n```\n' "$1"
    sed '/^====$/,$d; s/[[:space:]]*$//' "tests/golden/console/$2.txt"
    printf '```\n'
}

cat <<'END'
# The console's screens

Drawn by the program from fixed data (the files of `tests/golden/console`, which `make check` compares cell by cell); a terminal adds the
colours. How to work with them: [console.md](console.md).
END
screen "1 Overview" overview-80x24
screen "2 Connectors" connectors-120x40
screen "3 Topics" topics-80x24
screen "0 Events" events-80x24
screen "Help, made from the keys that count" help-80x24
screen "A change is asked about" confirm-80x24
screen "What destroys wants the name typed" typed-80x24
