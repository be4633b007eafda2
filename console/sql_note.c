#include "console/sql_note.h"

#include <ctype.h>
#include <string.h>

#include <jansson.h>

#include "backend/base/clock.h"
#include "backend/serve/client.h"
#include "console/sql_block.h"
#include "console/sql_history.h"
#include "console/sql_lexer.h"
#include "console/sql_reads.h"

enum {
    TEXT_MAX = 400,
    ANSWER_MS = 500,
    QUIET_US = 30 * 1000000,
    AT_ONCE = 20, /* then one a second */
};

void sql_note_init(struct sql_note *n, const char *engine, bool source)
{
    *n = (struct sql_note){.engine = engine ? engine : "",
                           .source = source,
                           .tokens = AT_ONCE * 1000,
                           .filled_us = clock_mono_us()};
}

/* ---- words ---- */

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(word, *list))
            return true;
    return false;
}

/* On one line, cut between characters. */
static void add_text(struct buf *out, const char *sql)
{
    size_t n = 0;
    bool gap = false;
    const char *p = sql_start(sql);
    for (; *p; p++) {
        bool space = isspace((unsigned char)*p) != 0;
        if (n >= TEXT_MAX && ((unsigned char)*p & 0xc0) != 0x80)
            break;
        if (gap && !space)
            buf_ch(out, ' ');
        if (!space)
            buf_ch(out, *p);
        gap = space && n > 0;
        n++;
    }
    if (*p)
        buf_lit(out, " ..");
}

/* The end of a transaction that has changed something. */
static bool end_words(struct sql_note *n, const char *word, bool back, enum err rc, bool open,
                      struct buf *out)
{
    bool tell = n->changed && !open;
    if (tell && rc == ERR_CONNECT)
        buf_printf(out, "%s: the connection was lost, it may be done", word);
    else if (tell)
        buf_str(out,
                back || n->failed || rc ? "ROLLBACK: what it had changed is undone" : "COMMIT");
    if (!open)
        n->changed = n->failed = false;
    return tell;
}

/* Back to a savepoint, which it has survived: how it ends is open again. */
static bool savepoint_words(struct sql_note *n, const char *sql, enum err rc, bool open,
                            struct buf *out)
{
    bool tell = n->changed && !rc;
    if (tell) {
        add_text(out, sql);
        buf_lit(out, ": what it had changed since then is undone");
    }
    n->failed = open && rc;
    return tell;
}

bool sql_note_words(struct sql_note *n, const char *sql, enum err rc, int64_t rows, bool open,
                    struct buf *out)
{
    static const char *const others[] = {"BEGIN",     "START",   "SET", "RESET",
                                         "SAVEPOINT", "RELEASE", "",    NULL};
    static const char *const counted[] = {"INSERT", "UPDATE", "DELETE", "MERGE",
                                          "COPY",   "SELECT", "WITH",   NULL};
    char word[32];
    bool chain;
    (void)sql_word(sql, word, sizeof word);
    enum sql_block_step step = sql_block_step(sql, &chain);
    open = open && rc != ERR_CONNECT;
    if (step == SQL_BLOCK_COMMITS || step == SQL_BLOCK_ROLLS_BACK) /* chained: another is open */
        return end_words(n, word, step == SQL_BLOCK_ROLLS_BACK, rc, open && !(chain && !rc), out);
    if (rc == ERR_CONNECT && n->changed) { /* the next one has a transaction of its own */
        n->changed = n->failed = false;
        buf_lit(out, "the connection was lost: what its transaction had changed is undone");
        return true;
    }
    if (step == SQL_BLOCK_GOES_BACK)
        return savepoint_words(n, sql, rc, open, out);
    n->failed = open && rc; /* in one that has failed nothing goes well */
    if (is_one_of(word, others) || sql_is_pure_reader(sql) || (rc && rc != ERR_CONNECT))
        return false;
    if (sql_history_secret(sql))
        buf_printf(out, "%s: it names a secret, its text is not kept", word);
    else
        add_text(out, sql);
    if (rc)
        buf_lit(out, ": the connection was lost, it may be done");
    else if (rows >= 0 && is_one_of(word, counted))
        buf_printf(out, ": %lld row%s", (long long)rows, rows == 1 ? "" : "s");
    if (open)
        buf_lit(out, " (its transaction is open)");
    n->changed = open;
    return true;
}

/* ---- sending ---- */

static bool take_token(struct sql_note *n, int64_t now)
{
    n->tokens += (now - n->filled_us) / 1000;
    n->filled_us = now;
    if (n->tokens > AT_ONCE * 1000)
        n->tokens = AT_ONCE * 1000;
    if (n->tokens < 1000 || now < n->quiet_until_us)
        return false;
    n->tokens -= 1000;
    return true;
}

static void send(struct sql_note *n, struct buf *words)
{
    struct client *c = NULL;
    struct errbuf e;
    json_t *result = NULL;
    int64_t now = clock_mono_us();
    if (!n->engine || !*n->engine)
        return;
    if (!take_token(n, now)) {
        n->left_out++;
        return;
    }
    if (n->left_out)
        buf_printf(words, " (and %lld before it)", (long long)n->left_out);
    json_t *text = json_stringn(buf_cstr(words), words->len);
    json_t *params = json_pack("{s:s, s:o}", "object", n->source ? "source" : "warehouse", "text",
                               text ? text : json_string("its text is no UTF-8"));
    enum err rc = client_connect(n->engine, ANSWER_MS, &c, &e);
    if (!rc)
        rc = client_call(c, "audit.note", params, ANSWER_MS, &result, &e);
    if (rc == ERR_TIMEOUT)
        n->quiet_until_us = now + QUIET_US;
    n->left_out = rc == ERR_OK ? 0 : n->left_out + 1;
    client_close(c);
    json_decref(result);
    json_decref(params);
}

void sql_note_ran(struct sql_note *n, const char *sql, enum err rc, int64_t rows, bool open)
{
    struct buf words;
    buf_init(&words, 0);
    if (sql_note_words(n, sql, rc, rows, open, &words) && !buf_failed(&words))
        send(n, &words);
    buf_free(&words);
}

void sql_note_close(struct sql_note *n)
{
    struct buf words;
    if (n->changed)
        sql_note_ended(n, false);
    if (!n->left_out)
        return;
    buf_init(&words, 0);
    buf_lit(&words, "more statements than are noted");
    n->tokens = AT_ONCE * 1000;
    send(n, &words);
    buf_free(&words);
}

void sql_note_ended(struct sql_note *n, bool committed)
{
    sql_note_ran(n, committed ? "COMMIT" : "ROLLBACK", ERR_OK, -1, false);
}
