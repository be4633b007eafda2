/*
 * The console without a screen: a line a change of state, for screen readers, logs, terminals that
 * cannot place a cursor; and one frame as text.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "console/tui_link.h"
#include "console/tui_run.h"
#include "views/report.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

/* What has been said already. */
struct said {
    struct snapshot *before;
    enum link_state link;
    int64_t event_id;
    bool any;
    bool events; /* those of before we came are not told */
};

static void say_link(struct said *said, const struct screen *s, struct buf *out)
{
    char clock[UNIT_TEXT_MAX];
    if (said->any && said->link == s->link)
        return;
    if (s->link == LINK_AWAY)
        buf_printf(out, "%s engine: away (%s); trying again\n",
                   unit_clock(clock_wall_us(), clock, sizeof clock), s->link_text);
    else if (s->link == LINK_UP)
        buf_printf(out, "%s engine: up (%s, %s, pid %lld)\n",
                   unit_clock(s->snapshot->now_us, clock, sizeof clock),
                   s->snapshot->environment.name, s->snapshot->environment.kind,
                   (long long)s->snapshot->engine.pid);
    said->link = s->link;
    said->any = s->link != LINK_CONNECTING;
}

static void say_events(struct said *said, const struct screen *s, struct buf *out)
{
    if (s->events.last_id < said->event_id)
        said->event_id = 0; /* another engine */
    for (size_t i = 0; i < s->events.n; i++) {
        const struct event *v = &s->events.events[i];
        if (v->id > said->event_id && said->events)
            report_event(v, out);
    }
    said->event_id = s->events.last_id;
    said->events = said->events || said->event_id > 0;
}

/* False when nobody reads stdout any more. */
static bool say(struct said *said, struct screen *s)
{
    struct buf out;
    buf_init(&out, 0);
    say_link(said, s, &out);
    if (s->snapshot && s->snapshot != said->before) {
        report_changes(said->before, s->snapshot, &out);
        snapshot_free(said->before);
        said->before = s->snapshot; /* kept for the next comparison */
        s->snapshot = NULL;
    }
    say_events(said, s, &out);
    bool ok = !out.len || (fwrite(out.p, 1, out.len, stdout) == out.len && fflush(stdout) == 0);
    buf_free(&out);
    return ok;
}

/* "q" and Enter leave, and so does the end of a terminal's input; a closed stdin is no reason. */
static bool wants_to_leave(struct pollfd *in)
{
    char text[256];
    if (!in->revents)
        return false;
    ssize_t n = read(STDIN_FILENO, text, sizeof text);
    if (n <= 0)
        in->fd = -1;
    return n <= 0 || text[0] == 'q';
}

enum err tui_plain(const struct tui_options *o, struct errbuf *e)
{
    struct screen s;
    struct tui_link link;
    struct said said = {.link = LINK_CONNECTING};
    enum err rc = ERR_OK;
    const struct sigaction act = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
    rc = screen_init(&s, 1, 1, GLYPHS_ASCII, o->ascii, e);
    if (rc != ERR_OK)
        return rc;
    s.now_us = clock_mono_us();
    tui_link_init(&link, o->path, s.now_us);
    struct pollfd fds[2] = {{.fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN}};
    while (!interrupted) {
        s.now_us = clock_mono_us();
        tui_link_step(&link, &s);
        if (!say(&said, &s)) {
            rc = err_set(e, ERR_IO, "cannot write to the standard output: %s", strerror(errno));
            break;
        }
        int64_t left_us = tui_link_deadline_us(&link) - clock_mono_us();
        fds[1] = (struct pollfd){.fd = tui_link_fd(&link), .events = tui_link_events(&link)};
        if (poll(fds, 2, left_us > 0 ? (int)(left_us / 1000) + 1 : 0) > 0 &&
            wants_to_leave(&fds[0]))
            break;
    }
    tui_link_close(&link);
    snapshot_free(said.before);
    screen_free(&s);
    if (rc == ERR_OK && interrupted)
        rc = err_set(e, ERR_CANCELED, "interrupted");
    return rc;
}

/* ---- one frame ---- */

/* Rates are over the time between two looks: the first may have none, or those of an hour ago. */
static bool complete(const struct tui_link *l, const struct screen *s)
{
    enum { LOOKS = 2 };
    return s->history.n >= LOOKS && tui_link_idle(l);
}

enum err tui_once(const struct tui_options *o, struct errbuf *e)
{
    struct screen s;
    struct tui_link link;
    struct grid g = {0};
    struct buf out;
    buf_init(&out, 0);
    enum err rc = screen_init(&s, o->h, o->w, o->glyphs, o->ascii, e);
    if (rc != ERR_OK)
        return rc;
    s.now_us = clock_mono_us();
    s.viewer = o->read_only;
    screen_open(&s, o->pane, NULL);
    int64_t deadline_us = s.now_us + (int64_t)CLIENT_TIMEOUT_MS * 1000;
    tui_link_init(&link, o->path, s.now_us);
    while (!complete(&link, &s) && rc == ERR_OK) {
        s.now_us = clock_mono_us();
        tui_link_step(&link, &s);
        struct pollfd fd = {.fd = tui_link_fd(&link), .events = tui_link_events(&link)};
        if (s.link == LINK_AWAY)
            rc = err_set(e, ERR_CONNECT, "%s", s.link_text);
        else if (s.now_us > deadline_us)
            rc = err_set(e, ERR_CONNECT, "the engine on %s does not answer", o->path);
        else if (!complete(&link, &s))
            (void)poll(&fd, 1, 100);
    }
    if (rc == ERR_OK)
        rc = grid_init(&g, o->h, o->w, o->ascii, e);
    if (rc == ERR_OK) {
        screen_render(&s, &g);
        grid_to_text(&g, &out);
        rc = buf_check(&out, "the frame", e);
    }
    if (rc == ERR_OK && (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
        rc = err_errno(e, ERR_IO, "cannot write to the standard output");
    tui_link_close(&link);
    buf_free(&out);
    grid_free(&g);
    screen_free(&s);
    return rc;
}
