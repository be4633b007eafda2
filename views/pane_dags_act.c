/* Keys of the pane of DAGs: going deeper, the log, and what changes something. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "views/answer.h"
#include "views/pane_dags.h"

/* ---- deeper ---- */

static void open_run(struct screen *s)
{
    struct dags_state *st = dags_of(s);
    int64_t run = dags_run(s);
    if (run == UNKNOWN_INT)
        return;
    st->run_id = run;
    st->level = LEVEL_RUN;
    st->tasks_table = (struct table_state){.sort = -1};
    st->why[0] = '\0';
    s->scroll = 0;
}

static void open_task(struct screen *s)
{
    struct dags_state *st = dags_of(s);
    if (!table_key(&st->tasks_table))
        return;
    (void)snprintf(st->task, sizeof st->task, "%s", st->tasks_table.key);
    dag_log_clear(&st->log);
    st->level = LEVEL_TASK;
    st->attempt = 0;
    st->log_try = 0;
    st->found = SIZE_MAX;
    st->follow = true;
    st->search[0] = '\0';
    st->why[0] = '\0';
    s->scroll = 0;
}

static void show_graph(struct screen *s)
{
    const char *name = screen_object(s);
    char copy[TABLE_KEY_MAX];
    bool shown = s->detail && dags_of(s)->graph;
    if (!name)
        return;
    (void)snprintf(copy, sizeof copy, "%s", name);
    if (!s->detail)
        screen_open(s, PANE_DAGS, copy);
    dags_of(s)->graph = !shown;
    s->scroll = 0;
}

/* ---- the log ---- */

static void search(struct screen *s, bool forward, bool again)
{
    struct dags_state *st = dags_of(s);
    size_t from = st->found != SIZE_MAX && st->found < st->log.n ? st->found : SIZE_MAX;
    if (!st->search[0] || !st->log.n) {
        screen_say(s, STYLE_ATTENTION, "/ searches in the log");
        return;
    }
    if (from == SIZE_MAX)
        from = s->scroll < st->log.n_rows ? st->log.rows[s->scroll].line : 0;
    else if (again)
        from = forward ? (from + 1) % st->log.n : (from + st->log.n - 1) % st->log.n;
    st->found = dag_log_search(&st->log, st->search, from, forward);
    if (st->found == SIZE_MAX) {
        screen_say(s, STYLE_ATTENTION, "\"%s\" is not in the log", st->search);
        return;
    }
    size_t row = dag_log_row_of(&st->log, st->found);
    size_t above = (size_t)s->h / 3;
    st->follow = false;
    s->scroll = row > above ? row - above : 0;
    if (again && (forward ? st->found < from : st->found > from))
        screen_say(s, STYLE_PLAIN, "past the log's %s", forward ? "end" : "begin");
}

static void step_try(struct screen *s, int by)
{
    struct dags_state *st = dags_of(s);
    int64_t n = (int64_t)json_array_size(json_object_get(dags_task_answer(st), "tries"));
    int64_t to = dags_attempt(st) + by;
    if (to < 1 || to > n) {
        screen_say(s, STYLE_ATTENTION, "there is no try %s this one", by < 0 ? "before" : "after");
        return;
    }
    st->attempt = to == n ? 0 : to; /* the newest one stays the newest */
    st->why[0] = '\0';
    s->scroll = 0;
}

static bool act_on_log(struct screen *s, enum action a)
{
    struct dags_state *st = dags_of(s);
    switch (a) {
    case ACTION_FOLLOW:
        st->follow = !st->follow;
        return true;
    case ACTION_SEARCH:
        screen_prompt(s, PROMPT_SEARCH, "search", "");
        return true;
    case ACTION_SEARCH_NEXT:
    case ACTION_SEARCH_BACK:
        search(s, a == ACTION_SEARCH_NEXT, true);
        return true;
    case ACTION_EARLIER_TRY:
    case ACTION_LATER_TRY:
        step_try(s, a == ACTION_EARLIER_TRY ? -1 : 1);
        return true;
    case ACTION_BOTTOM:
        st->follow = true;
        return false;
    case ACTION_UP:
    case ACTION_PAGE_UP:
    case ACTION_TOP:
    case ACTION_TOP_TOO:
        st->follow = false;
        return false;
    default:
        return false;
    }
}

