#include "console/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/postgres/replication.h"
#include "console/exit_codes.h"
#include "console/output_end.h"
#include "views/grid.h"

int report_error(const char *command, const struct errbuf *e)
{
    if (!output_unheard())
        (void)fprintf(stderr, "flightdeck %s: %s\n", command, e->text);
    return exit_code_of(e->code);
}

/* The server was reached, and refuses this user, password or database. By the SQLSTATE, or by the
 * server's words where a driver gives all failures of a connection one SQLSTATE. */
static bool refused_by_server(const struct errbuf *e)
{
    static const char *const words[] = {"authentication failed", "FATAL:  database \"",
                                        "FATAL:  role \"", "no pg_hba.conf entry"};
    bool found = !strncmp(e->sqlstate, "28", 2) || !strcmp(e->sqlstate, "3D000");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        found |= strstr(e->text, words[i]) != NULL;
    return found;
}

int report_failure(const char *command, const char *file, const struct errbuf *e)
{
    int code = report_error(command, e);
    if (e->code != ERR_CONNECT)
        return code;
    if (refused_by_server(e))
        (void)fprintf(stderr, "  user, password and database come from %s\n", file);
    else
        (void)fprintf(stderr,
                      "  see that this server runs and can be reached from here; its address comes "
                      "from %s\n",
                      file);
    return code;
}

static void round_numbers(json_t *j)
{
    const double places = 1e3;
    const char *key;
    json_t *v;
    size_t i;
    if (json_is_real(j))
        (void)json_real_set(j, round(json_real_value(j) * places) / places);
    json_object_foreach(j, key, v)
    {
        round_numbers(v);
    }
    json_array_foreach(j, i, v)
    {
        round_numbers(v);
    }
}

enum err report_json(const json_t *j, size_t flags, FILE *out, struct errbuf *e)
{
    enum { DIGITS = 15 }; /* what a double holds for sure: 17 show its binary rest */
    json_t *copy = json_deep_copy(j);
    if (!copy)
        return err_set(e, ERR_NOMEM, "no memory for the output");
    round_numbers(copy);
    int failed = json_dumpf(copy, out, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS));
    json_decref(copy);
    if (failed || fputc('\n', out) == EOF || fflush(out) != 0)
        return err_errno(e, ERR_IO, "the output cannot be written");
    return ERR_OK;
}

char *report_number(int64_t v, char *out)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, v < 0 ? -v : v);
    char *p = out;
    if (v < 0)
        *p++ = '-';
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}

static const char *outcome_words[] = {[VERIFY_SAME] = "same",
                                      [VERIFY_DIFFERS] = "DIFFERS",
                                      [VERIFY_NO_SINK] = "NO SINK",
                                      [VERIFY_STALE] = "stale",
                                      [VERIFY_NOT_MADE] = "not made yet"};

/* "raw.postgres_public_flights"; "-" without a sink. */
static char *raw_name(const struct verify_table *t, char *out, size_t n)
{
    if (*t->raw_table)
        (void)snprintf(out, n, "%s.%s", t->raw_schema, t->raw_table);
    else
        (void)snprintf(out, n, "-");
    return out;
}

static void widen(int *width, const char *text)
{
    int n = text_width(text, false);
    if (n > *width)
        *width = n;
}

/* What "%-*s" takes for that many columns: it counts octets. */
static int octets_of(int columns, const char *text)
{
    return columns + (int)strlen(text) - text_width(text, false);
}

/* What the columns of a block are called: tables of the source, views of the model, marts. */
struct block {
    const char *name, *table, *left, *right; /* "table", "raw table", "source", "raw" */
};
static const struct block source_and_raw = {"table", "raw table", "source", "raw"};
static const struct block raw_and_view = {"view", "raw table", "raw", "view"};
static const struct block source_and_mart = {"mart", "table", "source", "mart"};

