/*
 * The log: one line an event, as text or as JSON lines, to one file descriptor.
 *
 * Text:  2026-11-24T12:04:31.123Z info  capture: message
 * JSON:  {"ts":"..","level":"info","area":"capture","message":".."}
 * A secret never gets here: whoever holds one redacts it before it makes a message.
 *
 * Thread rule: any thread; a line is written with one write(2). log_configure before threads start.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

#include "backend/base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/* Where lines go from now on; fd stays the caller's. The default is text, info, stderr. */
void log_configure(int fd, enum log_format format, enum log_level least);
bool log_wants(enum log_level level);
void log_msg(enum log_level level, const char *area, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Lines of this area are left out (static memory; NULL: none): who runs it tells the same. */
void log_mute(const char *area);

/* A second receiver of every written line (the engine's event list); NULL takes it away. */
typedef void log_sink_fn(void *arg, int64_t wall_us, enum log_level level, const char *area,
                         const char *message);
void log_set_sink(log_sink_fn *fn, void *arg);

const char *log_level_word(enum log_level level);

#define log_debug(area, ...)   log_msg(LOG_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...)    log_msg(LOG_INFO, area, __VA_ARGS__)
#define log_warning(area, ...) log_msg(LOG_WARNING, area, __VA_ARGS__)
#define log_error(area, ...)   log_msg(LOG_ERROR, area, __VA_ARGS__)

#endif