/* ---- trigger ---- */

static const json_t *show_of(const struct screen *s)
{
    const json_t *show = dags_of(s)->show;
    const char *name = screen_object(s);
    return name && strcmp(answer_text(show, "name"), name) == 0 ? show : NULL;
}

static void call_trigger(struct screen *s, json_t *params, struct effect *out)
{
    char label[TABLE_KEY_MAX + 16];
    const char *name = screen_object(s);
    if (!name) {
        json_decref(params);
        return;
    }
    (void)snprintf(label, sizeof label, "run %.200s", name);
    screen_call(s, out, "dag.trigger", json_pack("{s:s, s:o}", "name", name, "params", params),
                label);
}

/* Asks for params where the DAG takes some. */
static void trigger(struct screen *s, struct effect *out)
{
    const json_t *show = show_of(s);
    const json_t *params = json_object_get(show, "params");
    char label[96];
    struct buf names;
    if (show && !json_array_size(params)) {
        call_trigger(s, json_object(), out);
        return;
    }
    buf_init(&names, 0);
    for (size_t i = 0; i < json_array_size(params); i++)
        buf_printf(&names, "%s%s=..", i ? " " : "", answer_text(json_array_get(params, i), "name"));
    (void)snprintf(label, sizeof label, "params (Enter: none) %.70s",
                   names.len ? buf_cstr(&names) : "key=value ..");
    screen_prompt(s, PROMPT_TRIGGER, label, "");
    buf_free(&names);
}

/* One of `a=1 b="two words"`; false at the end, or (name "") where it is none. */
static bool next_param(const char **text, char *name, char *value, size_t n)
{
    const char *p = *text;
    size_t len = 0;
    char quote = 0;
    while (isspace((unsigned char)*p))
        p++;
    name[0] = value[0] = '\0';
    if (!*p)
        return false;
    size_t at = strcspn(p, "= ");
    if (p[at] == '=' && at > 0 && at < n) {
        memcpy(name, p, at);
        name[at] = '\0';
        p += at + 1;
    }
    for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
        if (!quote && (*p == '"' || *p == '\''))
            quote = *p;
        else if (quote && *p == quote)
            quote = 0;
        else if (len + 1 < n)
            value[len++] = *p;
    }
    value[len] = '\0';
    *text = p;
    return true;
}

static void answer_trigger(struct screen *s, const char *text, struct effect *out)
{
    char name[SCREEN_INPUT_MAX];
    char value[SCREEN_INPUT_MAX];
    json_t *params = json_object();
    while (next_param(&text, name, value, sizeof name)) {
        if (!name[0] || json_object_set_new(params, name, json_string(value)) != 0) {
            screen_say(s, STYLE_ATTENTION, "\"%s\" is no key=value: nothing was run", value);
            json_decref(params);
            return;
        }
    }
    call_trigger(s, params, out);
}

/* ---- clear ---- */

static void add_task(struct buf *b, int *n, const char *task, const char *state)
{
    buf_printf(b, "%s%s (%s)", *n ? ", " : "", task, state);
    ++*n;
}

static bool waits_for(const json_t *task, const char *const *chosen, int n)
{
    const json_t *after = json_object_get(task, "after");
    for (size_t i = 0; i < json_array_size(after); i++) {
        const char *name = json_string_value(json_array_get(after, i));
        for (int k = 0; k < n && name; k++)
            if (strcmp(name, chosen[k]) == 0)
                return true;
    }
    return false;
}

