#include "console/tui_query.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/detached.h"
#include "console/sql_access.h"
#include "console/sql_cancel.h"
#include "console/sql_complete.h"
#include "console/sql_error.h"
#include "console/sql_history.h"
#include "console/sql_reads.h"
#include "console/tui_saved.h"
#include "views/query_result.h"

enum {
    HISTORY_GIVEN = 500,
    CURSOR_WAIT_US = 300 * 1000000, /* an open cursor keeps a transaction on the server */
    CELL_MOST = 64 << 10,           /* bytes of a value on screen; exports have all of it */
    PATIENCE_US = 200000,
};

struct posted {
    struct posted *next;
    const char *method;
    json_t *params, *result;
    enum err code;
    char *text;
};

struct order { /* of the console to the thread; owned texts */
    int64_t run;
    char *sql;
    char *path; /* of an export; NULL: rows to the screen */
    bool source, read_only;
    bool expired; /* it may change no longer: an elevation has ended */
};

struct tui_query {
    pthread_mutex_t lock;
    pthread_cond_t wish;
    int wake[2];
    struct posted *first, **last;
    struct order order; /* sql NULL: none waits */
    bool more, canceled, end, away;
    struct sql_canceller *canceller; /* while the thread is there */
    int users;
    struct sql_places places;
    /* the console's own */
    struct sql_history *history;
    struct sql_completer *completer;
    bool completes_source;
    bool begun; /* the thread is there */
};

/* ---- answers ---- */

/* Under no lock. Takes params and result. */
static void post(struct tui_query *q, const char *method, json_t *params, json_t *result,
                 enum err code, const char *text)
{
    struct posted *p = calloc(1, sizeof *p);
    if (!p) {
        json_decref(params);
        json_decref(result);
        return;
    }
    *p = (struct posted){.method = method,
                         .params = params,
                         .result = result,
                         .code = code,
                         .text = strdup(text ? text : "")};
    (void)pthread_mutex_lock(&q->lock);
    *q->last = p;
    q->last = &p->next;
    (void)pthread_mutex_unlock(&q->lock);
    ssize_t n = write(q->wake[1], "a", 1);
    (void)n; /* full: it is readable already */
}

static void free_posted(struct posted *p)
{
    json_decref(p->params);
    json_decref(p->result);
    free(p->text);
    free(p);
}

void tui_query_step(struct tui_query *q, struct screen *s)
{
    char bytes[64];
    if (!q)
        return;
    while (read(q->wake[0], bytes, sizeof bytes) > 0)
        continue;
    (void)pthread_mutex_lock(&q->lock);
    struct posted *p = q->first;
    q->first = NULL;
    q->last = &q->first;
    (void)pthread_mutex_unlock(&q->lock);
    while (p) {
        struct posted *next = p->next;
        const struct answer a = {.method = p->method,
                                 .params = p->params,
                                 .code = p->code,
                                 .result = p->result,
                                 .text = p->text ? p->text : ""};
        screen_take_answer(s, &a, NULL);
        free_posted(p);
        p = next;
    }
}

/* ---- the thread: one order ---- */

struct job {
    struct tui_query *q;
    struct order order;
    struct sql_session *session;
    int n; /* columns */
    bool *numbers;
    json_t *columns; /* of the page to come; NULL: it is a further one */
    json_t *rows;
    size_t bytes;
    int64_t total;
    int64_t started_us;
    FILE *file; /* of an export */
    struct formatter *formatter;
    enum format format;
    char tag[64];
    int64_t affected; /* -1: not known */
    struct sql_note *note;
    bool changed; /* something ran that was no pure reader */
    char block;   /* the transaction that the statement runs in */
    struct buf notices;
};

static bool is_canceled(struct tui_query *q)
{
    (void)pthread_mutex_lock(&q->lock);
    bool yes = q->canceled || q->end;
    (void)pthread_mutex_unlock(&q->lock);
    return yes;
}

static json_t *run_param(const struct job *j)
{
    return json_pack("{s:I}", "run", (json_int_t)j->order.run);
}

/* Data need not be UTF-8. */
static json_t *text_json(const char *p, size_t n)
{
    struct buf b;
    json_t *t = json_stringn_nocheck(p, 0);
    buf_init(&b, 0);
    format_visible(&b, p, n > CELL_MOST ? CELL_MOST : n);
    if (!buf_failed(&b)) {
        json_decref(t);
        t = json_stringn(buf_cstr(&b), b.len);
    }
    buf_free(&b);
    return t ? t : json_string("?");
}

