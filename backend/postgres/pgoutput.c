/*
 * Design note
 *
 * The decoder is a pure function of the bytes and of the relations seen so far. The hot path
 * (INSERT, UPDATE, DELETE) allocates nothing: two rows of cells are kept, as wide as the widest
 * relation, and every cell points into the caller's bytes. A relation is looked up by OID: the one
 * of the last row first (a table's rows come in runs), else in an open-addressing table.
 *
 * The server sends RELATION before a table's first row on a connection and again after anything
 * invalidated its cache. It describes the table as it was when the WAL was written. TYPE messages
 * come before it for types that are not built in; their names are kept, for a type may be gone from
 * the catalog by the time its rows are read.
 *
 * Unchanged TOAST ('u') stays CELL_UNCHANGED unless the old row, sent in the same message, holds
 * the value: then it is the value, for unchanged means equal to the old one.
 */
#include "backend/postgres/pgoutput.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64, IDENTITY_FLAG = 1, COLUMN_BYTES_MIN = 10 };
static const int64_t EPOCH_2000_US = INT64_C(946684800000000);

struct known {
    uint32_t oid; /* 0: free */
    struct relation *relation;
};

struct type_entry {
    uint32_t oid;
    char *name;
};

struct pgoutput {
    pgoutput_resolve_fn *resolve;
    void *arg;
    struct known *known; /* cap is a power of two, at most half full */
    size_t known_cap;
    size_t n_known;
    uint32_t last_oid;
    struct relation *last;
    struct cell *cells; /* before: cells[0..width), after: cells[width..2*width) */
    int width;
    struct relation **truncated;
    int truncated_cap;
    struct type_entry *types;
    size_t n_types;
    size_t types_cap;
};

/* Reads big-endian fields; once `bad`, everything reads as zero. */
struct reader {
    const unsigned char *p;
    const unsigned char *end;
    bool bad;
};

static bool have(struct reader *r, size_t n)
{
    if ((size_t)(r->end - r->p) >= n)
        return true;
    r->bad = true;
    r->p = r->end;
    return false;
}

static uint8_t get_u8(struct reader *r)
{
    return have(r, 1) ? *r->p++ : 0;
}

static uint16_t get_u16(struct reader *r)
{
    if (!have(r, 2))
        return 0;
    uint16_t v;
    memcpy(&v, r->p, sizeof v);
    r->p += sizeof v;
    return __builtin_bswap16(v);
}

static uint32_t get_u32(struct reader *r)
{
    if (!have(r, 4))
        return 0;
    uint32_t v;
    memcpy(&v, r->p, sizeof v);
    r->p += sizeof v;
    return __builtin_bswap32(v);
}

static uint64_t get_u64(struct reader *r)
{
    if (!have(r, 8))
        return 0;
    uint64_t v;
    memcpy(&v, r->p, sizeof v);
    r->p += sizeof v;
    return __builtin_bswap64(v);
}

static int64_t get_time(struct reader *r)
{
    return (int64_t)(get_u64(r) + (uint64_t)EPOCH_2000_US); /* wraps on nonsense, as unsigned */
}

/* A NUL-terminated string inside the bytes; "" (and bad) when the NUL is missing. */
static const char *get_string(struct reader *r)
{
    const char *s = (const char *)r->p;
    const unsigned char *nul = r->p < r->end ? memchr(r->p, '\0', (size_t)(r->end - r->p)) : NULL;
    if (!nul) {
        r->bad = true;
        r->p = r->end;
        return "";
    }
    r->p = nul + 1;
    return s;
}

struct pgoutput *pgoutput_create(pgoutput_resolve_fn *resolve, void *arg)
{
    struct pgoutput *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->known = calloc(FIRST_CAP, sizeof *d->known);
    if (!d->known) {
        free(d);
        return NULL;
    }
    d->known_cap = FIRST_CAP;
    d->resolve = resolve;
    d->arg = arg;
    return d;
}

void pgoutput_destroy(struct pgoutput *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->known_cap; i++)
        relation_unref(d->known[i].relation);
    for (size_t i = 0; i < d->n_types; i++)
        free(d->types[i].name);
    free(d->types);
    free(d->known);
    free(d->cells);
    free(d->truncated);
    free(d);
}