static const char *state_in(const json_t *answer, const char *task)
{
    const json_t *tasks = json_object_get(answer, "tasks");
    for (size_t i = 0; i < json_array_size(tasks); i++)
        if (strcmp(answer_text(json_array_get(tasks, i), "task"), task) == 0)
            return answer_text(json_array_get(tasks, i), "state");
    return "";
}

/* As the scheduler chooses: the task, and what did not run because of it. */
static int list_from_task(const struct screen *s, struct buf *b)
{
    enum { CHOSEN_MAX = 200 };
    const struct dags_state *st = dags_of(s);
    const json_t *answer = dags_run_answer(st, st->run_id);
    const json_t *tasks = json_object_get(show_of(s), "tasks");
    const char *chosen[CHOSEN_MAX];
    int n = 0;
    if (dag_state_over(state_in(answer, st->task))) {
        chosen[0] = st->task;
        add_task(b, &n, st->task, state_in(answer, st->task));
    }
    for (size_t i = 0; i < json_array_size(tasks) && n > 0 && n < CHOSEN_MAX; i++) {
        const json_t *t = json_array_get(tasks, i);
        const char *name = answer_text(t, "name");
        const char *state = state_in(answer, name);
        if (strcmp(state, "upstream_failed") == 0 && waits_for(t, chosen, n)) {
            chosen[n] = name;
            add_task(b, &n, name, state);
        }
    }
    return n;
}

/* The tasks of the run that the keys are about, whose state is such. */
static int list_tasks(const struct screen *s, bool (*is_such)(const char *state), struct buf *b)
{
    const struct dags_state *st = dags_of(s);
    int64_t run = dags_run(s);
    const json_t *tasks = json_object_get(dags_run_answer(st, run), "tasks");
    const struct dag_run *r = run_list_find(&st->runs, run);
    int n = 0;
    if (s->detail && st->level == LEVEL_DAG) {
        for (size_t i = 0; r && i < st->runs.n_names; i++)
            if (is_such(run_task_state(r, i)))
                add_task(b, &n, st->runs.names[i], run_task_state(r, i));
        return n;
    }
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        const json_t *t = json_array_get(tasks, i);
        if (is_such(answer_text(t, "state")))
            add_task(b, &n, answer_text(t, "task"), answer_text(t, "state"));
    }
    return n;
}

static int list_cleared(const struct screen *s, struct buf *b)
{
    bool of_task = s->detail && dags_of(s)->level == LEVEL_TASK;
    return of_task ? list_from_task(s, b) : list_tasks(s, dag_state_fault, b);
}

static int count_cleared(const struct screen *s)
{
    struct buf b;
    buf_init(&b, 0);
    int n = list_cleared(s, &b);
    buf_free(&b);
    return n;
}

static void clear(struct screen *s)
{
    const struct dags_state *st = dags_of(s);
    bool of_task = s->detail && st->level == LEVEL_TASK;
    struct question q = {.method = "dag.clear"};
    int64_t run = dags_run(s);
    struct buf b;
    buf_init(&b, 0);
    int n = list_cleared(s, &b);
    if (!n) {
        screen_say(s, STYLE_ATTENTION, "nothing is to run again: %s",
                   of_task ? "the task is not over" : "nothing of the run has failed");
    } else {
        (void)snprintf(q.label, sizeof q.label, "clear %d task%s of run %lld", n, n == 1 ? "" : "s",
                       (long long)run);
        (void)snprintf(q.preview, sizeof q.preview, "These run again: %s", buf_cstr(&b));
        if (of_task)
            q.params = json_pack("{s:I, s:s}", "run", (json_int_t)run, "task", st->task);
        else
            q.params = json_pack("{s:I, s:b}", "run", (json_int_t)run, "failed", 1);
        screen_confirm(s, &q);
    }
    buf_free(&b);
}

/* ---- backfill ---- */

