#include "console/sql_access.h"

#include <string.h>
#include <strings.h>

#include "console/sql_reads.h"

static enum err no_columns(void *arg, const struct format_column *c, int n, struct errbuf *e)
{
    (void)arg, (void)c, (void)n, (void)e;
    return ERR_OK;
}

static enum err no_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    (void)arg, (void)cells, (void)e;
    return ERR_OK;
}

static enum err no_done(void *arg, const char *sql, int64_t affected, struct errbuf *e)
{
    (void)arg, (void)sql, (void)affected, (void)e;
    return ERR_OK;
}

const struct sql_sink *sql_access_nothing(void)
{
    static const struct sql_sink sink = {no_columns, no_row, no_done, NULL};
    return &sink;
}

enum err sql_access_set(struct sql_session *s, bool read_only, struct errbuf *e)
{
    return sql_session_run(s,
                           read_only ? "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
                                     : "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
                           sql_access_nothing(), e);
}

bool sql_access_allows(const char *sql, char *word, size_t n)
{
    static const char *const ends[] = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"};
    if (sql_only_reads(sql, word, n))
        return true;
    bool ok = false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        ok = ok || !strcmp(word, ends[i]);
    return ok && !sql_has_word(sql, "WRITE"); /* BEGIN READ WRITE */
}
