/* What the verbs of `flightdeck model` share. Thread rule: one thread. */
#ifndef CONSOLE_MODEL_COMMAND_H
#define CONSOLE_MODEL_COMMAND_H

#include "backend/model/model.h"
#include "console/options.h"

struct model_command {
    const struct arguments *a;
    struct config *config; /* NULL: none was needed and none is there */
    const char *file;      /* of the model */
    struct model *model;
};

/* Exit codes. A file is new: one that is there is not written over. */
int model_print(struct buf *out);
int model_save(const struct model_command *c, const char *path, struct buf *out);

int model_check(struct model_command *c); /* model_check.c: reads the model itself */
int model_docs(struct model_command *c);  /* model_docs.c */

#endif
