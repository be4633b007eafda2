/* What refresh.c and refresh_task.c share. Not for others. */
#ifndef ENGINE_REFRESH_RUN_H
#define ENGINE_REFRESH_RUN_H

#include <pthread.h>

#include "backend/engine/refresh.h"

struct refresh {
    const struct config *config;
    struct declared declared; /* the loader reads the model again when it connects */
    pthread_mutex_t loading;  /* guards the loader */
    struct model_loader *loader;
};

#endif
