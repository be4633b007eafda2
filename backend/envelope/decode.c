/*
 * Design note. One pass over the bytes. The plan knows which member comes next in a record that a
 * compact writer made, so the usual member costs one comparison with its token `"name":`; only a
 * miss (another order, white space, a member left out) reads the key and looks for it. Values go
 * straight from the reader to their cell.
 */
#include "backend/envelope/decode.h"

#include <string.h>
#include <strings.h>

#include "backend/envelope/flat_value.h"

struct decoder {
    struct flat_input in;
    struct cell *cells;
    const char *column; /* whose value is at fault; NULL: none */
    int unknown;
    bool unchanged; /* some cell may be CELL_UNCHANGED */
};

/* ---- where the schema is ---- */

static void set_bytes(struct cell *c, const char *p, size_t n)
{
    *c = (struct cell){.p = p, .len = (uint32_t)n, .kind = CELL_TEXT};
}

static bool is_null_text(const struct cell *c)
{
    return c->len == 4 && memcmp(c->p, "null", 4) == 0;
}

/*
 * {"schema":..,"payload":..}: a payload that ends the object is not walked here, flat_decode does
 * that. Anything else than these two members means that the object is the payload itself.
 */
static bool inline_members(struct json_reader *r, struct cell *schema, struct cell *payload)
{
    struct jtext key, raw;
    if (!jread_object(r))
        return false;
    while (jread_key(r, &key)) {
        bool is_schema = jread_text_equal(&key, "schema", 6);
        if (!is_schema && !jread_text_equal(&key, "payload", 7))
            return false;
        if (!is_schema && schema->p) {
            const char *end = r->end;
            while (end > r->p && strchr(" \t\r\n", end[-1]) && end[-1])
                end--;
            (void)jread_peek(r);
            if (end <= r->p || end[-1] != '}')
                return false;
            for (end--; end > r->p && strchr(" \t\r\n", end[-1]) && end[-1];)
                end--;
            set_bytes(payload, r->p, (size_t)(end - r->p));
            return true;
        }
        if (!jread_skip(r, &raw))
            return false;
        set_bytes(is_schema ? schema : payload, raw.p, raw.len);
    }
    return schema->p && payload->p && jread_end(r);
}

enum err envelope_form_of(const char *p, size_t n, enum envelope_form *form, struct cell *schema,
                          struct cell *payload, struct errbuf *e)
{
    struct json_reader r;
    struct cell s = {0}, v = {0};
    *schema = *payload = (struct cell){0};
    if (n > UINT32_MAX)
        return err_set(e, ERR_LIMIT, "a record of %zu bytes", n);
    if (p)
        jread_init(&r, p, n);
    if (!p || !n || jread_peek(&r) == JREAD_NULL) {
        *form = FORM_TOMBSTONE;
        if (!p || !n || (jread_null(&r) && jread_end(&r)))
            return ERR_OK;
        return jread_error(&r, "the record's value", e);
    }
    if (jread_peek(&r) != JREAD_OBJECT) {
        jread_fail(&r, "an object is expected");
        return jread_error(&r, "the record's value", e);
    }
    *form = FORM_PLAIN;
    set_bytes(payload, p, n);
    if (!inline_members(&r, &s, &v))
        return ERR_OK;
    *payload = v;
    if (is_null_text(&v)) {
        *form = FORM_TOMBSTONE;
        *payload = (struct cell){0};
    } else if (!is_null_text(&s)) {
        *form = FORM_INLINE;
        *schema = s;
    }
    return ERR_OK;
}

/* ---- fields ---- */

static bool field_is(const struct flat_group *g, const struct flat_field *f,
                     const struct jtext *key)
{
    if (jread_text_equal(key, f->name, f->name_len))
        return true;
    return g->fold && key->len == f->name_len && strncasecmp(key->p, f->name, key->len) == 0;
}

/* From the expected one on, round the group once. */
static const struct flat_field *find_field(const struct flat_group *g, int expected,
                                           const struct jtext *key)
{
    for (int i = expected; i < g->n; i++)
        if (field_is(g, &g->fields[i], key))
            return &g->fields[i];
    for (int i = 0; i < expected && i < g->n; i++)
        if (field_is(g, &g->fields[i], key))
            return &g->fields[i];
    return NULL;
}

/* The next member's field. False at the end of the object and after a fault; *f NULL: unknown. */
static inline bool next_field(struct json_reader *r, const struct flat_group *g, int *expected,
                              const struct flat_field **f)
{
    struct jtext key;
    if (*expected < g->n) {
        const struct flat_field *next = &g->fields[*expected];
        if (jread_expect(r, next->token, next->token_len)) {
            *f = next;
            ++*expected;
            return true;
        }
    }
    if (!jread_key(r, &key))
        return false;
    *f = find_field(g, *expected, &key);
    if (*f)
        *expected = (int)(*f - g->fields) + 1;
    return true;
}

