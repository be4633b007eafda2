#!/bin/sh
# docs/screens.md on stdout: the console's panes as text, out of the golden screens that the tests
# hold the program to. `make docs` writes it, `make check` compares it.
set -eu
cd "$(dirname "$0")/.."

screen() { # title, golden
    printf '\n### %s\n```\n' "$1"
    sed '/^====$/,$d; s/[[:space:]]*$//' "tests/golden/$2.txt"
    printf '```\n'
}

every_pane() { # size
    printf '\n## Every pane at %s\n' "$1"
    screen "1 Overview" "terminal/overview-$1"
    screen "2 Connectors" "terminal/connectors-$1"
    screen "2 Connectors, one opened" "terminal/connector-$1"
    screen "3 Topics" "terminal/topics-$1"
    screen "3 Topics, one opened" "terminal/topic-$1"
    screen "4 DAGs" "terminal/dags-$1"
    screen "4 DAGs, one opened" "terminal/dag-$1"
    screen "4 DAGs, a run" "terminal/run-$1"
    screen "4 DAGs, a task's log" "terminal/log-$1"
    screen "5 Airports" "terminal/airports-$1"
    screen "6 Frequent flyers" "terminal/flyers-$1"
    screen "7 Warehouse" "terminal/warehouse-$1"
    screen "8 Source" "terminal/source-$1"
    screen "9 Query" "terminal/query-$1"
    screen "0 Events" "terminal/events-$1"
}

cat <<'END'
# The console's screens

Drawn by the program from fixed data. Those of every pane are read off a terminal in which the program runs and is given the keys
(`tests/golden/terminal`), the others are the files of `tests/golden/console`; `make check` compares both cell by cell. A terminal adds
the colours. How to work with them: [console.md](console.md).
END
every_pane 80x24

printf '\n## Deeper, at some sizes\n'
screen "1 Overview, back in time" console/overview-past-100x24
screen "3 Topics, records of one" console/topic-records-80x24
screen "3 Topics, one record" console/topic-record-unfolded-80x24
screen "4 DAGs, a run, back in time" console/run-past-100x24
screen "5 Airports, back in time" console/airports-past-100x30
screen "8 Source, back in time" console/source-past-100x24
screen "9 Query, rows" console/query-80x24
screen "9 Query, a chart of the result" console/query-chart-80x24
screen "Help, made from the keys that count" console/help-80x24
screen "A change is asked about" console/confirm-80x24
screen "What destroys wants the name typed" console/typed-80x24
every_pane 200x50
