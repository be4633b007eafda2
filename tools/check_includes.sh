#!/bin/sh
# The direction of includes: each folder may include the headers of the folders in its row, and its
# own. Siblings never include each other: the engine connects them.
set -eu
cd "$(dirname "$0")/.."

# Rows: a prefix of the including file, then the prefixes that it may include. The longest prefix
# that fits a file decides.
table='
backend/base/       -
backend/postgres/   backend/base/ queries/queries.h
backend/envelope/   backend/base/ queries/queries.h
backend/kafka/      backend/base/ queries/queries.h
backend/warehouse/  backend/base/ queries/queries.h
backend/state/      backend/base/ queries/queries.h
backend/model/      backend/base/ backend/warehouse/ queries/queries.h
backend/schedule/   backend/base/ backend/state/ queries/queries.h
backend/model/      backend/base/ backend/warehouse/ queries/queries.h
backend/stack/      backend/base/ queries/queries.h
backend/engine/     backend/base/ backend/postgres/ backend/envelope/ backend/kafka/ backend/warehouse/ backend/model/ backend/state/ backend/schedule/ queries/queries.h config/assets.h
backend/serve/      backend/base/ backend/engine/ backend/state/ queries/queries.h
views/              backend/base/ views/
console/            backend/ console/ views/ queries/queries.h config/assets.h
console/tui_        backend/base/ backend/serve/client.h views/ console/
queries/            -
config/             -
tests/              backend/ console/ views/ queries/ config/ tests/
'

grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' --include='*.c' --include='*.h' \
    backend views console queries config tests 2>/dev/null | awk -v table="$table" '
    BEGIN {
        n = split(table, rows, "\n")
        for (i = 1; i <= n; i++) {
            k = split(rows[i], w, " ")
            if (k < 2) continue
            m++
            prefix[m] = w[1]
            for (j = 2; j <= k; j++) allowed[m, j - 1] = w[j]
            count[m] = k - 1
        }
    }
    {
        file = $0; sub(/:.*/, "", file)
        place = $0; sub(/:[^:]*#.*/, "", place)
        header = $0; sub(/^[^"]*"/, "", header); sub(/".*/, "", header)
        best = 0
        for (i = 1; i <= m; i++)
            if (index(file, prefix[i]) == 1 && (!best || length(prefix[i]) > length(prefix[best])))
                best = i
        if (!best) { print place ": " file " is in no row of tools/check_includes.sh"; bad = 1; next }
        own = prefix[best]
        if (index(header, own) == 1) next
        for (j = 1; j <= count[best]; j++)
            if (index(header, allowed[best, j]) == 1) next
        print place ": " own " must not include " header
        bad = 1
    }
    END { exit bad }'
