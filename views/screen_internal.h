/* What the files of the screen share; panes have no use for it. */
#ifndef VIEWS_SCREEN_INTERNAL_H
#define VIEWS_SCREEN_INTERNAL_H

#include "views/pane.h"

/* Prompts of the screen itself. */
enum { PROMPT_EXPORT = -1, PROMPT_ELEVATE = -2, PROMPT_AT = -3 };

/* The context beneath help, input lines and questions. */
context_t screen_pane_context(const struct screen *s);

void screen_leave_detail(struct screen *s);
void screen_update_tables(struct screen *s);

/* The table that keys move now, with its model; NULL: text scrolls. */
struct table_state *screen_table(struct screen *s, struct table_model *m);

/* ---- screen_change.c ---- */

/* MODE_CONFIRM is answered, or the name is typed: makes the effect of the question. */
void screen_accept(struct screen *s, struct effect *out);
void screen_refuse(struct screen *s);
void screen_elevate(struct screen *s, struct effect *out);
/* The engine has recorded it: from now on it counts. */
void screen_take_elevation(struct screen *s, const struct answer *a);
/* The newest snapshot, whatever is shown. */
const struct snapshot *screen_newest(const struct screen *s);
bool screen_can_elevate(const struct screen *s);
bool screen_is_read_only(const struct screen *s); /* by role or environment, elevated or not */
bool screen_is_elevated(const struct screen *s);

/* ---- screen_out.c ---- */

void screen_copy(struct screen *s, struct effect *out);
void screen_export(struct screen *s);
bool screen_can_export(const struct screen *s);
void screen_export_to(struct screen *s, const char *path, struct effect *out);

/* ---- screen_time.c ---- */

bool screen_is_held(const struct screen *s); /* frozen, or the past is looked at */
bool screen_time_ask(const struct screen *s, struct ask *out);
bool screen_time_take(struct screen *s, const struct answer *a);
void screen_time_act(struct screen *s, enum action a);
/* To a moment as a person types it; what is none, or was not yet, is said. */
void screen_time_go(struct screen *s, const char *text);

/* "held since 12:03:10", "recorded 2026-11-24 12:03:10"; false while the screen is live. */
bool screen_time_words(const struct screen *s, char *out, size_t n);

#endif