static void prompt_backfill(struct screen *s)
{
    char label[96];
    char day[UNIT_TEXT_MAX];
    char value[64];
    const int64_t day_us = 86400 * INT64_C(1000000);
    int64_t now = dags_now_us(s);
    (void)unit_day(now == UNKNOWN_INT ? now : now - day_us, day, sizeof day);
    (void)snprintf(label, sizeof label, "backfill %.50s, from..to", screen_object(s));
    (void)snprintf(value, sizeof value, "%.10s..%.10s", day, day);
    screen_prompt(s, PROMPT_BACKFILL, label, now == UNKNOWN_INT ? "" : value);
}

/* The engine says how many intervals these days are, then it is asked. */
static void answer_backfill(struct screen *s, const char *text)
{
    struct dags_state *st = dags_of(s);
    const char *dots = strstr(text, "..");
    const char *name = screen_object(s);
    size_t n = dots ? (size_t)(dots - text) : strlen(text);
    if (!*text || !name)
        return;
    (void)snprintf(st->from, sizeof st->from, "%.*s", (int)(n < 15 ? n : 15), text);
    (void)snprintf(st->to, sizeof st->to, "%.15s", dots ? dots + 2 : text);
    (void)snprintf(st->backfill_dag, sizeof st->backfill_dag, "%s", name);
    screen_say(s, STYLE_PLAIN, "asking how many runs that are ..");
}

/* Where intervals that have succeeded run again the DAG's name is typed. */
static void confirm_backfill(struct screen *s, const struct answer *a, int64_t n)
{
    const struct dags_state *st = dags_of(s);
    struct question q = {.method = "dag.backfill"};
    char first[UNIT_TEXT_MAX], last[UNIT_TEXT_MAX], again[96] = "";
    const char *name = answer_text(a->params, "name");
    int64_t succeeded = answer_int(a->result, "succeeded");
    const struct dag_row *d = dag_list_find(&st->list, name);
    if (succeeded != UNKNOWN_INT && succeeded > 0) {
        (void)snprintf(again, sizeof again, "\n%lld of them %s succeeded before: %s again.",
                       (long long)succeeded, succeeded == 1 ? "has" : "have",
                       succeeded == 1 ? "it runs" : "they run");
        (void)snprintf(q.name, sizeof q.name, "%s", name);
    }
    (void)snprintf(q.label, sizeof q.label, "backfill %.200s with %lld run%s", name, (long long)n,
                   n == 1 ? "" : "s");
    (void)snprintf(q.preview, sizeof q.preview,
                   "One run for each interval that begins from %s to %s, both included: %lld, "
                   "the first at %s, the last at %s UTC.%s%s",
                   st->from, st->to, (long long)n,
                   unit_day(answer_int(a->result, "first_us"), first, sizeof first),
                   unit_day(answer_int(a->result, "last_us"), last, sizeof last), again,
                   d && d->paused ? "\nIt is PAUSED: none of them begins until u resumes it." : "");
    q.params = json_pack("{s:s, s:s, s:s}", "name", name, "from", st->from, "to", st->to);
    screen_confirm(s, &q);
}

void dags_ask_backfill(struct screen *s, const struct answer *a)
{
    struct dags_state *st = dags_of(s);
    if (!st->backfill_dag[0] || strcmp(answer_text(a->params, "name"), st->backfill_dag) != 0 ||
        strcmp(answer_text(a->params, "from"), st->from) != 0 ||
        strcmp(answer_text(a->params, "to"), st->to) != 0)
        return;
    st->backfill_dag[0] = '\0';
    int64_t n = answer_int(a->result, "intervals");
    if (a->code != ERR_OK) {
        screen_say(s, STYLE_ATTENTION, "backfill: %s", a->text);
    } else if (n < 1) {
        screen_say(s, STYLE_ATTENTION, "backfill: no interval that is over begins from %s to %s",
                   st->from, st->to);
    } else if (s->mode == MODE_BROWSE) {
        s->message[0] = '\0';
        confirm_backfill(s, a, n);
    }
}

