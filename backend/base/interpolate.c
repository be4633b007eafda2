#include "backend/base/interpolate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_MAX_BYTES = 1024, SECRET_FILE_MAX = 64 * 1024, VALUE_MAX = 1 << 20 };

const char *pairs_get(const char *const *pairs, const char *name)
{
    for (; pairs && pairs[0]; pairs += 2)
        if (strcmp(pairs[0], name) == 0)
            return pairs[1];
    return NULL;
}

static enum err read_whole(const char *path, struct buf *out, struct errbuf *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(e, ERR_CONFIG, "${file:..}: cannot read %s", path);
    char block[4096];
    size_t n;
    while (!buf_failed(out) && (n = fread(block, 1, sizeof block, f)) > 0)
        buf_add(out, block, n);
    bool bad = ferror(f);
    (void)fclose(f);
    if (bad)
        return err_set(e, ERR_CONFIG, "${file:..}: cannot read %s", path);
    if (buf_failed(out))
        return err_set(e, ERR_CONFIG, "${file:..}: %s is larger than %d bytes", path,
                       SECRET_FILE_MAX);
    if (memchr(out->p ? out->p : "", '\0', out->len))
        return err_set(e, ERR_CONFIG, "${file:..}: %s holds a zero byte", path);
    return ERR_OK;
}

static void full_path(const struct interpolate *in, const char *path, struct buf *out)
{
    if (path[0] != '/' && in->directory)
        buf_printf(out, "%s/", in->directory);
    buf_str(out, path);
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* KEY's value of a properties file: "key=value" or "key: value" a line, # and ! begin comments. */
static bool property(const char *text, const char *key, struct buf *out)
{
    size_t n = strlen(key);
    for (const char *line = text; line && *line;) {
        const char *end = strchr(line, '\n');
        const char *stop = end ? end : line + strlen(line);
        while (line < stop && (*line == ' ' || *line == '\t'))
            line++;
        if ((size_t)(stop - line) > n && strncmp(line, key, n) == 0) {
            const char *p = line + n;
            while (p < stop && (*p == ' ' || *p == '\t'))
                p++;
            if (p < stop && (*p == '=' || *p == ':')) {
                for (p++; p < stop && (*p == ' ' || *p == '\t'); p++)
                    ;
                if (stop > p && stop[-1] == '\r')
                    stop--;
                buf_add(out, p, (size_t)(stop - p));
                return true;
            }
        }
        line = end ? end + 1 : NULL;
    }
    return false;
}

static enum err from_file(const struct interpolate *in, char *path, struct buf *out,
                          struct errbuf *e)
{
    enum err rc = ERR_OK;
    struct buf name, content;
    buf_init(&name, 0);
    buf_init(&content, SECRET_FILE_MAX);
    full_path(in, path, &name);
    char *colon = strrchr(path, ':');
    if (colon && colon[1] && !is_file(buf_cstr(&name))) {
        *colon = '\0';
        buf_clear(&name);
        full_path(in, path, &name);
        rc = read_whole(buf_cstr(&name), &content, e);
        if (rc == ERR_OK && !property(buf_cstr(&content), colon + 1, out))
            rc = err_set(e, ERR_CONFIG, "${file:..}: %s has no line for `%s`", buf_cstr(&name),
                         colon + 1);
    } else {
        rc = read_whole(buf_cstr(&name), &content, e);
        while (content.len && strchr("\r\n", content.p[content.len - 1]))
            content.len--;
        buf_add(out, content.p, content.len);
    }
    buf_free(&content);
    buf_free(&name);
    return rc;
}

static enum err one(const struct interpolate *in, char *name, struct buf *out, struct errbuf *e)
{
    if (strncmp(name, "file:", 5) == 0)
        return from_file(in, name + 5, out, e);
    bool env_only = strncmp(name, "env:", 4) == 0;
    if (env_only)
        name += 4;
    const char *value = env_only ? NULL : pairs_get(in->variables, name);
    if (!value)
        value = getenv(name);
    if (!value && strchr(name, ':'))
        return err_set(e, ERR_CONFIG,
                       "${%s}: only ${NAME}, ${env:NAME} and ${file:PATH} are known here", name);
    if (!value)
        return err_set(e, ERR_CONFIG,
                       "${%s} is not defined: give it in the environment%s, or write $${ for a "
                       "literal ${",
                       name, env_only ? "" : " or under `variables`");
    buf_str(out, value);
    return ERR_OK;
}

static bool kept(const struct interpolate *in, const char *name)
{
    for (const char *const *k = in->keep; k && *k; k++)
        if (strcmp(*k, name) == 0)
            return true;
    return false;
}

enum err interpolate(const struct interpolate *in, const char *text, struct buf *out,
                     struct errbuf *e)
{
    for (const char *p = text; *p;) {
        if (strncmp(p, "$${", 3) == 0) {
            buf_lit(out, "${");
            p += 3;
            continue;
        }
        if (strncmp(p, "${", 2) != 0) {
            buf_ch(out, *p++);
            continue;
        }
        const char *end = strchr(p, '}');
        char name[NAME_MAX_BYTES];
        size_t n = end ? (size_t)(end - p - 2) : 0;
        if (!end)
            return err_set(e, ERR_CONFIG, "${ without }; write $${ for a literal ${");
        if (n == 0 || n >= sizeof name)
            return err_set(e, ERR_CONFIG, "${} needs a name of 1 to %d bytes", NAME_MAX_BYTES - 1);
        memcpy(name, p + 2, n);
        name[n] = '\0';
        if (kept(in, name)) {
            buf_add(out, p, n + 3);
        } else {
            enum err rc = one(in, name, out, e);
            if (rc != ERR_OK)
                return rc;
        }
        p = end + 1;
    }
    return out->len > VALUE_MAX
               ? err_set(e, ERR_CONFIG, "a value is larger than %d bytes", VALUE_MAX)
               : buf_check(out, "value", e);
}
