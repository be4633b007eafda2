/* Fuzzer of the control server's dispatcher: a line of outside bytes, an answer of one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/serve/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum err echo(void *arg, const struct control_peer *peer, const json_t *params,
                     json_t **result, struct errbuf *e)
{
    (void)arg;
    (void)peer;
    const char *name;
    enum err rc = control_param_string(params, "name", &name, e);
    *result = json_deep_copy(params);
    return rc;
}

static enum err hello(void *arg, const struct control_peer *peer, const json_t *params,
                      json_t **result, struct errbuf *e)
{
    (void)arg;
    (void)peer;
    (void)result;
    return control_check_protocol(params, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct control_method methods[] = {{"a", echo, CONTROL_MUTATES},
                                                    {"engine.hello", hello, CONTROL_READS}};
    static const struct control_options o = {.path = "", .methods = methods, .method_count = 2};
    struct control_peer peer = {.uid = 1, .pid = 1, .user = "fuzz"};
    struct buf out;
    buf_init(&out, CONTROL_ANSWER_MAX);
    control_dispatch(&o, &peer, (const char *)data, n, &out);
    if (buf_failed(&out))
        abort();
    if (out.len) { /* one line, and it is JSON */
        if (memchr(out.p, '\n', out.len) != out.p + out.len - 1)
            abort();
        json_t *answer = json_loadb(out.p, out.len - 1, 0, NULL);
        if (!answer)
            abort();
        json_decref(answer);
    }
    buf_clear(&out);
    if (control_waits(&o, (const char *)data, n)) /* none of the two does */
        abort();
    control_refuse((const char *)data, n, ERR_STATE, "not now", &out);
    if (out.len && out.p[out.len - 1] != '\n')
        abort();
    buf_free(&out);
    return 0;
}
