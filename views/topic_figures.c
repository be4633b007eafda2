#include "views/topic_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/buf.h"

/* Figures hold for so long; where a size was not reached in time, shorter. */
static const int64_t FIGURES_US = 60 * INT64_C(1000000), UNKNOWN_US = 3 * INT64_C(1000000);

static size_t place_of(const struct topic_figures *l, const char *name)
{
    size_t low = 0;
    size_t high = l->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(l->items[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct topic_figure *topic_figures_find(const struct topic_figures *l, const char *name)
{
    size_t i = place_of(l, name);
    return i < l->n && strcmp(l->items[i].name, name) == 0 ? &l->items[i] : NULL;
}

/* NULL without memory. */
static struct topic_figure *make(struct topic_figures *l, const char *name)
{
    size_t i = place_of(l, name);
    if (i < l->n && strcmp(l->items[i].name, name) == 0)
        return &l->items[i];
    char *copy = strdup(name);
    struct topic_figure *f = copy ? realloc(l->items, (l->n + 1) * sizeof *f) : NULL;
    if (!f) {
        free(copy);
        return NULL;
    }
    l->items = f;
    memmove(f + i + 1, f + i, (l->n - i) * sizeof *f);
    l->n++;
    f[i] = (struct topic_figure){.name = copy};
    return &f[i];
}

static char *settings_text(const json_t *settings)
{
    struct buf b;
    const char *name;
    json_t *v;
    buf_init(&b, 0);
    json_object_foreach((json_t *)(uintptr_t)settings, name, v)
    {
        buf_printf(&b, "%s%s=%s", b.len ? ", " : "", name,
                   json_string_value(v) ? json_string_value(v) : "");
    }
    char *text = b.len && !buf_failed(&b) ? strdup(buf_cstr(&b)) : NULL;
    buf_free(&b);
    return text;
}

static double real_of(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

void topic_figures_take(struct topic_figures *l, const json_t *topic, int64_t now_us)
{
    const char *name = json_string_value(json_object_get(topic, "name"));
    const json_t *settings = json_object_get(topic, "settings");
    const char *policy = json_string_value(json_object_get(settings, "cleanup.policy"));
    struct topic_figure *f = name ? make(l, name) : NULL;
    if (!f)
        return;
    f->size_bytes = real_of(topic, "size_bytes");
    f->record_bytes = real_of(topic, "record_bytes");
    f->retention_ms = json_integer_value(json_object_get(topic, "retention_ms"));
    f->compacted = policy && strstr(policy, "compact");
    free(f->settings);
    f->settings = settings_text(settings);
    f->until_us = now_us + (isnan(f->size_bytes) ? UNKNOWN_US : FIGURES_US);
}

void topic_figures_free(struct topic_figures *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->items[i].name);
        free(l->items[i].settings);
    }
    free(l->items);
    *l = (struct topic_figures){.n = 0};
}