/* A page with how things stand: whether that may simply run again, the transaction that is open. */
static void post_state(const struct job *j, json_t *result, enum err code, const char *text)
{
    bool within = json_is_true(json_object_get(result, "more"));
    char block[2] = {within                              ? j->block
                     : j->session && code != ERR_CONNECT ? sql_session_block(j->session)
                                                         : '\0'};
    (void)json_object_set_new(result, "changed", json_boolean(j->changed));
    (void)json_object_set_new(result, "block", json_string(block));
    post(j->q, "query.page", run_param(j), result, code, text);
}

static void post_page(struct job *j, bool running, bool more, const char *words)
{
    json_t *result = json_pack("{s:o, s:b, s:b, s:s}", "rows", j->rows ? j->rows : json_array(),
                               "running", (int)running, "more", (int)more, "words", words);
    if (j->columns)
        (void)json_object_set_new(result, "columns", j->columns);
    j->columns = NULL;
    j->rows = json_array();
    j->bytes = 0;
    post_state(j, result, ERR_OK, NULL);
}

/* From here on a cancel hits what the session runs; false: one has come already. */
static bool watch(const struct job *j)
{
    sql_canceller_watch(j->q->canceller, j->session);
    return !is_canceled(j->q);
}

/* Until the next page is wanted. */
static enum err wait_for_more(struct job *j, struct errbuf *e)
{
    struct tui_query *q = j->q;
    const struct timespec until = clock_mono_after(CURSOR_WAIT_US);
    int rc = 0;
    sql_canceller_watch(q->canceller, NULL);
    (void)pthread_mutex_lock(&q->lock);
    while (!q->more && !q->canceled && !q->end && !q->order.sql && rc == 0)
        rc = pthread_cond_timedwait(&q->wish, &q->lock, &until);
    bool go = q->more && !q->canceled && !q->end && !q->order.sql;
    q->more = false;
    (void)pthread_mutex_unlock(&q->lock);
    if (go && !watch(j))
        return err_set(e, ERR_CANCELED, "canceled");
    if (go)
        return ERR_OK;
    return err_set(e, ERR_CANCELED,
                   rc ? "the rows waited for five minutes and were let go: run it again for more"
                      : "canceled");
}

static enum err on_columns(void *arg, const struct format_column *columns, int n, struct errbuf *e)
{
    struct job *j = arg;
    j->n = n;
    j->total = 0;
    if (j->file && n) {
        const struct format_options o = {.format = j->format};
        format_destroy(j->formatter);
        j->formatter = format_create(&o, j->file);
        return j->formatter ? format_begin(j->formatter, columns, n, e)
                            : err_set(e, ERR_NOMEM, "no memory for a result");
    }
    if (!n)
        return ERR_OK;
    json_decref(j->columns);
    json_decref(j->rows);
    j->rows = json_array();
    j->columns = json_array();
    j->bytes = 0;
    for (int i = 0; i < n; i++) {
        json_t *name = text_json(columns[i].name, strlen(columns[i].name));
        if (json_array_append_new(j->columns, json_pack("{s:o, s:b}", "name", name, "number",
                                                        (int)(columns[i].type == FORMAT_NUMBER))))
            return err_set(e, ERR_NOMEM, "no memory for a result");
    }
    return ERR_OK;
}

static enum err on_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    struct job *j = arg;
    j->total++;
    if (j->total % QUERY_PAGE_ROWS == 0 && is_canceled(j->q))
        return err_set(e, ERR_CANCELED, "canceled");
    if (j->file)
        return format_row(j->formatter, cells, e);
    if (json_array_size(j->rows) >= QUERY_PAGE_ROWS || j->bytes >= QUERY_PAGE_BYTES) {
        post_page(j, false, true, "");
        enum err r = wait_for_more(j, e);
        if (r)
            return r;
    }
    json_t *row = json_array();
    for (int i = 0; i < j->n; i++) {
        bool text = cells[i].kind == CELL_TEXT;
        (void)json_array_append_new(row, text ? text_json(cells[i].p, cells[i].len) : json_null());
        j->bytes += text ? cells[i].len + sizeof(void *) : sizeof(void *);
    }
    return json_array_append_new(j->rows, row) ? err_set(e, ERR_NOMEM, "no memory for a result")
                                               : ERR_OK;
}

