#include "backend/engine/connection.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- libpq ---- */

static void libpq_pair(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s%s='", out->len ? " " : "", name);
    for (const char *p = value; *p; p++) {
        if (*p == '\'' || *p == '\\')
            buf_ch(out, '\\');
        buf_ch(out, *p);
    }
    buf_ch(out, '\'');
}

static const char *part_value(const struct connection_part *parts, const char *name)
{
    for (; parts->name; parts++)
        if (strcasecmp(parts->name, name) == 0 && parts->value)
            return parts->value;
    return NULL;
}

enum err connection_libpq(const char *base, const struct connection_part *parts, struct buf *out,
                          struct errbuf *e)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(base ? base : "", &why);
    PQfreemem(why); /* it may repeat a part of the password */
    if (!options)
        return err_set(e, ERR_CONFIG, "is no libpq connection string");
    for (PQconninfoOption *o = options; o->keyword; o++) {
        const char *value = part_value(parts, o->keyword);
        if (!value)
            value = o->val;
        if (value)
            libpq_pair(out, o->keyword, value);
    }
    PQconninfoFree(options);
    return buf_check(out, "connection string", e);
}

/* ---- ODBC ---- */

/* Names that mean the same in psqlODBC and Vertica's driver. */
static const char *const odbc_aliases[][4] = {{"Servername", "Server", "Host", NULL},
                                              {"Port", NULL},
                                              {"Database", "DB", NULL},
                                              {"UID", "Username", "User", NULL},
                                              {"PWD", "Password", NULL}};

static bool odbc_same(const char *part, const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof odbc_aliases / sizeof odbc_aliases[0]; i++) {
        if (strcasecmp(odbc_aliases[i][0], part) != 0)
            continue;
        for (const char *const *w = odbc_aliases[i]; *w; w++)
            if (strlen(*w) == n && strncasecmp(*w, name, n) == 0)
                return true;
    }
    return strlen(part) == n && strncasecmp(part, name, n) == 0;
}

static void odbc_pair(struct buf *out, const char *name, size_t n, const char *value)
{
    bool braces = value[strcspn(value, ";{}[]()?*=!@ ")] != '\0';
    buf_add(out, name, n);
    buf_str(out, braces ? "={" : "=");
    for (const char *p = value; *p; p++) {
        buf_ch(out, *p);
        if (braces && *p == '}')
            buf_ch(out, '}');
    }
    buf_str(out, braces ? "};" : ";");
}

/* The end of "name=value" at p: the ';' that is not inside {..}, or the end. NULL: a { stays open.
 */
static const char *odbc_end(const char *p)
{
    const char *equals = strpbrk(p, "=;");
    if (!equals || *equals == ';')
        return equals ? equals : p + strlen(p);
    const char *v = equals + 1;
    if (*v == '{') {
        bool open = true;
        for (v++; open && *v; v++) {
            if (v[0] == '}' && v[1] == '}')
                v++;
            else if (*v == '}')
                open = false;
        }
        if (open)
            return NULL;
    }
    return strchrnul(v, ';');
}

static const struct connection_part *odbc_find(const struct connection_part *parts, const char *p)
{
    size_t n = strcspn(p, "=;");
    if (p[n] != '=')
        return NULL;
    while (n && isspace((unsigned char)p[n - 1]))
        n--;
    for (; parts->name; parts++)
        if (parts->value && odbc_same(parts->name, p, n))
            return parts;
    return NULL;
}

enum err connection_odbc(const char *base, const struct connection_part *parts, struct buf *out,
                         struct errbuf *e)
{
    enum { PARTS_MAX = 16 };
    bool written[PARTS_MAX] = {false};
    for (const char *p = base ? base : ""; *p;) {
        while (*p == ';' || isspace((unsigned char)*p))
            p++;
        if (!*p)
            break;
        const char *end = odbc_end(p);
        if (!end)
            return err_set(e, ERR_CONFIG, "has a { without its }");
        const struct connection_part *part = odbc_find(parts, p);
        if (!part) {
            buf_add(out, p, (size_t)(end - p));
            buf_ch(out, ';');
        } else if (part - parts < PARTS_MAX && !written[part - parts]) {
            odbc_pair(out, p, strcspn(p, "="), part->value);
            written[part - parts] = true;
        }
        p = end;
    }
    for (int i = 0; parts[i].name && i < PARTS_MAX; i++)
        if (parts[i].value && !written[i])
            odbc_pair(out, parts[i].name, strlen(parts[i].name), parts[i].value);
    return buf_check(out, "connection string", e);
}

/* ---- JDBC ---- */

static int hex_digit(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    return tolower((unsigned char)c) - 'a' + 10;
}

static void decode_percent(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (*s == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2])) {
            *to++ = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static void take_property(struct jdbc_url *u, char *name, char *value)
{
    decode_percent(value);
    if (strcasecmp(name, "user") == 0)
        u->user = value;
    else if (strcasecmp(name, "password") == 0)
        u->password = value;
    else if (strcasecmp(name, "currentSchema") == 0 || strcasecmp(name, "searchpath") == 0)
        u->schema = value;
}

static void take_host(struct jdbc_url *u, char *host)
{
    char *comma = strchr(host, ',');
    if (comma) {
        *comma = '\0';
        u->several_hosts = true;
    }
    char *close = *host == '[' ? strchr(host, ']') : NULL; /* [::1]:5432 */
    char *colon = strrchr(close ? close : host, ':');
    if (colon) {
        *colon = '\0';
        u->port = colon[1] ? colon + 1 : NULL;
    }
    if (close) {
        *close = '\0';
        host++;
    }
    u->host = *host ? host : NULL;
}

enum err connection_parse_jdbc(const char *url, struct jdbc_url *u, struct errbuf *e)
{
    memset(u, 0, sizeof *u);
    size_t n = strlen(url);
    if (n >= sizeof u->memory)
        return err_set(e, ERR_CONFIG, "is longer than %zu bytes", sizeof u->memory - 1);
    memcpy(u->memory, url, n + 1);
    char *slashes = strstr(u->memory, "://");
    if (strncmp(u->memory, "jdbc:", 5) != 0 || !slashes)
        return err_set(e, ERR_CONFIG,
                       "must be jdbc:postgresql://host:port/database or "
                       "jdbc:vertica://host:port/database");
    *slashes = '\0';
    u->server = u->memory + 5;
    if (strcmp(u->server, "postgresql") != 0 && strcmp(u->server, "vertica") != 0)
        return err_set(e, ERR_CONFIG, "names %s: only postgresql and vertica are known here",
                       u->server);
    char *host = slashes + 3;
    char *query = strchr(host, '?');
    if (query)
        *query++ = '\0';
    char *database = strchr(host, '/');
    if (database) {
        *database++ = '\0';
        decode_percent(database);
        u->database = *database ? database : NULL;
    }
    take_host(u, host);
    for (char *save = NULL, *p = query ? strtok_r(query, "&;", &save) : NULL; p;
         p = strtok_r(NULL, "&;", &save)) {
        char *equals = strchr(p, '=');
        if (equals) {
            *equals = '\0';
            take_property(u, p, equals + 1);
        }
    }
    return ERR_OK;
}
