/*
 * The engine's status out of any bytes: refused in words or read, and then with as many topics and
 * connectors as a tree of the same text has.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "views/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last member of a name counts in a tree, the first one in the text: then nothing is said. */
static void compare(const json_t *tree, const struct snapshot *s)
{
    if (s->topic_count != json_array_size(json_object_get(tree, "topics")) ||
        s->connector_count != json_array_size(json_object_get(tree, "connectors")))
        abort();
    for (size_t i = 0; i < s->topic_count; i++) {
        const json_t *topic = json_array_get(json_object_get(tree, "topics"), i);
        const char *name = json_string_value(json_object_get(topic, "name"));
        if (strcmp(s->topics[i].name, name ? name : "") != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot *s;
    struct errbuf e;
    if (snapshot_from_text((const char *)data, size, &s, &e) != ERR_OK) {
        if (s || !e.text[0])
            abort();
        return 0;
    }
    json_t *tree = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (tree)
        compare(tree, s);
    json_decref(tree);
    snapshot_free(s);
    return 0;
}
