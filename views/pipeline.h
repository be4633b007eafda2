/*
 * How everything does, before the details: the strip from the WAL to the marts, the bottleneck in
 * words, what will be full and when, servers and connectors a line each.
 *
 * Thread rule: as the screen's.
 */
#ifndef VIEWS_PIPELINE_H
#define VIEWS_PIPELINE_H

#include "views/screen.h"

enum pipeline_station {
    STATION_WAL,
    STATION_CAPTURE,
    STATION_TOPICS,
    STATION_RAW,
    STATION_DWH,
    STATION_MARTS,
    STATIONS
};

enum { PIPELINE_POINTS = 20 };

/* The course of each station's figure, the newest last; NAN: not known. */
struct pipeline_course {
    double points[STATIONS][PIPELINE_POINTS];
};
/* The recorder's figure of a station. */
const char *pipeline_figure(enum pipeline_station i);
/* From what this console has seen itself. */
void pipeline_course_of(const struct history *h, struct pipeline_course *out);

/* One column a station, a row a station where it is narrow. course NULL: without sparklines. Each
 * returns the row below. */
int draw_pipeline(const struct screen *s, struct grid *g, struct rect r,
                  const struct pipeline_course *course);
/* At most two rows, as many as `room`. */
int draw_bottleneck(const struct screen *s, struct grid *g, struct rect r, int y, int room);
/* One row: what is full first. */
int draw_disaster(const struct screen *s, struct grid *g, struct rect r, int y);
/* A line a server, slot and the connectors: at most `room` rows, the worst ones where not all fit;
 * one row, when all is well, says that. */
int draw_health(const struct screen *s, struct grid *g, struct rect r, int y, int room);

#endif
