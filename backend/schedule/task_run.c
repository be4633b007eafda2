/* What an executor may ask and tell of the try that it runs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum { LINE_MAX_BYTES = 65536 };

const struct dag_context *task_run_context(const struct task_run *t)
{
    return &t->context;
}

const struct dag_task *task_run_task(const struct task_run *t)
{
    return t->task;
}

const char *task_run_only(const struct task_run *t)
{
    return t->only;
}

bool task_run_canceled(const struct task_run *t)
{
    return atomic_load(&t->canceled);
}

void task_run_on_cancel(struct task_run *t, void (*interrupt)(void *arg), void *arg)
{
    (void)pthread_mutex_lock(&t->mutex);
    t->interrupt = interrupt;
    t->interrupt_arg = arg;
    if (interrupt && atomic_load(&t->canceled))
        interrupt(arg);
    (void)pthread_mutex_unlock(&t->mutex);
}

void task_run_add_rows(struct task_run *t, int64_t rows)
{
    t->rows = (t->rows < 0 ? 0 : t->rows) + rows;
}

void task_run_skip(struct task_run *t, const char *why)
{
    t->skipped = true;
    (void)snprintf(t->skip_reason, sizeof t->skip_reason, "%s", why);
}

/* ---- the log ---- */

/* What cannot be written now is kept, and goes before what comes next. */
void try_flush(struct task_run *t)
{
    struct errbuf e;
    if (!t->unwritten.len)
        return;
    if (store_log_add(t->s->o.store, &t->log, wall_now(t->s), buf_cstr(&t->unwritten), &e) ==
        ERR_OK)
        buf_clear(&t->unwritten);
    else if (t->unwritten.failed || t->unwritten.len > t->unwritten.max / 2) {
        log_error("schedule", "run %s: %zu bytes of the log of task %s are lost: %s",
                  t->context.run, t->unwritten.len, t->task->name, e.text);
        buf_clear(&t->unwritten);
    }
}

void task_run_log_bytes(struct task_run *t, const char *p, size_t n)
{
    struct buf *b = &t->unwritten;
    while (n && p[n - 1] == '\n')
        n--;
    for (size_t at = 0; at < n;) {
        size_t part = n - at > LINE_MAX_BYTES ? LINE_MAX_BYTES : n - at;
        size_t from = b->len;
        buf_add(b, p + at, part);
        for (size_t i = from; i < b->len; i++)
            if (!b->p[i])
                b->p[i] = ' '; /* the store's texts end at a NUL */
        buf_ch(b, '\n');
        try_flush(t);
        at += part;
    }
}

void task_run_log(struct task_run *t, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof text) {
        task_run_log_bytes(t, text, (size_t)n);
        return;
    }
    char *longer = NULL;
    va_start(ap, fmt);
    n = vasprintf(&longer, fmt, ap);
    va_end(ap);
    if (n >= 0)
        task_run_log_bytes(t, longer, (size_t)n);
    free(longer);
}