/* The entry of oid, or the free one where it belongs. */
static struct known *find_known(struct known *table, size_t cap, uint32_t oid)
{
    size_t i = (oid * UINT32_C(2654435761)) & (cap - 1);
    while (table[i].oid && table[i].oid != oid)
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static struct relation *lookup(struct pgoutput *d, uint32_t oid)
{
    if (oid == d->last_oid && d->last)
        return d->last;
    struct relation *r = oid ? find_known(d->known, d->known_cap, oid)->relation : NULL;
    if (r) {
        d->last_oid = oid;
        d->last = r;
    }
    return r;
}

static bool grow_known(struct pgoutput *d)
{
    size_t cap = d->known_cap * 2;
    struct known *table = calloc(cap, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < d->known_cap; i++)
        if (d->known[i].oid)
            *find_known(table, cap, d->known[i].oid) = d->known[i];
    free(d->known);
    d->known = table;
    d->known_cap = cap;
    return true;
}

/* Takes over the reference. */
static enum err remember(struct pgoutput *d, uint32_t oid, struct relation *r, struct errbuf *e)
{
    if (r->n_columns > d->width || !d->cells) {
        size_t width = r->n_columns > FIRST_CAP ? (size_t)r->n_columns : FIRST_CAP;
        struct cell *cells = calloc(width * 2, sizeof *cells);
        if (!cells)
            goto nomem;
        free(d->cells);
        d->cells = cells;
        d->width = (int)width;
    }
    if ((d->n_known + 1) * 2 > d->known_cap && !grow_known(d))
        goto nomem;
    struct known *k = find_known(d->known, d->known_cap, oid);
    if (!k->oid)
        d->n_known++;
    relation_unref(k->relation);
    k->oid = oid;
    k->relation = r;
    d->last_oid = oid;
    d->last = r;
    return ERR_OK;
nomem:
    relation_unref(r);
    return err_set(e, ERR_NOMEM, "no memory to keep the description of relation %u", oid);
}

static enum err broken(struct errbuf *e, const char *what)
{
    return err_set(e, ERR_PROTOCOL,
                   "the replication stream's %s message breaks the pgoutput format", what);
}

static const char *type_name(const struct pgoutput *d, uint32_t oid)
{
    for (size_t i = 0; i < d->n_types; i++)
        if (d->types[i].oid == oid)
            return d->types[i].name;
    return NULL;
}

static enum err decode_type(struct pgoutput *d, struct reader *r, struct errbuf *e)
{
    uint32_t oid = get_u32(r);
    (void)get_string(r); /* schema */
    const char *name = get_string(r);
    if (r->bad)
        return broken(e, "TYPE");
    char *copy = strdup(name);
    if (!copy)
        goto nomem;
    for (size_t i = 0; i < d->n_types; i++)
        if (d->types[i].oid == oid) {
            free(d->types[i].name);
            d->types[i].name = copy;
            return ERR_OK;
        }
    if (d->n_types == d->types_cap) {
        size_t cap = d->types_cap ? d->types_cap * 2 : FIRST_CAP;
        struct type_entry *types = realloc(d->types, cap * sizeof *types);
        if (!types)
            goto nomem;
        d->types = types;
        d->types_cap = cap;
    }
    d->types[d->n_types++] = (struct type_entry){.oid = oid, .name = copy};
    return ERR_OK;
nomem:
    free(copy);
    return err_set(e, ERR_NOMEM, "no memory for the name of type %u", oid);
}

/* The relation as the message has it; *out is the caller's. */
static enum err read_relation(struct pgoutput *d, struct reader *r, struct relation **out,
                              struct errbuf *e)
{
    uint32_t oid = get_u32(r);
    const char *schema = get_string(r);
    const char *name = get_string(r);
    char identity = (char)get_u8(r);
    uint16_t n = get_u16(r);
    if (r->bad || !oid || (size_t)(r->end - r->p) < (size_t)n * COLUMN_BYTES_MIN)
        return broken(e, "RELATION");
    struct relation *rel = relation_create(n);
    if (!rel)
        goto nomem;
    rel->oid = oid;
    rel->identity = identity;
    rel->schema = strdup(*schema ? schema : "pg_catalog");
    rel->name = strdup(name);
    if (!rel->schema || !rel->name)
        goto nomem;
    for (int i = 0; i < n; i++) {
        struct column *c = &rel->columns[i];
        uint8_t flags = get_u8(r);
        const char *column = get_string(r);
        c->type_oid = get_u32(r);
        c->typmod = (int32_t)get_u32(r);
        if (r->bad) {
            relation_unref(rel);
            return broken(e, "RELATION");
        }
        if (flags & IDENTITY_FLAG)
            c->key_pos = ++rel->n_key;
        const char *type = type_name(d, c->type_oid);
        c->name = strdup(column);
        c->type_name = type ? strdup(type) : NULL;
        if (!c->name || (type && !c->type_name))
            goto nomem;
    }
    *out = rel;
    return ERR_OK;
nomem:
    relation_unref(rel);
    return err_set(e, ERR_NOMEM, "no memory for the description of relation %u", oid);
}

static enum err decode_relation(struct pgoutput *d, struct reader *r, struct pgoutput_message *out,
                                struct errbuf *e)
{
    struct relation *described = NULL;
    struct relation *resolved = NULL;
    enum err rc = read_relation(d, r, &described, e);
    if (rc != ERR_OK)
        goto out;
    if (d->resolve) {
        rc = d->resolve(d->arg, described, &resolved, e);
        if (rc != ERR_OK) {
            resolved = NULL;
            goto out;
        }
        if (resolved->n_columns != described->n_columns) {
            rc = err_set(e, ERR_INTERNAL, "relation %s.%s has %d columns but was resolved to %d",
                         described->schema, described->name, described->n_columns,
                         resolved->n_columns);
            goto out;
        }
    } else {
        described->fingerprint = relation_fingerprint(described);
        resolved = relation_ref(described);
    }
    uint32_t oid = described->oid;
    struct relation *keep = resolved;
    resolved = NULL;
    rc = remember(d, oid, keep, e);
    if (rc == ERR_OK) {
        out->kind = PGO_RELATION;
        out->relation = keep;
    }
out:
    relation_unref(described);
    relation_unref(resolved);
    return rc;
}

/* TupleData: exactly n columns. */
static bool read_tuple(struct reader *r, struct cell *cells, int n)
{
    if (get_u16(r) != (unsigned)n || r->bad)
        return false;
    const unsigned char *p = r->p;
    const unsigned char *end = r->end;
    for (int i = 0; i < n; i++) {
        if (p == end)
            return false;
        unsigned char kind = *p++;
        if (kind == 't') {
            uint32_t len;
            if (end - p < (ptrdiff_t)sizeof len)
                return false;
            memcpy(&len, p, sizeof len);
            len = __builtin_bswap32(len);
            p += sizeof len;
            if ((size_t)(end - p) < len)
                return false;
            cells[i] = (struct cell){.p = (const char *)p, .len = len, .kind = CELL_TEXT};
            p += len;
        } else if (kind == 'n') {
            cells[i] = (struct cell){.kind = CELL_NULL};
        } else if (kind == 'u') {
            cells[i] = (struct cell){.kind = CELL_UNCHANGED};
        } else {
            return false; /* 'b' is never asked for */
        }
    }
    r->p = p;
    return true;
}

static enum err unknown_relation(uint32_t oid, struct errbuf *e)
{
    return err_set(e, ERR_PROTOCOL,
                   "the replication stream has a row of relation %u that it has not described",
                   oid);
}

static enum err decode_row(struct pgoutput *d, unsigned char type, struct reader *r,
                           struct pgoutput_message *out, struct errbuf *e)
{
    const char *what = type == 'I' ? "INSERT" : type == 'U' ? "UPDATE" : "DELETE";
    uint32_t oid = get_u32(r);
    unsigned char part = get_u8(r);
    if (r->bad)
        return broken(e, what);
    struct relation *rel = lookup(d, oid);
    if (!rel)
        return unknown_relation(oid, e);
    struct cell *before = d->cells;
    struct cell *after = d->cells + d->width;
    int n = rel->n_columns;
    if (type != 'I' && (part == 'K' || part == 'O')) {
        if (!read_tuple(r, before, n))
            return broken(e, what);
        out->before = before;
        out->before_is_key = part == 'K';
        part = type == 'U' ? get_u8(r) : 0;
    } else if (type == 'D') {
        return broken(e, what);
    }
    if (type != 'D') {
        if (part != 'N' || !read_tuple(r, after, n))
            return broken(e, what);
        out->after = after;
        if (out->before)
            for (int i = 0; i < n; i++)
                if (after[i].kind == CELL_UNCHANGED && before[i].kind == CELL_TEXT)
                    after[i] = before[i];
    }
    out->kind = type == 'I' ? PGO_INSERT : type == 'U' ? PGO_UPDATE : PGO_DELETE;
    out->relation = rel;
    return ERR_OK;
}

static enum err decode_truncate(struct pgoutput *d, struct reader *r, struct pgoutput_message *out,
                                struct errbuf *e)
{
    uint32_t n = get_u32(r);
    (void)get_u8(r); /* CASCADE, RESTART IDENTITY */
    if (r->bad || n > INT_MAX || (size_t)(r->end - r->p) < (size_t)n * sizeof(uint32_t))
        return broken(e, "TRUNCATE");
    if ((int)n > d->truncated_cap) {
        struct relation **p = realloc(d->truncated, n * sizeof(*p));
        if (!p)
            return err_set(e, ERR_NOMEM, "no memory for a TRUNCATE of %u tables", n);
        d->truncated = p;
        d->truncated_cap = (int)n;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t oid = get_u32(r);
        d->truncated[i] = lookup(d, oid);
        if (!d->truncated[i])
            return unknown_relation(oid, e);
    }
    out->kind = PGO_TRUNCATE;
    out->truncated = d->truncated;
    out->n_truncated = (int)n;
    return ERR_OK;
}

static enum err decode_message(struct reader *r, struct pgoutput_message *out, struct errbuf *e)
{
    uint8_t flags = get_u8(r);
    out->message_lsn = get_u64(r);
    out->message_prefix = get_string(r);
    out->message_len = get_u32(r);
    if (r->bad || !have(r, out->message_len))
        return broken(e, "MESSAGE");
    out->kind = PGO_MESSAGE;
    out->message_transactional = flags & 1;
    out->message = (const char *)r->p;
    return ERR_OK;
}

static enum err decode_begin(struct reader *r, struct pgoutput_message *out, struct errbuf *e)
{
    out->kind = PGO_BEGIN;
    out->commit_lsn = get_u64(r);
    out->commit_time_us = get_time(r);
    out->xid = get_u32(r);
    return r->bad ? broken(e, "BEGIN") : ERR_OK;
}

static enum err decode_commit(struct reader *r, struct pgoutput_message *out, struct errbuf *e)
{
    out->kind = PGO_COMMIT;
    (void)get_u8(r); /* flags, unused by the server */
    out->commit_lsn = get_u64(r);
    out->end_lsn = get_u64(r);
    out->commit_time_us = get_time(r);
    return r->bad ? broken(e, "COMMIT") : ERR_OK;
}

enum err pgoutput_decode(struct pgoutput *d, const char *p, size_t n, struct pgoutput_message *out,
                         struct errbuf *e)
{
    *out = (struct pgoutput_message){.kind = PGO_OTHER};
    struct reader r = {.p = (const unsigned char *)p, .end = (const unsigned char *)p + n};
    unsigned char type = get_u8(&r);
    switch (type) {
    case 'I':
    case 'U':
    case 'D':
        return decode_row(d, type, &r, out, e);
    case 'B':
        return decode_begin(&r, out, e);
    case 'C':
        return decode_commit(&r, out, e);
    case 'R':
        return decode_relation(d, &r, out, e);
    case 'Y':
        return decode_type(d, &r, e);
    case 'T':
        return decode_truncate(d, &r, out, e);
    case 'M':
        return decode_message(&r, out, e);
    case 'O':
        return ERR_OK;
    default:
        if (!n)
            return err_set(e, ERR_PROTOCOL, "the replication stream has an empty message");
        return err_set(e, ERR_PROTOCOL,
                       "the replication stream has a message of unknown type 0x%02x", type);
    }
}