/* ---- pause, cancel ---- */

static void pause_or_not(struct screen *s, bool pause)
{
    const char *name = screen_object(s);
    struct question q = {.method = pause ? "dag.pause" : "dag.unpause"};
    (void)snprintf(q.label, sizeof q.label, "%s %.200s", pause ? "pause" : "unpause", name);
    (void)snprintf(q.preview, sizeof q.preview, "%s",
                   pause ? "Nothing of it begins by itself then: not by its schedule, not by "
                           "changes, no backfill. What runs goes on, and t runs it all the same."
                         : "It runs by itself again; runs that were held back begin.");
    q.params = json_pack("{s:s}", "name", name);
    screen_confirm(s, &q);
}

static bool is_active(const struct screen *s)
{
    const char *state = dags_run_state(s);
    return *state && !dag_state_over(state) && strcmp(state, "canceling") != 0;
}

static bool state_runs(const char *state)
{
    return strcmp(state, "running") == 0;
}

static bool state_waits(const char *state)
{
    return *state && !state_runs(state) && !dag_state_over(state);
}

static void preview_cancel(const struct screen *s, char *out, size_t n)
{
    struct buf run, wait;
    buf_init(&run, 0);
    buf_init(&wait, 0);
    int running = list_tasks(s, state_runs, &run);
    int waiting = list_tasks(s, state_waits, &wait);
    (void)snprintf(out, n, "Told to end: %s.\nNever begin: %s.\nc runs them again later.",
                   running   ? buf_cstr(&run)
                   : waiting ? "nothing"
                             : "its tasks that run",
                   waiting   ? buf_cstr(&wait)
                   : running ? "nothing"
                             : "those that wait");
    buf_free(&run);
    buf_free(&wait);
}

static void cancel(struct screen *s)
{
    struct question q = {.method = "dag.cancel"};
    int64_t run = dags_run(s);
    if (!is_active(s)) {
        screen_say(s, STYLE_ATTENTION, "no run goes on here");
        return;
    }
    (void)snprintf(q.label, sizeof q.label, "cancel run %lld of %.200s", (long long)run,
                   screen_object(s));
    preview_cancel(s, q.preview, sizeof q.preview);
    (void)snprintf(q.name, sizeof q.name, "%s", screen_object(s));
    q.params = json_pack("{s:I}", "run", (json_int_t)run);
    screen_confirm(s, &q);
}

/* ---- all of it ---- */

static bool is_change(enum action a)
{
    return a == ACTION_TRIGGER || a == ACTION_CLEAR || a == ACTION_BACKFILL || a == ACTION_PAUSE ||
           a == ACTION_RESUME || a == ACTION_CANCEL_RUN || a == ACTION_REFRESH;
}

static bool can_change(const struct screen *s, enum action a)
{
    const struct dag_row *d = dags_selected(s);
    if (!d || screen_why_not(s))
        return false;
    switch (a) {
    case ACTION_CLEAR:
        return count_cleared(s) > 0;
    case ACTION_BACKFILL:
        return *d->schedule;
    case ACTION_PAUSE:
        return !d->paused;
    case ACTION_RESUME:
        return d->paused;
    case ACTION_CANCEL_RUN:
        return is_active(s);
    default:
        return true;
    }
}

bool dags_can(const struct screen *s, enum action a)
{
    const struct dags_state *st = dags_of(s);
    if (is_change(a))
        return can_change(s, a);
    switch (a) {
    case ACTION_OPEN:
        return s->detail && !st->graph &&
               (st->level == LEVEL_DAG ? st->runs_table.n > 0 : st->tasks_table.n > 0);
    case ACTION_SEARCH_NEXT:
    case ACTION_SEARCH_BACK:
        return st->search[0];
    case ACTION_EARLIER_TRY:
        return dags_attempt(st) > 1;
    case ACTION_LATER_TRY:
        return st->attempt > 0;
    case ACTION_GRAPH:
        return screen_object(s) != NULL;
    default:
        return true;
    }
}

