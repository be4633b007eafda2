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
screen "1 Overview" overview-120x40
screen "1 Overview, back in time" overview-recorded-100x24
screen "2 Connectors" connectors-120x40
screen "2 Connectors, one opened" connector-120x40
screen "3 Topics" topics-figures-80x24
screen "3 Topics, records of one" topic-records-80x24
screen "3 Topics, one record" topic-record-unfolded-80x24
screen "4 DAGs" dags-100x30
screen "4 DAGs, one opened" dag-100x30
screen "4 DAGs, a run" run-100x30
screen "4 DAGs, a run, back in time" run-past-100x24
screen "4 DAGs, a task's log" log-100x30
screen "5 Airports" airports-100x30
screen "5 Airports, back in time" airports-past-100x30
screen "6 Frequent flyers" frequent_flyers-100x30
screen "7 Warehouse" warehouse-80x24
screen "8 Source" source-80x24
screen "8 Source, back in time" source-past-100x24
screen "9 Query" query-80x24
screen "9 Query, a chart of the result" query-chart-80x24
screen "0 Events" events-80x24
screen "Help, made from the keys that count" help-80x24
screen "A change is asked about" confirm-80x24
screen "What destroys wants the name typed" typed-80x24