static enum err on_done(void *arg, const char *sql, int64_t affected, struct errbuf *e)
{
    struct job *j = arg;
    char word[32];
    j->affected = j->n ? j->total : affected;
    if (j->n)
        return j->file ? format_end(j->formatter, e) : ERR_OK;
    (void)sql_word(sql, word, sizeof word);
    if (affected >= 0 && strcmp(word, "CREATE") != 0 && strcmp(word, "DROP") != 0)
        (void)snprintf(j->tag, sizeof j->tag, "%s %lld, ", word, (long long)affected);
    else
        (void)snprintf(j->tag, sizeof j->tag, "%s, ", word);
    return ERR_OK;
}

static void on_notice(void *arg, const char *text)
{
    struct job *j = arg;
    buf_str(&j->notices, text);
}

/* ---- the thread: its session ---- */

struct place {
    struct sql_session *session; /* NULL: none yet */
    bool source;
    struct sql_note note;
};

static void forget_session(struct place *at)
{
    sql_note_close(&at->note); /* what is open is rolled back */
    sql_session_close(at->session);
    at->session = NULL;
}

/* Only what reads, where the console only looks and in an export. */
static enum err check_read_only(const struct job *j, const char *sql, struct errbuf *e)
{
    char word[64];
    if (!j->order.read_only && !j->order.path)
        return ERR_OK;
    if (sql_only_reads(sql, word, sizeof word) ||
        (sql_session_block(j->session) && !strcmp(word, "ROLLBACK")))
        return ERR_OK;
    if (j->order.path)
        return err_set(
            e, ERR_UNSUPPORTED,
            "%s: an export runs the query again, so only what reads is exported: put the "
            "rows into a table and export a SELECT of it",
            *word ? word : "this statement");
    return err_set(e, ERR_UNSUPPORTED, "%s: this console only reads now (E elevates)",
                   *word ? word : "this statement");
}

/*
 * A transaction that the person has begun keeps the access it began with: nothing that only reads
 * may run in one that can write. That of an elevation which has ended is rolled back, since nobody
 * here could commit it.
 */
static enum err check_block(const struct job *j, const char *sql, struct errbuf *e)
{
    char word[32];
    (void)sql_word(sql, word, sizeof word);
    if (!sql_session_block(j->session) || (!j->order.read_only && !j->order.path) ||
        !strcmp(word, "ROLLBACK"))
        return ERR_OK;
    if (!j->order.expired)
        return err_set(e, ERR_UNSUPPORTED,
                       j->order.path ? "a transaction is open: COMMIT or ROLLBACK it, then export"
                                     : "a transaction is open and this console only reads now: "
                                       "ROLLBACK ends it");
    enum err r = sql_session_run(j->session, "ROLLBACK", sql_access_nothing(),
                                 e); /* as it was begun: in text */
    return r ? r
             : err_set(
                   e, ERR_UNSUPPORTED,
                   "the elevation has ended: the transaction that was open was rolled back, and "
                   "this did not run");
}

static enum err run_one(struct job *j, const char *sql, struct errbuf *e)
{
    const struct sql_sink sink = {on_columns, on_row, on_done, j};
    enum err r = check_block(j, sql, e);
    if (!r)
        r = check_read_only(j, sql, e);
    if (!r && !sql_session_block(j->session))
        r = sql_access_set(j->session, j->order.read_only || j->order.path, e);
    j->block = sql_session_block(j->session);
    if (!r)
        j->changed = j->changed || !sql_is_pure_reader(sql);
    if (r)
        return r;
    j->affected = -1;
    r = sql_session_run(j->session, sql, &sink, e);
    sql_note_ran(j->note, sql, r, j->affected, sql_session_block(j->session) != 0);
    return r;
}

static enum err run_all(struct job *j, struct buf *sql, struct errbuf *e)
{
    struct sql_splitter s;
    enum err r = ERR_OK;
    sql_splitter_init(&s);
    sql_splitter_add(&s, j->order.sql, strlen(j->order.sql));
    buf_clear(sql);
    while (!r && sql_splitter_next(&s, true, sql)) {
        r = run_one(j, buf_cstr(sql), e);
        if (!r)
            buf_clear(sql);
    }
    sql_splitter_free(&s);
    return r;
}

