/*
 * The console's connection to the engine: asks for the snapshot again and again, passes what comes
 * to the screen, and attaches again with backoff when the engine is away. Never blocks: the run
 * loop polls its file descriptor.
 *
 * States: away (until retry_us) -> greeting (engine.hello is asked) -> up. Any fault of the
 * connection leads to away. One `status` is open at a time, so a slow engine is asked less often.
 *
 * Ownership: it owns the client. Thread rule: one thread.
 */
#ifndef CONSOLE_TUI_LINK_H
#define CONSOLE_TUI_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/serve/client.h"
#include "console/tui_actions.h"
#include "views/screen.h"

enum { LINK_REFRESH_US = 1000000, LINK_ASKS = 12 };

struct tui_link {
    const char *path;
    struct client *client; /* NULL: away */
    bool greeted;
    int64_t engine_pid; /* of the last greeting: another one counts events from 1 */
    int64_t retry_us;   /* away: when to try again */
    int64_t backoff_us;
    int64_t asked_us;                       /* when the open status was asked */
    int64_t refresh_us;                     /* when to ask the next status */
    int64_t hello_id, status_id, events_id; /* open requests; 0: none */
    struct {
        char *key; /* method and params as text; NULL: free */
        const char *method;
        json_t *params;
        int64_t id; /* open request; 0: none */
        int64_t due_us;
        bool wanted;   /* by the last look */
    } asks[LINK_ASKS]; /* what the screen wants asked (screen_ask) */
    struct tui_actions actions;
    int64_t slow_us;                 /* when it is said (again) which of them still wait */
    char slow_said[ERRBUF_TEXT_MAX]; /* what stands in the message line because of that */
};

void tui_link_init(struct tui_link *l, const char *path, int64_t now_us);
void tui_link_close(struct tui_link *l);

/* For poll(): -1 and 0 while away. */
int tui_link_fd(const struct tui_link *l);
short tui_link_events(const struct tui_link *l);

/* Does what is due at s->now_us: connects, reads, asks. */
void tui_link_step(struct tui_link *l, struct screen *s);

/* When tui_link_step has something to do without being woken. */
int64_t tui_link_deadline_us(const struct tui_link *l);

/* Everything that was asked is answered. */
bool tui_link_idle(const struct tui_link *l);

/* An action of the screen: EFFECT_CALL, whose params it takes. Each is answered by itself; of one
 * object one waits at a time. What takes long is said so. */
void tui_link_call(struct tui_link *l, struct screen *s, struct effect *effect);

/* Now, without waiting for the backoff; asks anew when it is up. */
void tui_link_reconnect(struct tui_link *l, struct screen *s);

#endif
