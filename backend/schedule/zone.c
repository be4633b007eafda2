/*
 * A TZif file is a sorted list of transitions and, behind it, a rule for the time after the last
 * one, in the notation of POSIX's TZ variable ("CET-1CEST,M3.5.0,M10.5.0/3"). Both answer one
 * question here: which span of constant offset holds this moment. Everything else is made of that.
 */
#include "backend/schedule/zone.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/nearest.h"
#include "backend/schedule/civil.h"
#include "backend/schedule/zone_rule.h"

enum {
    HEADER_BYTES = 44,
    TRANSITIONS_MAX = 20000,
    TYPES_MAX = 256,
    CHARACTERS_MAX = 4096,
    OFFSET_MAX_S = 26 * 3600, /* RFC 8536 */
};

struct type {
    int offset_s;
    char abbreviation[ZONE_ABBREVIATION_MAX];
};

struct zone {
    const char *name;
    int n; /* transitions */
    const int64_t *at_s;
    const uint8_t *to; /* the type that begins there */
    const struct type *types;
    const struct zone_rule *rule; /* NULL: the last type goes on */
};

static const struct type utc_type = {0, "UTC"};
static const struct zone utc = {.name = "UTC", .types = &utc_type};

const struct zone *zone_utc(void)
{
    return &utc;
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

/* ---- questions ---- */

static void set_type(struct zone_span *s, const struct type *t)
{
    s->offset_s = t->offset_s;
    memcpy(s->abbreviation, t->abbreviation, sizeof s->abbreviation);
}

/* Transitions at or before the moment. */
static int count_before(const struct zone *z, int64_t at_s)
{
    int lo = 0, hi = z->n;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (z->at_s[mid] <= at_s)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct zone_span zone_span_at(const struct zone *z, int64_t at_s)
{
    struct zone_span s = {.from_s = INT64_MIN, .to_s = INT64_MAX};
    int i = count_before(z, at_s);
    if (i == z->n && z->rule) {
        zone_rule_span(z->rule, at_s, &s);
        if (z->n && s.from_s < z->at_s[z->n - 1])
            s.from_s = z->at_s[z->n - 1];
        return s;
    }
    set_type(&s, &z->types[i ? z->to[i - 1] : 0]);
    if (i)
        s.from_s = z->at_s[i - 1];
    if (i < z->n)
        s.to_s = z->at_s[i];
    return s;
}

int64_t zone_to_local(const struct zone *z, int64_t at_s)
{
    return at_s + zone_span_at(z, at_s).offset_s;
}

int64_t zone_from_local(const struct zone *z, int64_t local_s)
{
    struct zone_span s = zone_span_at(z, local_s - 2 * OFFSET_MAX_S);
    for (;;) {
        int64_t at = local_s - s.offset_s;
        if (at < s.from_s)
            return s.from_s;
        if (at < s.to_s)
            return at;
        s = zone_span_at(z, s.to_s);
    }
}

int64_t zone_seen_before(const struct zone *z, const struct zone_span *span)
{
    int64_t seen = INT64_MIN, from = span->from_s;
    while (from != INT64_MIN && from > span->from_s - 2 * OFFSET_MAX_S) {
        struct zone_span s = zone_span_at(z, from - 1);
        if (s.to_s + s.offset_s > seen)
            seen = s.to_s + s.offset_s;
        from = s.from_s;
    }
    return seen;
}

/* ---- the file ---- */

struct header {
    int version;
    uint32_t n_ut, n_std, n_leap, n_time, n_type, n_char;
};

struct source {
    const uint8_t *p;
    size_t left;
    const char *name;
    struct arena *arena;
    struct errbuf *e;
};

static enum err broken(const struct source *s, const char *what)
{
    return err_set(s->e, ERR_CONFIG, "the file of time zone %s is broken: %s", s->name, what);
}

static enum err no_memory(const struct source *s)
{
    return err_set(s->e, ERR_NOMEM, "time zone %s: out of memory", s->name);
}

static int64_t big_endian(const uint8_t *p, int bytes)
{
    uint64_t v = bytes == 4 && p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

static enum err read_header(struct source *s, struct header *h)
{
    if (s->left < HEADER_BYTES || memcmp(s->p, "TZif", 4) != 0)
        return broken(s, "it does not begin with TZif");
    uint32_t counts[6];
    for (int i = 0; i < 6; i++)
        counts[i] = (uint32_t)big_endian(s->p + 20 + 4 * (ptrdiff_t)i, 4);
    *h = (struct header){.version = s->p[4] ? s->p[4] - '0' : 1,
                         .n_ut = counts[0],
                         .n_std = counts[1],
                         .n_leap = counts[2],
                         .n_time = counts[3],
                         .n_type = counts[4],
                         .n_char = counts[5]};
    if (h->n_time > TRANSITIONS_MAX || h->n_type > TYPES_MAX || h->n_char > CHARACTERS_MAX ||
        h->n_leap > TRANSITIONS_MAX || h->n_ut > TYPES_MAX || h->n_std > TYPES_MAX)
        return broken(s, "its counts are out of range");
    s->p += HEADER_BYTES;
    s->left -= HEADER_BYTES;
    return ERR_OK;
}

static size_t body_bytes(const struct header *h, size_t time_bytes)
{
    return h->n_time * (time_bytes + 1) + h->n_type * 6 + h->n_char + h->n_leap * (time_bytes + 4) +
           h->n_std + h->n_ut;
}

static enum err read_types(struct source *s, const struct header *h, const uint8_t *p,
                           struct zone *z)
{
    const char *characters = (const char *)p + h->n_type * 6;
    struct type *types = arena_alloc(s->arena, h->n_type * sizeof *types);
    if (!types)
        return no_memory(s);
    for (uint32_t i = 0; i < h->n_type; i++, p += 6) {
        int64_t offset = big_endian(p, 4);
        if (offset <= -OFFSET_MAX_S || offset >= OFFSET_MAX_S || p[5] >= h->n_char)
            return broken(s, "a type is out of range");
        types[i].offset_s = (int)offset;
        size_t n = strnlen(characters + p[5], h->n_char - p[5]);
        if (n >= ZONE_ABBREVIATION_MAX)
            n = ZONE_ABBREVIATION_MAX - 1;
        memset(types[i].abbreviation, 0, sizeof types[i].abbreviation);
        memcpy(types[i].abbreviation, characters + p[5], n);
    }
    z->types = types;
    return ERR_OK;
}

static enum err read_body(struct source *s, const struct header *h, int time_bytes, struct zone *z)
{
    size_t bytes = body_bytes(h, (size_t)time_bytes);
    if (h->n_type == 0 || h->n_char == 0)
        return broken(s, "it has no types");
    if (h->n_leap)
        return broken(s, "it counts leap seconds, which PostgreSQL and POSIX time do not");
    if (s->left < bytes)
        return broken(s, "it ends too soon");
    int64_t *at = arena_alloc(s->arena, (h->n_time + 1) * sizeof *at);
    uint8_t *to = arena_alloc(s->arena, h->n_time + 1);
    if (!at || !to)
        return no_memory(s);
    const uint8_t *p = s->p;
    for (uint32_t i = 0; i < h->n_time; i++, p += time_bytes) {
        at[i] = big_endian(p, time_bytes);
        /* Sums with offsets must not overflow; the sun is younger than that anyway. */
        if (at[i] < INT64_MIN / 4 || at[i] > INT64_MAX / 4 || (i && at[i] <= at[i - 1]))
            return broken(s, "its transitions do not ascend");
    }
    for (uint32_t i = 0; i < h->n_time; i++, p++) {
        to[i] = *p;
        if (to[i] >= h->n_type)
            return broken(s, "a transition names no type");
    }
    z->n = (int)h->n_time;
    z->at_s = at;
    z->to = to;
    enum err rc = read_types(s, h, p, z);
    s->p += bytes;
    s->left -= bytes;
    return rc;
}

static enum err read_footer(struct source *s, struct zone *z)
{
    const uint8_t *end = s->left > 1 ? memchr(s->p + 1, '\n', s->left - 1) : NULL;
    if (!end || s->p[0] != '\n')
        return broken(s, "its footer is missing");
    char *text = arena_copy(s->arena, s->p + 1, (size_t)(end - s->p - 1));
    struct zone_rule *rule = arena_alloc(s->arena, sizeof *rule);
    if (!text || !rule)
        return no_memory(s);
    if (!text[0])
        return ERR_OK;
    if (!zone_rule_parse(text, rule))
        return broken(s, "its footer is no rule");
    z->rule = rule;
    return ERR_OK;
}

enum err zone_parse(const void *bytes, size_t n, const char *name, struct arena *a,
                    const struct zone **out, struct errbuf *e)
{
    struct source s = {.p = bytes, .left = n, .name = name, .arena = a, .e = e};
    struct header h;
    *out = NULL;
    enum err rc = read_header(&s, &h);
    if (rc)
        return rc;
    struct zone *z = arena_alloc(a, sizeof *z);
    char *copy = arena_strdup(a, name);
    if (!z || !copy)
        return no_memory(&s);
    *z = (struct zone){.name = copy};
    if (h.version < 2) {
        rc = read_body(&s, &h, 4, z);
    } else {
        /* The first block is for readers of 32-bit times: the second one says all. */
        size_t skip = body_bytes(&h, 4);
        if (s.left < skip)
            return broken(&s, "it ends too soon");
        s.p += skip;
        s.left -= skip;
        rc = read_header(&s, &h);
        if (!rc)
            rc = read_body(&s, &h, 8, z);
        if (!rc)
            rc = read_footer(&s, z);
    }
    if (!rc)
        *out = z;
    return rc;
}

/* ---- finding it ---- */

static const char *folder(void)
{
    const char *d = getenv("TZDIR");
    return d && d[0] ? d : "/usr/share/zoneinfo";
}

/* Names of tzdata.zi: "Z Europe/Berlin 0:53:28 ..", "L Europe/Berlin Europe/Oslo". */
static void nearest_zone(const char *name, char *hint, size_t n)
{
    char path[PATH_MAX], line[512];
    hint[0] = '\0';
    (void)snprintf(path, sizeof path, "%s/tzdata.zi", folder());
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    struct nearest near;
    char best[sizeof line];
    nearest_start(&near, name);
    while (fgets(line, sizeof line, f)) {
        char *save = NULL, *kind = strtok_r(line, " \n", &save), *word = NULL;
        if (kind && strcmp(kind, "Z") == 0)
            word = strtok_r(NULL, " \n", &save);
        else if (kind && strcmp(kind, "L") == 0 && strtok_r(NULL, " \n", &save))
            word = strtok_r(NULL, " \n", &save);
        if (!word)
            continue;
        nearest_offer(&near, word);
        if (near.best == word) { /* the line is about to be overwritten */
            (void)snprintf(best, sizeof best, "%s", word);
            near.best = best;
        }
    }
    (void)fclose(f);
    (void)nearest_hint(&near, hint, n);
}

static bool is_zone_name(const char *name)
{
    if (!name[0] || name[0] == '/' || strstr(name, "..") || strlen(name) > 100)
        return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_+-/", *p))
            return false;
    return true;
}

static enum err unknown(const char *name, struct errbuf *e)
{
    char hint[160];
    nearest_zone(name, hint, sizeof hint);
    return err_set(e, ERR_CONFIG, "`%s` is no time zone%s: a name like Europe/Berlin, or UTC", name,
                   hint);
}

enum err zone_load(const char *name, struct arena *a, const struct zone **out, struct errbuf *e)
{
    char path[PATH_MAX];
    *out = NULL;
    if (strcmp(name, "UTC") == 0) {
        *out = &utc;
        return ERR_OK;
    }
    if (!is_zone_name(name))
        return unknown(name, e);
    (void)snprintf(path, sizeof path, "%s/%s", folder(), name);
    FILE *f = fopen(path, "re");
    if (!f && errno == ENOENT) {
        (void)snprintf(path, sizeof path, "%s/Etc/UTC", folder());
        f = fopen(path, "re");
        if (!f)
            return err_set(e, ERR_CONFIG,
                           "time zone %s: %s holds no time zones; install the package tzdata (UTC "
                           "works without)",
                           name, folder());
        (void)fclose(f);
        return unknown(name, e);
    }
    if (!f)
        return err_errno(e, ERR_CONFIG, "time zone %s: cannot read %s", name, path);
    enum err rc = ERR_OK;
    uint8_t *bytes = malloc(ZONE_FILE_MAX);
    size_t n = bytes ? fread(bytes, 1, ZONE_FILE_MAX, f) : 0;
    if (!bytes)
        rc = err_set(e, ERR_NOMEM, "time zone %s: out of memory", name);
    else if (ferror(f)) /* a folder: Europe */
        rc = unknown(name, e);
    else
        rc = zone_parse(bytes, n, name, a, out, e);
    free(bytes);
    (void)fclose(f);
    return rc;
}
