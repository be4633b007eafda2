/*
 * The subcommands: one table (command_table.c) from which dispatch, `help`, the manual page and the
 * shells' completions derive.
 *
 * A command is `int cmd_<name>(int argc, char **argv)` in console/cmd_<name>.c. argv[0] is the
 * command's name; it reads the rest with arguments_read (options.h), and returns an exit code of
 * exit_codes.h. Output goes to stdout, words about errors to stderr.
 */
#ifndef CONSOLE_COMMANDS_H
#define CONSOLE_COMMANDS_H

#include "backend/base/buf.h"

struct command_option {
    const char *name;     /* long name without dashes */
    char letter;          /* 0: none */
    const char *argument; /* what its value is called (FILE, N); NULL: a flag */
    const char *help;
    const char *const *words; /* the allowed values, NULL-terminated; NULL: any */
};

struct command_verb {
    const char *name;
    const char *arguments; /* synopsis; "" for none */
    const char *summary;
    int min_words; /* behind the verb */
    int max_words; /* -1: any number */
};

struct command {
    const char *name;
    const char *arguments; /* synopsis of the words; verbs have their own; "" for none */
    const char *summary;   /* one line */
    const char *details;   /* paragraphs, parted by an empty line; may be NULL */
    const char *example;   /* a line or several; may be NULL */
    const struct command_option *options; /* ended by name NULL; may be NULL */
    const struct command_verb *verbs;     /* ended by name NULL; may be NULL */
    int min_words;
    int max_words; /* -1: any number */
    int (*run)(int argc, char **argv);
};

/* In the order of help; NULL after the last. */
const struct command *command_at(int i);
const struct command *command_find(const char *name);

/* Options that every command has: --config, --help. Ended by name NULL. */
const struct command_option *command_global_options(void);

/* The whole program: finds the command, runs it, returns the exit code. */
int command_main(int argc, char **argv);

/* ---- pages that derive from the table (command_pages.c) ---- */
void command_page_overview(struct buf *out);                     /* flightdeck help */
void command_page_one(const struct command *c, struct buf *out); /* flightdeck help COMMAND */
void command_page_manual(struct buf *out);                       /* flightdeck.1, man(7) */
void command_page_markdown(struct buf *out);                     /* docs/commands.md */
void command_page_bash(struct buf *out);
void command_page_zsh(struct buf *out);

/* ---- the commands ---- */
int cmd_alert(int argc, char **argv);
int cmd_batch(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_connector(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_dag(int argc, char **argv);
int cmd_dashboard(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_engine(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_model(int argc, char **argv);
int cmd_refresh(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_source(int argc, char **argv);
int cmd_sql(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_topic(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_warehouse(int argc, char **argv);

#endif