static void print_differences(const struct block *k, const struct verify_table *t, FILE *out)
{
    if (t->outcome != VERIFY_DIFFERS)
        return;
    if (t->doubled)
        (void)fprintf(out,
                      "  %s: %" PRId64 " %s in raw more than once; the first: partition %d, offset "
                      "%" PRId64 "\n",
                      t->name, t->doubled, t->doubled == 1 ? "record is" : "records are",
                      (int)t->doubled_partition, t->doubled_offset);
    if (!t->differing)
        return;
    if (t->differing < 0)
        (void)fprintf(out, "  %s: too many keys differ to count; the first %d:\n", t->name,
                      t->n_differences);
    else
        (void)fprintf(out, "  %s: %" PRId64 " keys differ%s\n", t->name, t->differing,
                      t->differing > t->n_differences ? "; the first 20:" : ":");
    if (t->not_a_number)
        (void)fprintf(
            out,
            "  %s: at %" PRId64 " of them it is NaN or infinity alone, which came as NULL: "
            "decimal.handling.mode=precise has no form for these, string has (docs/events.md)\n",
            t->name, t->not_a_number);
    for (int i = 0; i < t->n_differences; i++) {
        const struct verify_difference *d = &t->differences[i];
        (void)fprintf(out, "    key %s\n      %-6s  %s\n      %-6s  %s\n", d->key, k->left,
                      d->source_row ? d->source_row : "(no such row)", k->right,
                      d->raw_row ? d->raw_row : "(no such row)");
    }
}

static bool was_compared(const struct verify_table *t)
{
    return t->outcome == VERIFY_SAME || t->outcome == VERIFY_DIFFERS;
}

/* One line of a block; what was not compared has no figures. */
static void print_table(const struct verify_table *t, int width, int raw_width, int rows_width,
                        FILE *out)
{
    char raw[2 * VERIFY_NAME_MAX];
    char a[32] = "-";
    char b[32] = "-";
    char sum[20] = "-";
    char seconds[32] = "-";
    (void)raw_name(t, raw, sizeof raw);
    if (was_compared(t)) {
        (void)report_number(t->source_rows, a);
        (void)report_number(t->raw_rows, b);
        (void)snprintf(sum, sizeof sum, "%016" PRIx64, t->source_sum);
        (void)snprintf(seconds, sizeof seconds, "%.2f", t->seconds);
    }
    (void)fprintf(out, "  %-*s  %-*s  %*s  %*s  %-16s %7s  %s%s%s\n", octets_of(width, t->name),
                  t->name, octets_of(raw_width, raw), raw, rows_width, a, rows_width, b, sum,
                  seconds, outcome_words[t->outcome], t->outcome == VERIFY_STALE ? " since " : "",
                  t->since);
    if (t->left_out && t->left_out[0])
        (void)fprintf(out, "  %-*s  not compared: %s\n", width, "", t->left_out);
}

static void print_block(const struct block *k, const struct verify_table *tables, int n, FILE *out)
{
    char raw[2 * VERIFY_NAME_MAX];
    char a[32];
    int width = (int)strlen(k->name);
    int raw_width = (int)strlen(k->table);
    int rows_width = (int)strlen("source rows");
    for (int i = 0; i < n; i++) {
        const struct verify_table *t = &tables[i];
        widen(&width, t->name);
        widen(&raw_width, raw_name(t, raw, sizeof raw));
        widen(&rows_width, report_number(t->source_rows, a));
        widen(&rows_width, report_number(t->raw_rows, a));
    }
    (void)fprintf(out, "  %-*s  %-*s  %*s rows  %*s rows  %-16s %7s  %s\n", width, k->name,
                  raw_width, k->table, rows_width - 5, k->left, rows_width - 5, k->right,
                  "checksum", "seconds", "result");
    for (int i = 0; i < n; i++)
        print_table(&tables[i], width, raw_width, rows_width, out);
    for (int i = 0; i < n; i++)
        print_differences(k, &tables[i], out);
}

/* Marts that are behind or were never made: "2 marts were not compared: a (stale), ..". */
static int print_not_compared(const struct verify_report *r, FILE *out)
{
    int n = 0;
    int named = 0;
    for (int i = 0; i < r->n_marts; i++)
        n += !was_compared(&r->marts[i]);
    if (n)
        (void)fprintf(out, "%d %s not compared: ", n, n == 1 ? "mart was" : "marts were");
    for (int i = 0; i < r->n_marts; i++)
        if (!was_compared(&r->marts[i]))
            (void)fprintf(out, "%s%s (%s)", named++ ? ", " : "", r->marts[i].name,
                          outcome_words[r->marts[i].outcome]);
    if (n)
        (void)fprintf(out, "\n");
    return n;
}

