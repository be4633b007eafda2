/* Cron from text and to words. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "backend/base/nearest.h"
#include "backend/schedule/civil.h"
#include "backend/schedule/cron.h"

enum { FIELDS = 5, FIELD_TEXT_MAX = 200 };
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct field {
    const char *name;
    int min, max;
    const char *const *names; /* names[0] is min */
} fields[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL},
    [HOUR] = {"hour", 0, 23, NULL},
    [DAY] = {"day of month", 1, 31, NULL},
    [MONTH] = {"month", 1, 12, month_names},
    [WEEKDAY] = {"day of week", 0, 7, weekday_names},
};

static const struct {
    const char *name;
    const char *text;
} presets[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

struct reader {
    const struct field *field;
    const char *p;
    struct errbuf *e;
};

static enum err refuse(const struct reader *r, const char *what)
{
    return err_set(r->e, ERR_CONFIG, "%s: %s", r->field->name, what);
}

static enum err read_name(struct reader *r, int *out)
{
    size_t n = 0;
    while (isalpha((unsigned char)r->p[n]))
        n++;
    for (int i = 0; r->field->names && r->field->names[i]; i++)
        if (n == 3 && strncasecmp(r->p, r->field->names[i], 3) == 0) {
            r->p += n;
            *out = r->field->min + i;
            return ERR_OK;
        }
    if (n == 1 && strchr("LW", *r->p))
        return err_set(r->e, ERR_CONFIG, "%s: `%c` is of other crons; here it has no meaning",
                       r->field->name, *r->p);
    if (r->field->names)
        return err_set(r->e, ERR_CONFIG, "%s: `%.*s` is none: %s, .. %s, or a number",
                       r->field->name, (int)n, r->p, r->field->names[0],
                       r->field == &fields[MONTH] ? "dec" : "sat");
    return err_set(r->e, ERR_CONFIG, "%s: `%.*s` is no number", r->field->name, (int)n, r->p);
}

static enum err read_value(struct reader *r, int *out)
{
    if (isalpha((unsigned char)*r->p))
        return read_name(r, out);
    if (!isdigit((unsigned char)*r->p)) {
        if (*r->p && strchr("?#", *r->p))
            return err_set(r->e, ERR_CONFIG, "%s: `%c` is of other crons; here it has no meaning",
                           r->field->name, *r->p);
        return err_set(r->e, ERR_CONFIG, "%s: a number is missing%s%s%s", r->field->name,
                       *r->p ? " before `" : "", r->p, *r->p ? "`" : "");
    }
    int v = 0;
    for (; isdigit((unsigned char)*r->p) && v < 10000; r->p++)
        v = v * 10 + (*r->p - '0');
    if (v < r->field->min || v > r->field->max)
        return err_set(r->e, ERR_CONFIG, "%s: %d is not within %d to %d", r->field->name, v,
                       r->field->min, r->field->max);
    *out = v;
    return ERR_OK;
}

static enum err read_range(struct reader *r, int *from, int *to)
{
    *from = r->field->min;
    *to = r->field->max;
    if (*r->p == '*') {
        r->p++;
        if (r->field == &fields[WEEKDAY])
            *to = 6;
        return ERR_OK;
    }
    enum err rc = read_value(r, from);
    if (rc)
        return rc;
    if (*r->p == '-') {
        r->p++;
        rc = read_value(r, to);
        if (!rc && *from > *to && r->field == &fields[WEEKDAY])
            *to += 7; /* fri-mon */
        else if (!rc && *from > *to)
            return err_set(r->e, ERR_CONFIG,
                           "%s: the range %d-%d runs backwards: write %d-%d,%d-%d", r->field->name,
                           *from, *to, *from, r->field->max, r->field->min, *to);
        return rc;
    }
    if (*r->p != '/')
        *to = *from;
    else if (r->field == &fields[WEEKDAY])
        *to = 6;
    return ERR_OK;
}

static enum err read_item(struct reader *r, uint64_t *bits)
{
    int from, to, step = 1;
    enum err rc = read_range(r, &from, &to);
    if (rc)
        return rc;
    if (*r->p == '/') {
        r->p++;
        if (!isdigit((unsigned char)*r->p))
            return refuse(r, "a step (/n) needs a number");
        for (step = 0; isdigit((unsigned char)*r->p) && step < 10000; r->p++)
            step = step * 10 + (*r->p - '0');
        if (step < 1 || step > r->field->max)
            return err_set(r->e, ERR_CONFIG, "%s: a step of %d is not within 1 to %d",
                           r->field->name, step, r->field->max);
    }
    for (int i = from; i <= to; i += step)
        *bits |= UINT64_C(1) << (r->field == &fields[WEEKDAY] ? i % 7 : i);
    return ERR_OK;
}

static enum err read_field(const struct field *f, const char *text, uint64_t *bits,
                           struct errbuf *e)
{
    struct reader r = {.field = f, .p = text, .e = e};
    *bits = 0;
    for (;;) {
        enum err rc = read_item(&r, bits);
        if (rc)
            return rc;
        if (!*r.p)
            return ERR_OK;
        if (*r.p != ',')
            return err_set(e, ERR_CONFIG, "%s: `%s` is too much", f->name, r.p);
        r.p++;
    }
}

static enum err expand_preset(const char **text, struct errbuf *e)
{
    struct nearest near;
    char hint[64];
    nearest_start(&near, *text);
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (strcasecmp(*text, presets[i].name) == 0) {
            *text = presets[i].text;
            return ERR_OK;
        }
        nearest_offer(&near, presets[i].name);
    }
    return err_set(e, ERR_CONFIG, "`%s` is none of @hourly, @daily, @weekly, @monthly, @yearly%s",
                   *text, nearest_hint(&near, hint, sizeof hint));
}