static inline enum err decode_value(struct decoder *d, const struct flat_field *f)
{
    struct cell *c = &d->cells[f->column];
    enum err rc = flat_value(&d->in, &f->type, c);
    if (rc)
        d->column = d->in.plan->columns.columns[f->column].name;
    d->unchanged |= c->kind == CELL_UNCHANGED;
    return rc;
}

static enum err decode_group(struct decoder *d, const struct flat_group *g)
{
    struct json_reader *r = &d->in.r;
    const struct flat_field *f;
    int expected = 0;
    if (!jread_object(r))
        return ERR_DATA;
    while (next_field(r, g, &expected, &f)) {
        if (!f) {
            d->unknown++;
            if (!jread_skip(r, NULL))
                return ERR_DATA;
            continue;
        }
        enum err rc = decode_value(d, f);
        if (rc)
            return rc;
    }
    return r->fault ? ERR_DATA : ERR_OK;
}

static enum err decode_member(struct decoder *d, const struct flat_field *f)
{
    struct json_reader *r = &d->in.r;
    if (f->type.conv == FLAT_SKIP)
        return jread_skip(r, NULL) ? ERR_OK : ERR_DATA;
    if (f->type.conv != FLAT_GROUP)
        return decode_value(d, f);
    if (jread_peek(r) == JREAD_OBJECT)
        return decode_group(d, f->group);
    return jread_null(r) ? ERR_OK : ERR_DATA;
}

/* A member that comes twice: what the first one left must not shine through the last one. */
static void forget_group(struct decoder *d, const struct flat_field *f)
{
    for (int i = 0; f->group && i < f->group->n; i++)
        d->cells[f->group->fields[i].column] = (struct cell){0};
}

static enum err decode_envelope(struct decoder *d)
{
    struct json_reader *r = &d->in.r;
    const struct flat_group *g = d->in.plan->envelope;
    const struct flat_field *f;
    int expected = 0;
    uint64_t seen = 0;
    if (!jread_object(r))
        return ERR_DATA;
    while (next_field(r, g, &expected, &f)) {
        enum err rc = ERR_OK;
        if (f) {
            uint64_t bit = (uint64_t)1 << ((f - g->fields) & 63);
            if (seen & bit)
                forget_group(d, f);
            seen |= bit;
            rc = decode_member(d, f);
        } else {
            d->unknown++;
            rc = jread_skip(r, NULL) ? ERR_OK : ERR_DATA;
        }
        if (rc)
            return rc;
    }
    return jread_end(r) ? ERR_OK : ERR_DATA;
}

/* ",big,bigb," into `_unchanged`. */
static enum err name_unchanged(struct decoder *d)
{
    const struct flat_plan *p = d->in.plan;
    const struct flat_group *g = p->after;
    size_t n = 1;
    for (int i = 0; g && i < g->n; i++)
        if (d->cells[g->fields[i].column].kind == CELL_UNCHANGED)
            n += g->fields[i].name_len + 1;
    if (n == 1)
        return ERR_OK;
    char *text = arena_alloc(d->in.arena, n);
    if (!text)
        return err_set(d->in.e, ERR_NOMEM, "no memory for a row's values");
    char *o = text;
    *o++ = ',';
    for (int i = 0; i < g->n; i++) {
        if (d->cells[g->fields[i].column].kind == CELL_UNCHANGED) {
            memcpy(o, g->fields[i].name, g->fields[i].name_len);
            o += g->fields[i].name_len;
            *o++ = ',';
        }
    }
    set_bytes(&d->cells[p->columns.unchanged], text, n);
    return ERR_OK;
}

enum err flat_decode(const struct flat_plan *p, const char *payload, size_t n, struct arena *a,
                     struct cell *cells, int *unknown, struct errbuf *e)
{
    struct decoder d = {.in = {.plan = p, .arena = a, .e = e}, .cells = cells};
    if (n > UINT32_MAX)
        return err_set(e, ERR_LIMIT, "a record of %zu bytes", n);
    jread_init(&d.in.r, payload, n);
    memset(cells, 0, (size_t)p->columns.n * sizeof *cells);
    enum err rc = decode_envelope(&d);
    *unknown = d.unknown;
    if (rc == ERR_DATA && d.in.r.fault)
        rc = jread_error(&d.in.r, "the change event", e);
    if (rc) {
        if (d.column && e)
            (void)err_prefix(e, "column %s", d.column);
        return rc;
    }
    if (cells[p->columns.op].kind != CELL_TEXT)
        return err_set(e, ERR_DATA, "the change event has no \"op\": it is not an envelope");
    return d.unchanged ? name_unchanged(&d) : ERR_OK;
}