void report_verify_text(const struct verify_report *r, FILE *out)
{
    char lsn[LSN_TEXT_MAX];
    (void)fprintf(out, "verify: source and raw as of %s (arrived after %.1f s)\n",
                  lsn_format(r->lsn, lsn), r->waited_seconds);
    print_block(&source_and_raw, r->tables, r->n, out);
    if (r->n_views) {
        (void)fprintf(out, "verify: raw and the model's views\n");
        print_block(&raw_and_view, r->views, r->n_views, out);
    }
    if (r->n_marts) {
        (void)fprintf(out, "verify: source and marts\n");
        print_block(&source_and_mart, r->marts, r->n_marts, out);
    }
    if (r->unseen)
        (void)fprintf(out, "not compared, as they are of other sources: the tables of %s\n",
                      r->unseen);
    bool all = !print_not_compared(r, out) && !r->unseen;
    (void)fprintf(out, "%s\n",
                  !r->same ? "DATA DIFFER"
                  : all    ? "all tables are the same"
                           : "the tables that were compared are the same");
}

static json_t *table_json(const struct verify_table *t)
{
    char source[20];
    char raw[20];
    (void)snprintf(source, sizeof source, "%016" PRIx64, t->source_sum);
    (void)snprintf(raw, sizeof raw, "%016" PRIx64, t->raw_sum);
    json_t *differences = json_array();
    for (int i = 0; i < t->n_differences; i++)
        (void)json_array_append_new(
            differences, json_pack("{s:s, s:s?, s:s?}", "key", t->differences[i].key, "source",
                                   t->differences[i].source_row, "raw", t->differences[i].raw_row));
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:o, s:s, s:f}",
                     "table", t->name, "raw_schema", t->raw_schema, "raw_table", t->raw_table,
                     "result", outcome_words[t->outcome], "source_rows", (json_int_t)t->source_rows,
                     "raw_rows", (json_int_t)t->raw_rows, "source_checksum", source, "raw_checksum",
                     raw, "differing", (json_int_t)t->differing, "not_a_number",
                     (json_int_t)t->not_a_number, "doubled", (json_int_t)t->doubled, "differences",
                     differences, "not_compared", t->left_out ? t->left_out : "", "seconds",
                     t->seconds);
}

/* The same with the names that fit: the view and raw. */
static json_t *view_json(const struct verify_table *t)
{
    char raw[20];
    char view[20];
    (void)snprintf(raw, sizeof raw, "%016" PRIx64, t->source_sum);
    (void)snprintf(view, sizeof view, "%016" PRIx64, t->raw_sum);
    json_t *differences = json_array();
    for (int i = 0; i < t->n_differences; i++)
        (void)json_array_append_new(differences,
                                    json_pack("{s:s, s:s?, s:s?}", "key", t->differences[i].key,
                                              "raw", t->differences[i].source_row, "view",
                                              t->differences[i].raw_row));
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:o, s:s, s:f}", "view",
                     t->name, "raw_schema", t->raw_schema, "raw_table", t->raw_table, "result",
                     outcome_words[t->outcome], "raw_rows", (json_int_t)t->source_rows, "view_rows",
                     (json_int_t)t->raw_rows, "raw_checksum", raw, "view_checksum", view,
                     "differing", (json_int_t)t->differing, "differences", differences,
                     "not_compared", t->left_out ? t->left_out : "", "seconds", t->seconds);
}

static json_t *mart_json(const struct verify_table *t)
{
    char source[20];
    char mart[20];
    char table[2 * VERIFY_NAME_MAX];
    (void)snprintf(source, sizeof source, "%016" PRIx64, t->source_sum);
    (void)snprintf(mart, sizeof mart, "%016" PRIx64, t->raw_sum);
    json_t *differences = json_array();
    for (int i = 0; i < t->n_differences; i++)
        (void)json_array_append_new(differences,
                                    json_pack("{s:s, s:s?, s:s?}", "key", t->differences[i].key,
                                              "source", t->differences[i].source_row, "mart",
                                              t->differences[i].raw_row));
    return json_pack("{s:s, s:s, s:s, s:s?, s:I, s:I, s:s, s:s, s:I, s:o, s:f}", "mart", t->name,
                     "table", raw_name(t, table, sizeof table), "result", outcome_words[t->outcome],
                     "stale_since", *t->since ? t->since : NULL, "source_rows",
                     (json_int_t)t->source_rows, "mart_rows", (json_int_t)t->raw_rows,
                     "source_checksum", source, "mart_checksum", mart, "differing",
                     (json_int_t)t->differing, "differences", differences, "seconds", t->seconds);
}

