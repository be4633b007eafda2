/*
 * The records of a topic on screen: a window of at most MESSAGES_KEPT, newest first, that moves as
 * the person goes on, follows what comes, or goes to a place; and one record opened.
 *
 * Ownership: a struct messages owns what it holds (messages_close). Thread rule: the screen's.
 */
#ifndef VIEWS_TOPIC_MESSAGES_H
#define VIEWS_TOPIC_MESSAGES_H

#include "views/pane.h"
#include "views/topic_from.h"

enum { MESSAGES_KEPT = 2000, MESSAGES_PAGE = 100, MESSAGES_ALL = -1 };

struct message_row {
    json_t *record;  /* as topic.messages gives it */
    char key[48];    /* "PARTITION-OFFSET" */
    char *summary;   /* of its value, one line */
    char *short_key; /* NULL: none */
};

struct messages {
    bool open;
    char topic[TABLE_KEY_MAX];
    int partition; /* MESSAGES_ALL */
    char filter[TABLE_FILTER_MAX];
    struct topic_from from; /* where it begins: TOPIC_FROM_END unless the person chose */
    bool follow;
    bool loaded;  /* an answer has come */
    bool late;    /* the last one could not be looked through in time */
    bool missing; /* there were more new ones than were read */
    char error[ERRBUF_TEXT_MAX];
    int64_t looked; /* records, since it was opened or filtered */
    struct message_row *rows;
    size_t n;
    json_t *before, *after; /* cursors; NULL: none yet */
    bool more_before, more_after;
    struct table_state table;
    /* one record */
    bool detail;
    char opened[48];  /* its row's key */
    json_t *record;   /* whole, once it has come; NULL */
    json_t *schema;   /* the record of its schema; NULL */
    bool schema_told; /* it has come, or there is none */
    int depth;
};

/* Those of the pane of topics. */
struct messages *topics_messages(const struct screen *s);

void messages_open(struct screen *s, struct messages *m, const char *topic, int partition);
void messages_close(struct messages *m);
/* Esc: true when it went a level up within. */
bool messages_back(struct screen *s, struct messages *m);

void messages_model(const struct messages *m, struct table_model *model);
bool messages_ask(const struct messages *m, bool still, int i, struct ask *out);
/* Whether the answer was one of these. */
bool messages_take(struct screen *s, struct messages *m, const struct answer *a);

void messages_open_record(struct screen *s, struct messages *m);
void messages_unfold(struct messages *m);
void messages_toggle_follow(struct screen *s, struct messages *m);
/* From prompts. */
void messages_set_filter(struct screen *s, struct messages *m, const char *text);
void messages_seek(struct screen *s, struct messages *m, const char *text);

/* The record that is opened or selected; NULL. */
const json_t *messages_record(const struct messages *m);

void messages_render(struct screen *s, struct messages *m, struct grid *g, struct rect r);

#endif
