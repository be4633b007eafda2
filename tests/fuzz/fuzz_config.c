/*
 * The configuration on any bytes. One that is accepted is shown, and what is shown is accepted
 * again (unless a secret was masked away).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/secret.h"
#include "backend/engine/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct config *parse(const char *text, size_t n)
{
    struct config *c = NULL;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    enum err rc = config_parse(text, n, "/nowhere/flightdeck.yaml", &c, &faults, &e);
    if ((rc == ERR_OK) != (c != NULL) || (rc == ERR_CONFIG && faults.total == 0))
        abort();
    faults_free(&faults);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    /* Files of this machine are no input of ours. */
    if (memmem(data, n, "file:", 5))
        return 0;
    struct config *c = parse((const char *)data, n);
    if (!c)
        return 0;
    struct buf shown;
    buf_init(&shown, 0);
    config_show(c, true, &shown);
    buf_clear(&shown);
    config_show(c, false, &shown);
    if (!strstr(buf_cstr(&shown), "***\"") && !strstr(buf_cstr(&shown), "=***")) {
        struct config *again = parse(shown.p, shown.len);
        if (!again)
            abort();
        config_free(again);
    }
    buf_free(&shown);
    config_free(c);
    return 0;
}
