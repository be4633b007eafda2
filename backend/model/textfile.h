/* Files of a configuration, read whole. Thread rule: any thread. */
#ifndef MODEL_TEXTFILE_H
#define MODEL_TEXTFILE_H

#include "backend/base/arena.h"
#include "backend/base/buf.h"

enum { TEXTFILE_MAX = 1 << 20 };

/* ERR_IO (ERR_NOT_FOUND: there is none), ERR_LIMIT above TEXTFILE_MAX. */
enum err textfile_read(const char *path, struct buf *out, struct errbuf *e) MUST_CHECK;

/* The YAML files of a folder by name, as paths; for a file: itself. *out is NULL-terminated, in the
 * arena. */
enum err textfile_list(const char *path, struct arena *a, const char *const **out,
                       struct errbuf *e) MUST_CHECK;

/*
 * An SQL file that a YAML file names: beside the YAML file, else among the embedded queries
 * ("marts/a.sql" is query_text("marts/a")). The text is in the arena or static. ERR_NOT_FOUND says
 * where it was looked for.
 */
enum err textfile_sql(const char *yaml_file, const char *name, struct arena *a, const char **out,
                      struct errbuf *e) MUST_CHECK;

#endif