/* Words behind the fifth one are counted, not kept. */
static enum err split(const char *text, char out[FIELDS][FIELD_TEXT_MAX], struct errbuf *e)
{
    int n = 0;
    for (const char *p = text; *p;) {
        p += strspn(p, " \t");
        size_t len = strcspn(p, " \t");
        if (!len)
            break;
        if (len >= FIELD_TEXT_MAX)
            return err_set(e, ERR_CONFIG, "a field is longer than %d bytes", FIELD_TEXT_MAX - 1);
        if (n < FIELDS) {
            memcpy(out[n], p, len);
            out[n][len] = '\0';
        }
        n++;
        p += len;
    }
    if (n == FIELDS)
        return ERR_OK;
    return err_set(e, ERR_CONFIG,
                   "%d field%s, where five belong: minute, hour, day of month, month, day of "
                   "week%s",
                   n, n == 1 ? "" : "s", n == FIELDS + 1 ? " (there are no seconds)" : "");
}

/* Which days there are is the calendar's to say: it repeats after 400 years. */
static enum err check_possible(const struct cron *c, struct errbuf *e)
{
    struct cron whole_day = *c;
    whole_day.hours = 1;
    whole_day.minutes = 1;
    int64_t from = civil_to_days(2000, 1, 1) * CIVIL_DAY_S - 1;
    if (cron_next(&whole_day, zone_utc(), from) != INT64_MAX)
        return ERR_OK;
    int day = 1;
    while (!(c->days >> day & 1))
        day++;
    return err_set(e, ERR_CONFIG, "it never fires: none of its months has a day %d", day);
}

enum err cron_parse(const char *text, struct cron *out, struct errbuf *e)
{
    char part[FIELDS][FIELD_TEXT_MAX];
    uint64_t bits[FIELDS];
    enum err rc = ERR_OK;
    text += strspn(text, " \t");
    if (text[0] == '@')
        rc = expand_preset(&text, e);
    if (!rc)
        rc = split(text, part, e);
    for (int i = 0; i < FIELDS && !rc; i++)
        rc = read_field(&fields[i], part[i], &bits[i], e);
    if (rc)
        return rc;
    *out = (struct cron){.minutes = bits[MINUTE],
                         .hours = (uint32_t)bits[HOUR],
                         .days = (uint32_t)bits[DAY],
                         .months = (uint16_t)bits[MONTH],
                         .weekdays = (uint8_t)bits[WEEKDAY],
                         .any_day = part[DAY][0] == '*',
                         .any_weekday = part[WEEKDAY][0] == '*',
                         .fixed = part[MINUTE][0] != '*' && part[HOUR][0] != '*'};
    return check_possible(out, e);
}

