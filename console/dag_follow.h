/*
 * What takes as long as a run does: waiting for it, a backfill's progress, its logs. SIGINT ends
 * the looking, never the run. Thread rule: the main thread.
 */
#ifndef CONSOLE_DAG_FOLLOW_H
#define CONSOLE_DAG_FOLLOW_H

#include "backend/serve/client.h"
#include "console/options.h"

/* From here on SIGINT and SIGTERM only end what waits. */
void dag_follow_start(void);

/* Waits for the run's end; *answer is dag.run's, a new reference, NULL unless EXIT_DONE. */
int dag_follow_to_end(const struct arguments *a, struct client *c, int64_t run, json_t **answer);

/* Waits for the run's end and prints it. Exit code: 0 for success, 1, 130. */
int dag_follow_run(const struct arguments *a, struct client *c, int64_t run);

/* Says on stderr that the DAG is paused, so that no backfill begins, and how it goes on; *paused:
 * was that said already? */
int dag_follow_say_paused(const struct arguments *a, struct client *c, const char *dag,
                          bool *paused);

/* Prints each run of a backfill as it ends. answer: of dag.backfill. */
int dag_follow_backfill(const struct arguments *a, struct client *c, const char *dag,
                        const json_t *answer);

/* The logs of a run's tasks (task NULL: all). try 0: all tries. follow: until the run is over. */
int dag_follow_logs(const struct arguments *a, struct client *c, int64_t run, const char *task,
                    int attempt, bool follow);

#endif
