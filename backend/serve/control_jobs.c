#include "backend/serve/control_jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/log.h"

struct list {
    struct control_job *first, *last;
    int n;
};

struct control_jobs {
    const struct control_options *o;
    int wake_fd;
    int n_threads; /* that run */
    pthread_t threads[CONTROL_JOBS_THREADS_MAX];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool ending;
    struct list waiting, done;
};

static void put(struct list *l, struct control_job *job)
{
    job->next = NULL;
    if (l->last)
        l->last->next = job;
    else
        l->first = job;
    l->last = job;
    l->n++;
}

static struct control_job *take(struct list *l)
{
    struct control_job *job = l->first;
    if (!job)
        return NULL;
    l->first = job->next;
    if (!l->first)
        l->last = NULL;
    l->n--;
    return job;
}

void control_job_free(struct control_job *job)
{
    if (!job)
        return;
    buf_free(&job->out);
    free(job->line);
    free(job);
}

static void wake(const struct control_jobs *j)
{
    uint64_t one = 1;
    if (write(j->wake_fd, &one, sizeof one) < 0)
        log_warning("control", "cannot wake the control server: %m"); /* it wakes by itself */
}

static void *jobs_main(void *arg)
{
    struct control_jobs *j = arg;
    (void)pthread_mutex_lock(&j->mutex);
    for (;;) {
        while (!j->waiting.first && !j->ending)
            (void)pthread_cond_wait(&j->changed, &j->mutex);
        struct control_job *job = take(&j->waiting);
        bool refused = j->ending;
        if (!job)
            break;
        (void)pthread_mutex_unlock(&j->mutex);
        if (refused)
            control_refuse(job->line, job->n, ERR_STATE, "the engine is stopping", &job->out);
        else
            control_dispatch(j->o, &job->peer, job->line, job->n, &job->out);
        (void)pthread_mutex_lock(&j->mutex);
        put(&j->done, job);
        wake(j);
    }
    (void)pthread_mutex_unlock(&j->mutex);
    return NULL;
}

enum err control_jobs_start(const struct control_options *o, int threads, int wake_fd,
                            struct control_jobs **out, struct errbuf *e)
{
    *out = NULL;
    struct control_jobs *j = calloc(1, sizeof *j);
    if (!j)
        return err_set(e, ERR_NOMEM, "no memory for the control server");
    j->o = o;
    j->wake_fd = wake_fd;
    (void)pthread_mutex_init(&j->mutex, NULL);
    (void)pthread_cond_init(&j->changed, NULL);
    while (j->n_threads < threads &&
           pthread_create(&j->threads[j->n_threads], NULL, jobs_main, j) == 0)
        j->n_threads++;
    if (j->n_threads < threads) {
        control_jobs_destroy(j);
        return err_set(e, ERR_NOMEM, "cannot start the control server's threads for what waits");
    }
    *out = j;
    return ERR_OK;
}

enum err control_jobs_add(struct control_jobs *j, uint64_t conn, const struct control_peer *peer,
                          const char *line, size_t n, struct errbuf *e)
{
    enum err rc = ERR_OK;
    struct control_job *job = calloc(1, sizeof *job);
    if (job)
        job->line = malloc(n + 1);
    if (!job || !job->line) {
        free(job);
        return err_set(e, ERR_NOMEM, "no memory for the request");
    }
    memcpy(job->line, line, n);
    job->line[n] = '\0';
    job->n = n;
    job->conn = conn;
    job->peer = *peer;
    buf_init(&job->out, CONTROL_ANSWER_MAX);
    (void)pthread_mutex_lock(&j->mutex);
    if (j->waiting.n >= CONTROL_JOBS_MAX)
        rc = err_set(e, ERR_LIMIT, "too many requests are waiting");
    else
        put(&j->waiting, job);
    (void)pthread_cond_signal(&j->changed);
    (void)pthread_mutex_unlock(&j->mutex);
    if (rc)
        control_job_free(job);
    return rc;
}

struct control_job *control_jobs_take(struct control_jobs *j)
{
    (void)pthread_mutex_lock(&j->mutex);
    struct control_job *job = take(&j->done);
    (void)pthread_mutex_unlock(&j->mutex);
    return job;
}

void control_jobs_end(struct control_jobs *j)
{
    (void)pthread_mutex_lock(&j->mutex);
    j->ending = true;
    (void)pthread_cond_broadcast(&j->changed);
    (void)pthread_mutex_unlock(&j->mutex);
    while (j->n_threads > 0)
        (void)pthread_join(j->threads[--j->n_threads], NULL);
}

void control_jobs_destroy(struct control_jobs *j)
{
    struct control_job *job;
    if (!j)
        return;
    control_jobs_end(j);
    while ((job = take(&j->waiting)))
        control_job_free(job);
    while ((job = take(&j->done)))
        control_job_free(job);
    (void)pthread_cond_destroy(&j->changed);
    (void)pthread_mutex_destroy(&j->mutex);
    free(j);
}
