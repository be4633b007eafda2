/* CHECK (status IN ('new', 'paid')), as PostgreSQL writes it back:
 *
 *   CHECK ((status = ANY (ARRAY['new'::text, 'paid'::text])))
 *   CHECK (((status)::text = ANY ((ARRAY['new'::character varying, ..])::text[])))
 *
 * Texts, casts, blanks and parentheses are taken away; what is left must be column = ANY ARRAY[,,].
 * So nothing else than a list passes: no OR, no NOT, no function.
 */
#include "backend/model/infer.h"

#include <ctype.h>

/* Behind a cast: ::text, ::character varying(20)[], ::"Odd"."Type". */
static const char *skip_cast(const char *p)
{
    while (isalnum((unsigned char)*p) || *p == '_' || *p == ' ' || *p == '.' || *p == '"' ||
           (unsigned char)*p >= 0x80) {
        if (p[0] == ' ' && !isalpha((unsigned char)p[1]))
            break;
        if (*p++ == '"')
            while (*p && *p++ != '"')
                ;
    }
    if (*p == '(')
        while (*p && *p++ != ')')
            ;
    while (p[0] == '[' && p[1] == ']')
        p += 2;
    return p;
}

/* A text in quotes is appended to values; NULL: it does not end, or has escapes. */
static const char *take_text(const char *p, bool first, struct buf *values)
{
    if (!first)
        buf_lit(values, ", ");
    for (p++; *p; p++) {
        if (*p == '\'' && *++p != '\'')
            return p;
        buf_ch(values, *p);
    }
    return NULL;
}

bool infer_check_values(const char *definition, const char *name, struct buf *values)
{
    static const char ends[] = "=ANYARRAY[";
    enum { SKELETON_MAX = 256 };
    char skeleton[SKELETON_MAX];
    size_t n = 0;
    size_t mark = values->len;
    bool listing = false;
    bool first = true;
    const char *p = definition;
    if (strncmp(p, "CHECK (", 7) != 0)
        return false;
    for (p += 7; p && *p;) {
        if (*p == '"' && !listing) { /* the column: quoted names may hold anything */
            while (*++p && *p != '"')
                ;
            p += *p == '"';
            skeleton[n++] = '"';
        } else if (*p == '\'' && listing) {
            p = take_text(p, first, values);
            first = false;
        } else if (p[0] == ':' && p[1] == ':') {
            p = skip_cast(p + 2);
        } else if (strchr(" ()", *p) || (listing && *p == ',')) {
            p++;
        } else {
            skeleton[n++] = *p++;
            listing = n >= sizeof ends - 1 &&
                      !strncmp(skeleton + n - (sizeof ends - 1), ends, sizeof ends - 1);
            if (listing && *p == ']')
                break;
        }
        if (n >= SKELETON_MAX - 1 || (listing && p && *p == ']'))
            break;
    }
    /* Behind the list nothing may stand but its end. */
    const char *rest = p && *p == ']' ? p + 1 : NULL;
    while (rest && *rest) {
        if (rest[0] == ':' && rest[1] == ':')
            rest = skip_cast(rest + 2);
        else
            rest = strchr(" )", *rest) ? rest + 1 : NULL;
    }
    size_t column = n >= sizeof ends - 1 ? n - (sizeof ends - 1) : 0;
    bool plain = (column == 1 && skeleton[0] == '"') ||
                 (column == strlen(name) && !strncmp(skeleton, name, column));
    if (rest && listing && plain && !first)
        return true;
    values->len = mark;
    return false;
}
