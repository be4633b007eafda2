#include "backend/envelope/topic.h"

static bool kafka_takes(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* PostgreSQL hands names out as valid UTF-8; a stray byte is written as itself. */
static const unsigned char *add_code_point(const unsigned char *s, struct buf *out)
{
    unsigned code = *s++;
    int more = code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : code >= 0xc0 ? 1 : 0;
    if (more)
        code &= 0x3fu >> more;
    while (more-- && (*s & 0xc0) == 0x80)
        code = code << 6 | (*s++ & 0x3fu);
    buf_printf(out, "_u%04X", code);
    return s;
}

static void add_name(const char *name, struct buf *out)
{
    const unsigned char *s = (const unsigned char *)name;
    while (*s) {
        if (*s >= 0x80) {
            s = add_code_point(s, out);
            continue;
        }
        buf_ch(out, kafka_takes(*s) ? (char)*s : '_');
        s++;
    }
}

enum err topic_name_of_table(const char *prefix, const char *schema, const char *table,
                             struct buf *out, struct errbuf *e)
{
    size_t from = out->len;
    add_name(prefix, out);
    buf_ch(out, '.');
    add_name(schema, out);
    buf_ch(out, '.');
    add_name(table, out);
    enum err rc = buf_check(out, "a topic's name", e);
    if (!rc && out->len - from > TOPIC_NAME_MAX)
        rc = err_set(e, ERR_CONFIG,
                     "the topic of table %s.%s would be named \"%s\": %zu bytes, Kafka takes %d; "
                     "shorten topic.prefix or the table's name",
                     schema, table, buf_cstr(out) + from, out->len - from, TOPIC_NAME_MAX);
    return rc;
}
