#include "console/tui_actions.h"

#include <stdio.h>
#include <string.h>

/* A connector and a topic may have one name; a run has a number. */
static void name_object(const struct effect *e, char *out, size_t n)
{
    const char *name = json_string_value(json_object_get(e->params, "name"));
    const json_t *run = json_object_get(e->params, "run");
    char number[32] = "";
    if (!name)
        name = json_string_value(json_object_get(e->params, "id"));
    if (!name && json_is_integer(run))
        (void)snprintf(number, sizeof number, "run %lld", (long long)json_integer_value(run));
    (void)snprintf(out, n, "%.*s %s", (int)strcspn(e->method, "."), e->method,
                   name ? name : number);
}

struct tui_action *tui_actions_add(struct tui_actions *t, struct effect *effect, int64_t now_us,
                                   char *why, size_t n)
{
    struct tui_action *free_one = NULL;
    char object[sizeof t->all[0].object];
    name_object(effect, object, sizeof object);
    for (int i = 0; i < ACTIONS_MAX; i++) {
        struct tui_action *a = &t->all[i];
        if (!a->id) {
            free_one = free_one ? free_one : a;
        } else if (strcmp(a->object, object) == 0) {
            (void)snprintf(why, n, "%s is not answered yet: %s was not asked", a->label,
                           effect->label);
            return NULL;
        }
    }
    if (!free_one) {
        (void)snprintf(why, n, "%d orders are not answered yet: %s was not asked", ACTIONS_MAX,
                       effect->label);
        return NULL;
    }
    *free_one =
        (struct tui_action){.method = effect->method, .params = effect->params, .asked_us = now_us};
    effect->params = NULL;
    (void)snprintf(free_one->label, sizeof free_one->label, "%s", effect->label);
    (void)snprintf(free_one->object, sizeof free_one->object, "%s", object);
    return free_one;
}

struct tui_action *tui_actions_find(struct tui_actions *t, int64_t id)
{
    for (int i = 0; id && i < ACTIONS_MAX; i++)
        if (t->all[i].id == id)
            return &t->all[i];
    return NULL;
}

void tui_action_forget(struct tui_action *a)
{
    json_decref(a->params);
    *a = (struct tui_action){.id = 0};
}

void tui_actions_forget(struct tui_actions *t)
{
    for (int i = 0; i < ACTIONS_MAX; i++)
        tui_action_forget(&t->all[i]);
}

bool tui_actions_idle(const struct tui_actions *t)
{
    for (int i = 0; i < ACTIONS_MAX; i++)
        if (t->all[i].id)
            return false;
    return true;
}

bool tui_actions_words(const struct tui_actions *t, int64_t since_us, char *out, size_t n)
{
    const struct tui_action *oldest = NULL;
    int more = -1;
    for (int i = 0; i < ACTIONS_MAX; i++) {
        const struct tui_action *a = &t->all[i];
        if (!a->id || a->asked_us > since_us)
            continue;
        more++;
        if (!oldest || a->asked_us < oldest->asked_us)
            oldest = a;
    }
    if (more > 0)
        (void)snprintf(out, n, "%s, and %d more", oldest->label, more);
    else if (oldest)
        (void)snprintf(out, n, "%s", oldest->label);
    return oldest != NULL;
}

int64_t tui_actions_slow_us(const struct tui_actions *t, int64_t now_us)
{
    int64_t at = INT64_MAX;
    for (int i = 0; i < ACTIONS_MAX; i++) {
        int64_t slow = t->all[i].asked_us + ACTIONS_SLOW_US;
        if (t->all[i].id && slow > now_us && slow < at)
            at = slow;
    }
    return at;
}