json_t *report_verify(const struct verify_report *r)
{
    char lsn[LSN_TEXT_MAX];
    json_t *tables = json_array();
    json_t *views = json_array();
    json_t *marts = json_array();
    for (int i = 0; i < r->n; i++)
        (void)json_array_append_new(tables, table_json(&r->tables[i]));
    for (int i = 0; i < r->n_views; i++)
        (void)json_array_append_new(views, view_json(&r->views[i]));
    for (int i = 0; i < r->n_marts; i++)
        (void)json_array_append_new(marts, mart_json(&r->marts[i]));
    return json_pack("{s:b, s:s, s:f, s:o, s:o, s:o, s:s?}", "same", r->same, "lsn",
                     lsn_format(r->lsn, lsn), "waited_seconds", r->waited_seconds, "tables", tables,
                     "views", views, "marts", marts, "sources_not_compared", r->unseen);
}

/* "dwh.load", "airports_traffic, 29 runs". */
static char *task_name(const struct engine_refresh_task *t, char *out, size_t n)
{
    if (t->task[0])
        (void)snprintf(out, n, "%s.%s", t->dag, t->task);
    else
        (void)snprintf(out, n, "%s, %d runs", t->dag, t->runs);
    return out;
}

void report_refresh_text(const struct engine_refresh_report *r, FILE *out)
{
    char name[256];
    char rows[32];
    int width = (int)strlen("task");
    if (!r->n)
        return;
    for (int i = 0; i < r->n; i++)
        widen(&width, task_name(&r->items[i], name, sizeof name));
    (void)fprintf(out, "refresh:\n  %-*s %14s %9s  %s\n", width, "task", "rows", "seconds",
                  "result");
    for (int i = 0; i < r->n; i++) {
        const struct engine_refresh_task *t = &r->items[i];
        (void)task_name(t, name, sizeof name);
        (void)fprintf(out, "  %-*s %14s %9.2f  %s%s%s\n", octets_of(width, name), name,
                      t->rows < 0 ? "-" : report_number(t->rows, rows), t->seconds,
                      task_instance_state_word(t->state), t->reason[0] ? ": " : "", t->reason);
    }
}

/* One line a test, under the task that ran them. */
static void print_tests(const struct engine_refresh_task *t, FILE *out)
{
    if (t->n_lines)
        (void)fprintf(out, "tests of %s:\n", t->dag);
    for (int i = 0; i < t->n_lines; i++)
        (void)fprintf(out, "  %s\n", t->lines[i]);
}

void report_tests_text(const struct engine_refresh_report *r, FILE *out)
{
    for (int i = 0; i < r->n; i++)
        print_tests(&r->items[i], out);
}

static json_t *refresh_json(const struct engine_refresh_task *t)
{
    json_t *tests = json_array();
    for (int i = 0; i < t->n_lines; i++)
        (void)json_array_append_new(tests, json_string(t->lines[i]));
    return json_pack("{s:s, s:s, s:I, s:i, s:s, s:o, s:f, s:s, s:o}", "dag", t->dag, "task",
                     t->task, "run", (json_int_t)t->run, "runs", t->runs, "state",
                     task_instance_state_word(t->state), "rows",
                     t->rows < 0 ? json_null() : json_integer(t->rows), "seconds", t->seconds,
                     "reason", t->reason, "tests", tests);
}

json_t *report_refresh(const struct engine_refresh_report *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->n; i++)
        (void)json_array_append_new(list, refresh_json(&r->items[i]));
    return list;
}

void report_stages_text(const struct report_stage *s, int n, FILE *out)
{
    char rows[32];
    char rate[32];
    (void)fprintf(out, "  %-10s %14s %9s %12s\n", "stage", "rows", "seconds", "rows/s");
    for (int i = 0; i < n; i++)
        (void)fprintf(out, "  %-10s %14s %9.2f %12s\n", s[i].name, report_number(s[i].rows, rows),
                      s[i].seconds,
                      s[i].seconds > 0
                          ? report_number((int64_t)((double)s[i].rows / s[i].seconds), rate)
                          : "-");
}