/* ---- words ---- */

static int count(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

static int lowest(uint64_t bits)
{
    return bits ? __builtin_ctzll(bits) : -1;
}

/* n when the bits are 0, n, 2n, .. up to max, else 0 */
static int step_of(uint64_t bits, int max)
{
    if (count(bits) < 2 || lowest(bits) != 0)
        return 0;
    int n = lowest(bits & ~UINT64_C(1));
    for (int i = 0; i <= max; i++)
        if ((bits >> i & 1) != (i % n == 0))
            return 0;
    return n;
}

static void add_name(struct buf *b, int value, const char *const *names)
{
    if (names)
        buf_str(b, names[value]);
    else
        buf_i64(b, value);
}

/* 1, 5-7 and 9 */
static void add_list(struct buf *b, uint64_t bits, const char *const *names)
{
    for (bool first = true; bits; first = false) {
        int from = lowest(bits), to = from;
        while (to < 63 && bits >> (to + 1) & 1)
            to++;
        if (to == from + 1)
            to = from;
        for (int i = from; i <= to; i++)
            bits &= ~(UINT64_C(1) << i);
        if (!first)
            buf_str(b, bits ? ", " : " and ");
        add_name(b, from, names);
        if (to > from) {
            buf_str(b, names ? " to " : "-");
            add_name(b, to, names);
        }
    }
}

static void add_times(struct buf *b, const struct cron *c)
{
    int left = count(c->minutes) * count(c->hours);
    bool first = true;
    buf_lit(b, "at ");
    for (int h = 0; h < 24; h++)
        for (int m = 0; m < 60; m++)
            if (c->hours >> h & 1 && c->minutes >> m & 1) {
                left--;
                buf_printf(b, "%s%02d:%02d", first ? "" : left ? ", " : " and ", h, m);
                first = false;
            }
}

/* False: it says "every .." already, which a plain "every day" behind it would only repeat. */
static bool add_time(struct buf *b, const struct cron *c)
{
    bool every_hour = count(c->hours) == 24;
    int minutes = step_of(c->minutes, 59), hours = step_of(c->hours, 23);
    if (count(c->minutes) * count(c->hours) <= 4) {
        add_times(b, c);
        return true;
    }
    if (count(c->minutes) == 60)
        buf_lit(b, "every minute");
    else if (minutes)
        buf_printf(b, "every %d minutes", minutes);
    else if (count(c->minutes) == 1 && every_hour)
        buf_printf(b, "every hour at :%02d", lowest(c->minutes));
    else if (count(c->minutes) == 1 && hours)
        buf_printf(b, "every %d hours at :%02d", hours, lowest(c->minutes));
    else {
        buf_lit(b, "at minute ");
        add_list(b, c->minutes, NULL);
    }
    if (!every_hour && !(count(c->minutes) == 1 && hours)) {
        buf_str(b, count(c->hours) == 1 ? " of hour " : " of hours ");
        add_list(b, c->hours, NULL);
    }
    return false;
}

void cron_describe(const struct cron *c, struct buf *out)
{
    static const char *const months[] = {"",        "January",  "February", "March",  "April",
                                         "May",     "June",     "July",     "August", "September",
                                         "October", "November", "December"};
    static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                           "Thursday", "Friday", "Saturday"};
    bool all_days = count(c->days) == 31, all_weekdays = count(c->weekdays) == 7;
    bool either = !c->any_day && !c->any_weekday;
    bool times = add_time(out, c);
    if ((all_days && all_weekdays) || (either && (all_days || all_weekdays))) {
        if (times)
            buf_lit(out, " every day");
    } else {
        if (!all_days) {
            buf_str(out, count(c->days) == 1 ? " on day " : " on days ");
            add_list(out, c->days, NULL);
            buf_lit(out, " of the month");
        }
        if (!all_weekdays) {
            buf_str(out, all_days ? " on " : either ? " or on " : " if it is ");
            add_list(out, c->weekdays, weekdays);
        }
    }
    if (count(c->months) < 12) {
        buf_lit(out, " in ");
        add_list(out, c->months, months);
    }
}