static void change(struct screen *s, enum action a, struct effect *out)
{
    const char *why = screen_why_not(s);
    if (why || !dags_selected(s)) {
        screen_say(s, STYLE_ATTENTION, "%s", why ? why : "there is no DAG here");
        return;
    }
    switch (a) {
    case ACTION_TRIGGER:
        trigger(s, out);
        break;
    case ACTION_REFRESH:
        call_trigger(s, json_object(), out);
        break;
    case ACTION_CLEAR:
        clear(s);
        break;
    case ACTION_BACKFILL:
        prompt_backfill(s);
        break;
    case ACTION_CANCEL_RUN:
        cancel(s);
        break;
    default:
        pause_or_not(s, a == ACTION_PAUSE);
    }
}

bool dags_act(struct screen *s, enum action a, struct effect *out)
{
    struct dags_state *st = dags_of(s);
    if (is_change(a)) {
        change(s, a, out);
        return true;
    }
    if (s->detail && st->level == LEVEL_TASK)
        return act_on_log(s, a);
    if (a == ACTION_GRAPH) {
        show_graph(s);
        return true;
    }
    if (a != ACTION_OPEN || !s->detail)
        return false;
    if (st->level == LEVEL_DAG && !st->graph)
        open_run(s);
    else if (!st->graph)
        open_task(s);
    return true;
}

void dags_answered(struct screen *s, int prompt, const char *text, struct effect *out)
{
    struct dags_state *st = dags_of(s);
    switch (prompt) {
    case PROMPT_TRIGGER:
        answer_trigger(s, text, out);
        break;
    case PROMPT_BACKFILL:
        answer_backfill(s, text);
        break;
    default:
        (void)snprintf(st->search, sizeof st->search, "%s", text);
        st->found = SIZE_MAX;
        if (*text)
            search(s, true, false);
    }
}

bool dags_done(struct screen *s, const struct answer *a, const char *label)
{
    if (a->code != ERR_OK || strncmp(a->method, "dag.", 4) != 0)
        return false;
    if (strcmp(a->method, "dag.clear") == 0) {
        long long n = (long long)answer_int(a->result, "tasks");
        screen_say(s, STYLE_PLAIN, "%lld task%s of run %lld to run again", n, n == 1 ? "" : "s",
                   (long long)answer_int(a->params, "run"));
    } else if (strcmp(a->method, "dag.backfill") == 0) {
        const char *name = answer_text(a->params, "name");
        const struct dag_row *d = dag_list_find(&dags_of(s)->list, name);
        bool paused = d && d->paused;
        screen_say(s, paused ? STYLE_ATTENTION : STYLE_PLAIN,
                   "backfill %s: %lld runs, %lld new, %lld again, %lld going on%s", name,
                   (long long)answer_int(a->result, "intervals"),
                   (long long)answer_int(a->result, "created"),
                   (long long)answer_int(a->result, "again"),
                   (long long)answer_int(a->result, "active"), paused ? "; paused, u resumes" : "");
    } else if (strcmp(a->method, "dag.cancel") == 0) {
        screen_say(s, STYLE_PLAIN, "run %lld is told to end",
                   (long long)answer_int(a->params, "run"));
    } else if (strcmp(a->method, "dag.pause") == 0) {
        screen_say(s, STYLE_PLAIN, "%s is paused: it runs only when triggered",
                   answer_text(a->params, "name"));
    } else if (strcmp(a->method, "dag.unpause") == 0) {
        screen_say(s, STYLE_PLAIN, "%s runs by itself again", answer_text(a->params, "name"));
    } else {
        screen_say(s, STYLE_PLAIN, "%s: done", label);
    }
    return true;
}
