#!/bin/sh
# Prints a C file that holds every given queries/*.sql as a string, found by name (queries/queries.h).
# A line `-- include: NAME` becomes what is in queries/NAME.inc: a part that several queries have.
set -eu
text=$(mktemp)
trap 'rm -f "$text"' EXIT
whole() {
    awk '
        /^ *-- include: / {
            part = "queries/" $3 ".inc"
            while ((got = (getline line < part)) > 0) print line
            if (got < 0) { print FILENAME ": cannot read " part > "/dev/stderr"; exit 1 }
            close(part)
            next
        }
        { print }' "$1"
}
echo '/* Made by tools/embed_queries.sh: do not edit. */'
echo '#include "queries/queries.h"'
echo '#include <string.h>'
i=0
for f in "$@"; do
    printf 'static const char query_%d[] = {' "$i"
    whole "$f" >"$text"
    od -An -v -tu1 "$text" | sed 's/  */,/g; s/^,//; s/$/,/' | tr '\n' ' '
    echo '0};'
    i=$((i + 1))
done
echo 'static const struct { const char *name; const char *text; } table[] = {'
i=0
for f in "$@"; do
    n=${f#queries/}
    printf '    {"%s", query_%d},\n' "${n%.sql}" "$i"
    i=$((i + 1))
done
cat <<'C'
    {0, 0},
};
const char *query_text(const char *name)
{
    for (int i = 0; table[i].name; i++)
        if (!strcmp(table[i].name, name))
            return table[i].text;
    return NULL;
}
const char *query_name(int i)
{
    return i >= 0 && i < (int)(sizeof table / sizeof table[0]) - 1 ? table[i].name : NULL;
}
C
