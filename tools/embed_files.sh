#!/bin/sh
# Prints a C file that holds every given file as a string, found by its path (config/assets.h).
set -eu
echo '/* Made by tools/embed_files.sh: do not edit. */'
echo '#include "config/assets.h"'
echo '#include <string.h>'
i=0
for f in "$@"; do
    printf 'static const char asset_%d[] = {' "$i"
    od -An -v -tu1 "$f" | sed 's/  */,/g; s/^,//; s/$/,/' | tr '\n' ' '
    echo '0};'
    i=$((i + 1))
done
echo 'static const struct { const char *name; const char *text; } table[] = {'
i=0
for f in "$@"; do
    printf '    {"%s", asset_%d},\n' "$f" "$i"
    i=$((i + 1))
done
cat <<'C'
    {0, 0},
};
const char *asset_text(const char *path)
{
    for (int i = 0; table[i].name; i++)
        if (!strcmp(table[i].name, path))
            return table[i].text;
    return NULL;
}
const char *asset_path(int i)
{
    return i >= 0 && i < (int)(sizeof table / sizeof table[0]) - 1 ? table[i].name : NULL;
}
C
