#include "backend/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/buf.h"
#include "backend/base/clock.h"

enum { LOG_MESSAGE_MAX = 4096 };

static _Atomic int log_fd = STDERR_FILENO;
static _Atomic int log_least = LOG_INFO;
static _Atomic int log_as = LOG_TEXT;
static const char *_Atomic log_muted;
static pthread_mutex_t sink_mutex = PTHREAD_MUTEX_INITIALIZER;
static log_sink_fn *sink_fn;
static void *sink_arg;

static const char *const level_words[] = {"debug", "info", "warning", "error"};

const char *log_level_word(enum log_level level)
{
    return (unsigned)level <= LOG_ERROR ? level_words[level] : "unknown";
}

void log_configure(int fd, enum log_format format, enum log_level least)
{
    log_fd = fd;
    log_as = (int)format;
    log_least = (int)least;
}

void log_mute(const char *area)
{
    log_muted = area;
}

bool log_wants(enum log_level level)
{
    return (int)level >= log_least;
}

void log_set_sink(log_sink_fn *fn, void *arg)
{
    (void)pthread_mutex_lock(&sink_mutex);
    sink_fn = fn;
    sink_arg = arg;
    (void)pthread_mutex_unlock(&sink_mutex);
}

static void write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k <= 0)
            return; /* a log that cannot be written has nowhere to say so */
        p += k;
        n -= (size_t)k;
    }
}

void log_msg(enum log_level level, const char *area, const char *fmt, ...)
{
    const char *muted = log_muted;
    if (!log_wants(level) || (muted && !strcmp(area, muted)))
        return;
    char message[LOG_MESSAGE_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);

    int64_t now = clock_wall_us();
    char ts[CLOCK_TEXT_MAX];
    (void)clock_format_utc(now, ts, sizeof ts);
    struct buf b;
    buf_init(&b, 0);
    if (log_as == LOG_JSON) {
        buf_printf(&b, "{\"ts\":\"%s\",\"level\":\"%s\",\"area\":", ts, level_words[level]);
        buf_json_string(&b, area, strlen(area));
        buf_lit(&b, ",\"message\":");
        buf_json_string(&b, message, strlen(message));
        buf_lit(&b, "}\n");
    } else {
        buf_printf(&b, "%s %-7s %s: ", ts, level_words[level], area);
        for (const char *s = message; *s; s++) /* one event, one line */
            buf_ch(&b, (unsigned char)*s < 0x20 ? ' ' : *s);
        buf_ch(&b, '\n');
    }
    if (!buf_failed(&b))
        write_all(log_fd, b.p, b.len);
    buf_free(&b);

    (void)pthread_mutex_lock(&sink_mutex);
    if (sink_fn)
        sink_fn(sink_arg, now, level, area, message);
    (void)pthread_mutex_unlock(&sink_mutex);
}
