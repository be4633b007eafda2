/*
 * The live figures of one connector. Written by its threads, read by the status sampler: all
 * atomic, no locks. What is not known is -1.
 */
#ifndef ENGINE_FIGURES_H
#define ENGINE_FIGURES_H

#include <stdatomic.h>
#include <stdint.h>

struct figures {
    _Atomic int64_t records; /* row changes committed since the engine started */
    _Atomic int64_t bytes;
    _Atomic int64_t errors; /* failures that made it start anew */
    _Atomic int64_t dead_letters;
    _Atomic int64_t restarts;
    _Atomic int64_t
        newest_commit_us; /* source clock of the newest change that is through; 0: none yet */
    _Atomic int64_t last_latency_us; /* that change's commit at the source -> committed by us */
    _Atomic uint64_t confirmed_lsn;  /* source: told to the slot */
    _Atomic uint64_t server_lsn;     /* source: the server's end of WAL as last told */
    _Atomic int64_t snapshot_tables; /* source: tables of a running snapshot; 0: none runs */
    _Atomic int64_t snapshot_done;
    _Atomic int64_t commits;
    _Atomic int64_t
        caught_up; /* sink: 1 when the end of every partition has been reached and is committed */
    _Atomic int64_t
        clamped; /* source: values outside of their form, of which the nearest was written */
};

#endif