static enum err open_file(struct job *j, struct errbuf *e)
{
    static const struct {
        const char *ending;
        enum format format;
    } endings[] = {{".csv", FORMAT_CSV},
                   {".json", FORMAT_JSON},
                   {".jsonl", FORMAT_JSONL},
                   {".md", FORMAT_MARKDOWN},
                   {".tsv", FORMAT_TSV}};
    const char *ending = strrchr(j->order.path, '.');
    size_t i = 0;
    while (i < sizeof endings / sizeof endings[0] &&
           (!ending || strcmp(ending, endings[i].ending) != 0))
        i++;
    if (i == sizeof endings / sizeof endings[0])
        return err_set(e, ERR_USAGE,
                       "\"%s\": the name has to end in .csv, .json, .jsonl, .md or "
                       ".tsv",
                       j->order.path);
    j->format = endings[i].format;
    int fd = open(j->order.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    j->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    return j->file ? ERR_OK : err_errno(e, ERR_IO, "%s", j->order.path);
}

static void say_end(struct job *j, enum err r, const struct buf *sql, const struct errbuf *e)
{
    struct buf words;
    double took = (double)(clock_mono_us() - j->started_us) / 1e6;
    buf_init(&words, 1 << 16);
    if (r) {
        if (*e->sqlstate && r != ERR_CONNECT)
            sql_error_explain(buf_cstr((struct buf *)sql), sql_session_position(j->session),
                              e->text, &words);
        else
            buf_str(&words, e->text);
        post_state(j, json_object(), r, buf_cstr(&words));
        buf_free(&words);
        return;
    }
    if (j->notices.len)
        format_visible_lines(&words, buf_cstr(&j->notices));
    if (j->file)
        buf_printf(&words, "written: %s, %lld rows, %.2f s", j->order.path, (long long)j->total,
                   took);
    else if (j->n)
        buf_printf(&words, "%s%lld row%s, %.2f s", j->tag, (long long)j->total,
                   j->total == 1 ? "" : "s", took);
    else
        buf_printf(&words, "%s%.2f s", j->tag, took);
    if (j->file) {
        json_t *result = json_pack("{s:b, s:s}", "running", 0, "words", buf_cstr(&words));
        post_state(j, result, ERR_OK, NULL);
    } else {
        if (!j->n && !j->columns)
            j->columns = json_array(); /* no rows are on screen that are not this one's */
        post_page(j, false, false, buf_cstr(&words));
    }
    buf_free(&words);
}

static void do_order(struct tui_query *q, struct order *order, struct place *at)
{
    struct job j = {.q = q,
                    .order = *order,
                    .note = &at->note,
                    .started_us = clock_mono_us(),
                    .rows = json_array()};
    struct errbuf e;
    struct buf sql;
    enum err r = ERR_OK;
    err_clear(&e);
    buf_init(&sql, 0);
    buf_init(&j.notices, 1 << 14);
    if (at->session && at->source != order->source)
        forget_session(at);
    if (!at->session)
        r = q->places.open(q->places.arg, order->source, &at->session, &e);
    at->source = at->note.source = order->source;
    j.session = at->session;
    if (!r && !watch(&j)) /* while we connected */
        r = err_set(&e, ERR_CANCELED, "canceled");
    if (at->session)
        sql_session_on_notice(at->session, on_notice, &j);
    if (!r && order->path)
        r = open_file(&j, &e);
    if (!r)
        r = run_all(&j, &sql, &e);
    if (j.file && fclose(j.file) != 0 && !r)
        r = err_errno(&e, ERR_IO, "%s", order->path);
    if (j.file && r) /* half a file is none */
        (void)unlink(order->path);
    sql_canceller_watch(q->canceller, NULL);
    format_destroy(j.formatter);
    say_end(&j, r, &sql, &e);
    if (r == ERR_CONNECT && at->session)
        forget_session(at);
    json_decref(j.rows);
    json_decref(j.columns);
    buf_free(&j.notices);
    buf_free(&sql);
}

static void free_order(struct order *o)
{
    free(o->sql);
    free(o->path);
    *o = (struct order){.sql = NULL};
}

static void leave(struct tui_query *q)
{
    (void)pthread_mutex_lock(&q->lock);
    bool last = --q->users == 0;
    (void)pthread_mutex_unlock(&q->lock);
    if (!last)
        return;
    for (struct posted *p = q->first, *next; p; p = next) {
        next = p->next;
        free_posted(p);
    }
    free_order(&q->order);
    (void)close(q->wake[0]);
    (void)close(q->wake[1]);
    (void)pthread_cond_destroy(&q->wish);
    (void)pthread_mutex_destroy(&q->lock);
    free(q);
}

static void *work(void *arg)
{
    struct tui_query *q = arg;
    struct place at = {.session = NULL};
    sql_note_init(&at.note, q->places.engine, false);
    (void)pthread_mutex_lock(&q->lock);
    while (!q->end) {
        if (!q->order.sql) {
            (void)pthread_cond_wait(&q->wish, &q->lock);
            continue;
        }
        struct order order = q->order;
        q->order = (struct order){.sql = NULL};
        q->more = q->canceled = false;
        (void)pthread_mutex_unlock(&q->lock);
        do_order(q, &order, &at);
        free_order(&order);
        (void)pthread_mutex_lock(&q->lock);
    }
    struct sql_canceller *canceller = q->canceller;
    q->canceller = NULL;
    (void)pthread_mutex_unlock(&q->lock);
    sql_canceller_stop(canceller);
    forget_session(&at);
    (void)pthread_mutex_lock(&q->lock);
    q->away = true;
    (void)pthread_cond_broadcast(&q->wish);
    (void)pthread_mutex_unlock(&q->lock);
    leave(q);
    return NULL;
}

/* ---- the console's side ---- */

struct tui_query *tui_query_open(const struct sql_places *places, struct errbuf *e)
{
    pthread_condattr_t monotonic;
    struct tui_query *q = calloc(1, sizeof *q);
    if (!q || pipe2(q->wake, O_CLOEXEC | O_NONBLOCK)) {
        free(q);
        (void)err_set(e, ERR_NOMEM, "no memory for queries");
        return NULL;
    }
    q->places = *places;
    q->users = 1;
    q->last = &q->first;
    (void)pthread_mutex_init(&q->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&q->wish, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return q;
}

static void say_stuck(void *arg, const char *text)
{
    post(arg, "query.stuck", NULL, NULL, ERR_OK, text);
}

/* At the first query: a console that asks nothing connects to nothing. */
static bool begin(struct tui_query *q)
{
    if (q->begun)
        return true;
    q->canceller = sql_canceller_start(say_stuck, q);
    if (!q->canceller)
        return false;
    q->users++;
    q->begun = detached_start(work, q);
    if (!q->begun) {
        q->users--;
        sql_canceller_stop(q->canceller);
        q->canceller = NULL;
    }
    return q->begun;
}

bool tui_query_close(struct tui_query *q)
{
    if (!q)
        return true;
    const struct timespec until = clock_mono_after(PATIENCE_US);
    bool completer_gone = sql_completer_stop(q->completer);
    sql_history_close(q->history);
    (void)pthread_mutex_lock(&q->lock);
    q->end = true;
    if (q->canceller)
        sql_canceller_ask(q->canceller);
    (void)pthread_cond_broadcast(&q->wish);
    while (q->begun && !q->away && pthread_cond_timedwait(&q->wish, &q->lock, &until) == 0)
        continue;
    bool gone = completer_gone && (!q->begun || q->away);
    (void)pthread_mutex_unlock(&q->lock);
    leave(q);
    return gone;
}

int tui_query_fd(const struct tui_query *q)
{
    return q ? q->wake[0] : -1;
}

static const char *text_of(const json_t *params, const char *name)
{
    const char *s = json_string_value(json_object_get(params, name));
    return s ? s : "";
}

static int64_t int_of(const json_t *params, const char *name)
{
    return json_integer_value(json_object_get(params, name));
}

static void answer(struct screen *s, const char *method, const json_t *params, json_t *result,
                   enum err code, const char *text)
{
    const struct answer a = {
        .method = method, .params = params, .code = code, .result = result, .text = text};
    screen_take_answer(s, &a, NULL);
    json_decref(result);
}

static void open_history(struct tui_query *q)
{
    struct errbuf e;
    err_clear(&e);
    if (!q->history)
        q->history = sql_history_open(NULL, &e); /* that it is not kept is for the REPL to say */
}

static void give_history(struct tui_query *q, struct screen *s)
{
    json_t *list = json_array();
    size_t n = q->history ? sql_history_n(q->history) : 0;
    for (size_t i = n > HISTORY_GIVEN ? n - HISTORY_GIVEN : 0; i < n; i++)
        (void)json_array_append_new(list, json_string(sql_history_get(q->history, i)));
    answer(s, "query.history", NULL, list, ERR_OK, "");
}

static void order(struct tui_query *q, struct screen *s, const json_t *params)
{
    const char *path = text_of(params, "path");
    if (!begin(q)) {
        answer(s, "query.page", params, json_pack("{s:b}", "changed", 0), ERR_NOMEM,
               "no thread for a query");
        return;
    }
    (void)pthread_mutex_lock(&q->lock);
    free_order(&q->order);
    q->order = (struct order){.run = int_of(params, "run"),
                              .sql = strdup(text_of(params, "sql")),
                              .path = *path ? strdup(path) : NULL,
                              .source = json_is_true(json_object_get(params, "source")),
                              .read_only = json_is_true(json_object_get(params, "read_only")),
                              .expired = json_is_true(json_object_get(params, "expired"))};
    (void)pthread_cond_broadcast(&q->wish);
    (void)pthread_mutex_unlock(&q->lock);
    open_history(q);
    if (q->history && !*path)
        (void)sql_history_add(q->history, text_of(params, "sql"));
    give_history(q, s);
}

static void wish(struct tui_query *q, bool more)
{
    (void)pthread_mutex_lock(&q->lock);
    q->more = q->more || more;
    q->canceled = q->canceled || !more;
    if (!more && q->canceller)
        sql_canceller_ask(q->canceller);
    (void)pthread_cond_broadcast(&q->wish);
    (void)pthread_mutex_unlock(&q->lock);
}

/* Names are read at the first Tab, and again at each one on the other side. */
static void complete(struct tui_query *q, struct screen *s, const json_t *params)
{
    struct sql_matches m;
    bool source = json_is_true(json_object_get(params, "source"));
    const char *text = text_of(params, "text");
    size_t point = (size_t)int_of(params, "point");
    if (!q->completer)
        q->completer = sql_completer_start(&q->places, source);
    else if (q->completes_source != source)
        sql_completer_switch(q->completer, source);
    q->completes_source = source;
    const struct sql_words *words = sql_completer_words(q->completer);
    sql_complete(words, NULL, text, point <= strlen(text) ? point : strlen(text), &m);
    sql_words_release(words);
    json_t *items = json_array();
    for (size_t i = 0; i < m.n; i++)
        (void)json_array_append_new(items, json_string(m.items[i]));
    json_t *result = json_pack("{s:I, s:o, s:s%}", "start", (json_int_t)m.start, "items", items,
                               "common", m.n ? m.items[0] : "", sql_matches_common(&m));
    sql_matches_free(&m);
    answer(s, "query.complete", params, result, ERR_OK, "");
}

static void list_saved(struct tui_query *q, struct screen *s)
{
    json_t *list = tui_saved_list();
    open_history(q);
    for (size_t i = q->history ? sql_history_n(q->history) : 0; i-- > 0;) {
        if (json_array_size(list) >= HISTORY_GIVEN)
            break;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s}", "name", "", "text", sql_history_get(q->history, i)));
    }
    answer(s, "query.list", NULL, list, ERR_OK, "");
}

static void save(struct screen *s, const json_t *params)
{
    char path[USER_PATH_MAX];
    struct errbuf e;
    err_clear(&e);
    enum err r = tui_saved_save(text_of(params, "name"), text_of(params, "sql"), path, &e);
    answer(s, "query.save", params, r ? NULL : json_pack("{s:s}", "path", path), r, e.text);
}

void tui_query_call(struct tui_query *q, struct screen *s, const struct effect *effect)
{
    const char *method = effect->method;
    if (!q) {
        bool runs = !strcmp(method, "query.run") || !strcmp(method, "query.export");
        answer(s, runs ? "query.page" : method, effect->params, json_pack("{s:b}", "changed", 0),
               ERR_CONFIG,
               "queries need the configuration's warehouse: start the console with --config");
        return;
    }
    if (!strcmp(method, "query.run") || !strcmp(method, "query.export"))
        order(q, s, effect->params);
    else if (!strcmp(method, "query.more") || !strcmp(method, "query.cancel"))
        wish(q, !strcmp(method, "query.more"));
    else if (!strcmp(method, "query.complete"))
        complete(q, s, effect->params);
    else if (!strcmp(method, "query.list"))
        list_saved(q, s);
    else if (!strcmp(method, "query.save"))
        save(s, effect->params);
}
