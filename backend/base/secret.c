#include "backend/base/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool secret_name(const char *name)
{
    static const char *const parts[] = {"pass",        "secret",      "jaas.config", "key.pem",
                                        "private.key", "credentials", "api.key"};
    static const char *const wholes[] = {"pwd", "token"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcasestr(name, parts[i]))
            return true;
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        size_t n = strlen(name), k = strlen(wholes[i]);
        if (n >= k && strcasecmp(name + n - k, wholes[i]) == 0 &&
            (n == k || strchr("._- ", name[n - k - 1])))
            return true;
    }
    return false;
}

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* Behind a quoted or braced part that begins at p, as libpq, ODBC and URIs write them; p: none. */
static const char *quoted_end(const char *p)
{
    char close = *p == '{' ? '}' : *p;
    if (*p != '\'' && *p != '"' && *p != '{')
        return p;
    for (p++; *p; p++) {
        if (close == '}' && p[0] == '}' && p[1] == '}')
            p++; /* a brace inside */
        else if (close != '}' && *p == '\\' && p[1])
            p++;
        else if (*p == close)
            return p + 1;
    }
    return p;
}

/* The end of a value that starts at p: up to a separator, whatever stands glued to a quoted part.
 */
static const char *value_end(const char *p, bool semicolons)
{
    p = quoted_end(p);
    while (*p && *p != ';' && (semicolons || (!isspace((unsigned char)*p) && *p != '&')))
        p += *p == '\\' && p[1] ? 2 : 1;
    return p;
}

/* At the "//" of a URI: writes up to and with "user:***" when a password stands before '@'. */
static const char *mask_authority(struct buf *out, const char *p)
{
    const char *end = p + 2, *at = NULL, *colon = NULL;
    for (; *end && !strchr("/?# \t\n;\"'", *end); end++)
        if (*end == '@')
            at = end;
    for (const char *q = p + 2; at && q < at && !colon; q++)
        if (*q == ':')
            colon = q;
    if (!colon) {
        buf_add(out, p, 2);
        return p + 2;
    }
    buf_add(out, p, (size_t)(colon + 1 - p));
    buf_lit(out, SECRET_MASK);
    return at;
}

void secret_mask(struct buf *out, const char *text)
{
    /* An ODBC string separates by ';' and may hold spaces in its values. */
    bool semicolons = strchr(text, ';') && !strstr(text, "://");
    for (const char *p = text; *p;) {
        if (p[0] == '/' && p[1] == '/' && p > text && p[-1] == ':') {
            p = mask_authority(out, p);
            continue;
        }
        if (!name_char(*p)) {
            buf_ch(out, *p++);
            continue;
        }
        const char *name = p;
        while (name_char(*p))
            p++;
        char word[64];
        size_t n = (size_t)(p - name);
        buf_add(out, name, n);
        const char *equals = p;
        while (*equals == ' ')
            equals++;
        if (*equals != '=' || n >= sizeof word)
            continue;
        memcpy(word, name, n);
        word[n] = '\0';
        if (!secret_name(word))
            continue;
        for (equals++; *equals == ' '; equals++)
            ;
        buf_add(out, p, (size_t)(equals - p));
        p = value_end(equals, semicolons);
        if (p > equals)
            buf_lit(out, SECRET_MASK);
    }
}
