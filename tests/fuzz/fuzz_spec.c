/* The YAML of marts, dashboards and data tests, and SQL files: any bytes are read or refused in
 * words. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/model/dashboard.h"
#include "backend/model/datatest.h"
#include "backend/model/mart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_script(const char *text)
{
    struct errbuf e;
    struct script *s = NULL;
    struct arena *a = arena_create(4096);
    if (a && !script_parse("f.sql", text, a, &s, &e))
        assert(s->n > 0 && s->statements[0].sql[0] != '\0');
    arena_destroy(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faults f;
    char *text = malloc(size + 1);
    struct marts *m = marts_create();
    struct datatests *t = datatests_create();
    struct dashboards *d = dashboards_create();
    if (text && m && t && d) {
        memcpy(text, data, size);
        text[size] = '\0';
        faults_init(&f);
        marts_add_text(m, "fuzz/m.yaml", text, size, &f);
        assert(marts_count(m) == 0 || f.total == 0);
        faults_free(&f);
        faults_init(&f);
        datatests_add_text(t, "fuzz/t.yaml", text, size, &f);
        for (int i = 0; i < datatests_count(t); i++) {
            const struct datatest *test = datatests_at(t, i);
            struct buf sql;
            buf_init(&sql, 0);
            datatest_compile(test, "postgresql", &sql);
            assert(sql.len > 0 || test->kind == DATATEST_SQL);
            buf_free(&sql);
        }
        faults_free(&f);
        faults_init(&f);
        dashboards_add_text(d, "fuzz/d.yaml", text, size, &f);
        assert(dashboards_count(d) == 0 || f.total == 0);
        faults_free(&f);
        read_script(text);
    }
    dashboards_free(d);
    datatests_free(t);
    marts_free(m);
    free(text);
    return 0;
}
