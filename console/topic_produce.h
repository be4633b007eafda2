/* `flightdeck topic produce`: one record, written by the engine, which keeps a record of who did
 * it. Thread rule: one thread. */
#ifndef CONSOLE_TOPIC_PRODUCE_H
#define CONSOLE_TOPIC_PRODUCE_H

#include "console/options.h"

/* Returns an exit code. */
int topic_produce(const struct arguments *a);

#endif
