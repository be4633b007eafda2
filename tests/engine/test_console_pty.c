/*
 * The console as a person has it: the real program on a pseudo terminal, its screen read through a
 * terminal emulator, against a fake engine on a real socket. What matters here is what only a
 * terminal shows: that it is given back, that keys are answered whatever the engine does, and that
 * nothing is written when nothing changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "tests/fixture/fake_engine.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"

enum { IDLE_MS = 3000, IDLE_TRIES = 5 };

static char dir[32];
static char path[64];

/* What a test opened; closed behind it, however it ends. */
static struct terminal *t;
static struct fake_engine *f;

static void open_console(int h, int w, const char *const *env, const char *option)
{
    char *argv[] = {(char *)harness_binary(), (char *)"console",
                    (char *)"--socket",       path,
                    (char *)option,           NULL};
    t = terminal_start(h, w, env, argv);
    assert_non_null(t);
}

static void open_engine(void)
{
    f = fake_engine_start(path);
    assert_non_null(f);
}

static void close_terminal(void)
{
    terminal_stop(t);
    t = NULL;
}

static void close_engine(void)
{
    fake_engine_stop(f);
    f = NULL;
}

static int close_all(void **state)
{
    (void)state;
    close_terminal();
    close_engine();
    return 0;
}

static void assert_given_back(void)
{
    assert_false(terminal_alternate(t));
    assert_true(terminal_cursor_visible(t));
    assert_true(terminal_is_cooked(t));
}

static void test_panes_and_leaving(void **state)
{
    (void)state;
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_true(terminal_alternate(t));
    assert_false(terminal_cursor_visible(t));
    assert_true(terminal_shows(t, "airline  DEMO"));
    terminal_type(t, "2");
    assert_true(terminal_shows(t, "✗ FAILED"));
    terminal_type(t, "G\r");
    assert_true(terminal_shows(t, "connector.class"));
    assert_true(terminal_shows(t, "in batch 812"));
    terminal_type(t, "\x1b");
    assert_true(terminal_shows(t, "Connectors (3)"));
    terminal_type(t, "3");
    assert_true(terminal_shows(t, "postgres.bookings.города"));
    terminal_type(t, "\r");
    assert_true(terminal_shows(t, "24,101"));
    terminal_type(t, "0");
    assert_true(terminal_shows(t, "Events (3), following"));
    fake_engine_event(f, "info", "flights-sink", "a new one");
    assert_true(terminal_shows(t, "a new one"));
    terminal_type(t, "/ticke");
    assert_true(terminal_hides(t, "a new one"));
    assert_true(terminal_cursor_visible(t));
    terminal_type(t, "\r?");
    assert_true(terminal_shows(t, "What can be done here"));
    terminal_type(t, "?:conn\t\r");
    assert_true(terminal_shows(t, "Connectors (3)"));
    terminal_type(t, "q");
    int status;
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_given_back();
    assert_true(terminal_shows(t, "The engine goes on (pid 4711)"));
}

static void test_acting(void **state)
{
    (void)state;
    char params[128];
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "2jp");
    assert_true(terminal_shows(t, "Pause connector flights-sink?"));
    terminal_type(t, "n");
    assert_true(terminal_hides(t, "Pause connector"));
    assert_int_equal(fake_engine_calls(f, "connector.pause"), 0);
    terminal_type(t, "py");
    assert_true(terminal_shows(t, "flights-sink is PAUSED")); /* as it was read again */
    assert_true(terminal_shows(t, "▲ PAUSED"));
    assert_int_equal(fake_engine_calls(f, "connector.pause"), 1);
    fake_engine_last_params(f, "connector.pause", params, sizeof params);
    assert_string_equal(params, "{\"name\":\"flights-sink\"}");
    terminal_type(t, "uy");
    assert_true(terminal_hides(t, "▲ PAUSED"));
}

/* To the clipboard by OSC 52, and into a file that only its owner reads and that is never written
 * over. */
static void test_copy_and_export(void **state)
{
    (void)state;
    static const char clipboard[] = "\033]52;c;ZmxpZ2h0cy1zaW5r\a"; /* flights-sink */
    char file[96];
    char keys[128];
    char text[256] = "";
    struct stat st;
    (void)snprintf(file, sizeof file, "%s/e.csv", dir);
    (void)snprintf(keys, sizeof keys, "x\x15%s\r", file);
    open_engine();
    open_console(24, 100, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "2jy");
    assert_true(terminal_shows(t, "copied: flights-sink"));
    assert_true(terminal_saw(t, clipboard, sizeof clipboard - 1));
    terminal_type(t, keys);
    assert_true(terminal_shows(t, "written: "));
    FILE *out = fopen(file, "re");
    assert_non_null(out);
    assert_true(fread(text, 1, sizeof text - 1, out) > 0);
    (void)fclose(out);
    assert_memory_equal(text, "connector,state,", 16);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    terminal_type(t, keys);
    assert_true(terminal_shows(t, "is there already: nothing was written"));
    (void)unlink(file);
}

/* Only when it is asked for: a press selects, two open, the wheel moves; given back at the end. */
static void test_mouse(void **state)
{
    (void)state;
    static const char on[] = "\033[?1006;1000h";
    static const char off[] = "\033[?1006;1000l";
    int status;
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_false(terminal_saw(t, on, sizeof on - 1));
    terminal_type(t, "M");
    assert_true(terminal_shows(t, "mouse: on"));
    assert_true(terminal_saw(t, on, sizeof on - 1));
    assert_false(terminal_saw(t, off, sizeof off - 1));
    terminal_type(t, "M");
    assert_true(terminal_shows(t, "mouse: the terminal's"));
    assert_true(terminal_saw(t, off, sizeof off - 1));
    terminal_stop(t);
    open_console(24, 80, NULL, "--mouse");
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "2");
    assert_true(terminal_shows(t, "Connectors (3)"));
    terminal_type(t, "\033[<0;9;7M\033[<0;9;7m"); /* the third row, 1 is the first */
    assert_true(terminal_shows(t, "> tickets-sink"));
    terminal_type(t, "\033[<64;9;7M"); /* up */
    assert_true(terminal_shows(t, "> airline-source"));
    terminal_type(t, "\033[<0;9;6M\033[<0;9;6m\033[<0;9;6M\033[<0;9;6m");
    assert_true(terminal_shows(t, "Connector flights-sink"));
    assert_int_equal(kill(terminal_pid(t), SIGTERM), 0);
    assert_true(terminal_ended(t, &status));
    assert_true(terminal_saw(t, off, sizeof off - 1));
    assert_given_back();
}

/* Inside tmux and screen, on the Linux console and an old VT100: drawn, and given back. */
static void test_kinds_of_terminals(void **state)
{
    (void)state;
    static const char *const kinds[] = {"TERM=screen", "TERM=tmux-256color", "TERM=linux",
                                        "TERM=vt100", "TERM=xterm-256color"};
    open_engine();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *const env[] = {kinds[i], NULL};
        int status;
        open_console(24, 80, env, NULL);
        assert_true(terminal_shows(t, "Bottleneck: raw"));
        terminal_type(t, "2");
        assert_true(terminal_shows(t, "FAILED"));
        terminal_type(t, "q");
        assert_true(terminal_ended(t, &status));
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_true(terminal_is_cooked(t));
        close_terminal();
    }
}

/* From the list to one record, through the engine's answers; one made by hand in $EDITOR. */
static void test_records(void **state)
{
    (void)state;
    char script[96];
    char editor[112];
    char params[256];
    (void)snprintf(script, sizeof script, "%s/editor", dir);
    (void)snprintf(editor, sizeof editor, "EDITOR=%s", script);
    FILE *out = fopen(script, "w");
    assert_non_null(out);
    (void)fprintf(out, "#!/bin/sh\nsed -i 's/\"flight_id\": 39/\"flight_id\": 40/' \"$1\"\n");
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(script, 0700), 0);
    const char *const env[] = {editor, "VISUAL", NULL};
    open_engine();
    open_console(30, 100, env, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "3");
    assert_true(terminal_shows(t, "9.8 MB"));
    terminal_type(t, "\r");
    assert_true(terminal_shows(t, "next offset"));
    terminal_type(t, "\r");
    assert_true(terminal_shows(t, "Records of postgres.bookings.flights (100)"));
    terminal_type(t, "/key=7\r");
    assert_true(terminal_shows(t, "(5 that match key=7)"));
    terminal_type(t, "\x1b");
    assert_true(terminal_shows(t, "flights (100)"));
    terminal_type(t, "P");
    assert_true(terminal_shows(t, "key: {\"flight_id\":40}"));
    terminal_type(t, "y");
    assert_true(terminal_shows(t, "produce a record to topic postgres.bookings.flights: done"));
    assert_int_equal(fake_engine_calls(f, "topic.produce"), 1);
    fake_engine_last_params(f, "topic.produce", params, sizeof params);
    assert_non_null(strstr(params, "\"key\":{\"flight_id\":40}"));
    terminal_type(t, "\r");
    assert_true(terminal_shows(t, "\"status\": \"Departed\""));
    assert_true(terminal_shows(t, "flightdeck.sche"));
    assert_int_equal(unlink(script), 0);
}

/* Nothing at all may be written; the clock's minute may turn once, so a second look is fair. */
static void test_idle_writes_nothing(void **state)
{
    (void)state;
    open_engine();
    open_console(40, 120, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    size_t bytes = 1;
    for (int i = 0; i < IDLE_TRIES && bytes > 0; i++) { /* the sparklines fill up first */
        int asked = fake_engine_calls(f, "status");
        bytes = i < 1 ? terminal_idle(t, 16000) : terminal_idle(t, IDLE_MS);
        assert_true(fake_engine_calls(f, "status") >= asked + 2); /* it did look */
    }
    assert_int_equal(bytes, 0);
}

/* What is asked now and then is asked at once: the figures of a dashboard, each minute else. */
static void test_asking_again(void **state)
{
    (void)state;
    open_engine();
    open_console(50, 200, NULL, NULL);
    terminal_type(t, "5");
    assert_true(terminal_shows(t, "81,402"));
    fake_engine_move(f, 1);
    terminal_type(t, "\x12"); /* Ctrl-R */
    assert_true(terminal_hides(t, "81,402"));
    assert_int_equal(fake_engine_calls(f, "dashboard.data"), 2);
}

static void test_refresh_is_small(void **state)
{
    (void)state;
    open_engine();
    open_console(24, 80, NULL, NULL);
    terminal_type(t, "2");
    assert_true(terminal_shows(t, "tickets-sink"));
    (void)terminal_idle(t, 1500);
    size_t before = terminal_bytes(t);
    fake_engine_set(f, "connectors.0.rate_s", json_real(5200));
    fake_engine_set(f, "connectors.1.lag_records", json_integer(99));
    fake_engine_set(f, "connectors.2.lag_records", json_integer(41322));
    assert_true(terminal_shows(t, "5.2 k/s"));
    assert_true(terminal_shows(t, "41,322"));
    size_t bytes = terminal_bytes(t) - before;
    if (bytes > 300)
        fail_msg("a refresh of three figures wrote %zu bytes", bytes);
}

/* The engine hangs: keys go on working, and the age of the data is said. */
static void test_frozen_engine(void **state)
{
    (void)state;
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    fake_engine_freeze(f, true);
    assert_true(terminal_shows(t, "stale 3 s"));
    for (int i = 0; i < 20; i++) {
        int64_t before = clock_mono_us();
        terminal_type(t, i % 2 ? "3" : "2");
        assert_true(terminal_shows(t, i % 2 ? "Topics (3)" : "Connectors (3)"));
        assert_true(clock_mono_us() - before < 500000); /* far from any engine's time-out */
    }
    assert_true(terminal_shows(t, "engine silent, stale"));
    assert_true(terminal_shows(t, "postgres.bookings.flights")); /* the last data stay */
    fake_engine_freeze(f, false);
    assert_true(terminal_hides(t, "stale"));
}

static void test_engine_goes_and_comes(void **state)
{
    (void)state;
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "2G\r");
    assert_true(terminal_shows(t, "connector.class"));
    close_engine();
    assert_true(terminal_shows(t, "engine away: retrying in"));
    assert_true(terminal_shows(t, "stale"));
    assert_true(terminal_shows(t, "in batch 812")); /* the pane stays */
    terminal_type(t, "R");                          /* nothing can be changed now */
    assert_true(terminal_shows(t, "the engine is away: nothing can be changed now"));
    terminal_type(t, "\x1b");
    assert_true(terminal_shows(t, "Connectors (3)"));
    open_engine();
    fake_engine_set(f, "connectors.2.state", json_string("RUNNING"));
    assert_true(terminal_hides(t, "engine away"));
    assert_true(terminal_hides(t, "FAILED"));
}

static void test_starts_without_engine(void **state)
{
    (void)state;
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "No engine answers."));
    assert_true(terminal_shows(t, "flightdeck engine"));
    assert_true(terminal_shows(t, "retrying in 5 s")); /* the longest pause */
    open_engine();
    int64_t before = clock_mono_us();
    terminal_type(t, "\x12"); /* Ctrl-R */
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_true(clock_mono_us() - before < 3000000);
}

/* Every signal that ends it gives the terminal back and is what ended it. */
static void test_signals_give_the_terminal_back(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGSEGV, SIGABRT, SIGBUS};
    open_engine();
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        open_console(24, 80, NULL, NULL);
        terminal_type(t, "2/x"); /* with the cursor shown and a frame on screen */
        assert_true(terminal_shows(t, "nothing matches"));
        assert_true(terminal_alternate(t));
        assert_false(terminal_is_cooked(t));
        assert_int_equal(kill(terminal_pid(t), signals[i]), 0);
        int status;
        assert_true(terminal_ended(t, &status));
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_given_back();
        close_terminal();
    }
    close_engine();
}

/* The SSH connection drops: gone within a second. */
static void test_hang_up(void **state)
{
    (void)state;
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    int64_t before = clock_mono_us();
    terminal_hang_up(t);
    int status;
    assert_true(terminal_ended(t, &status));
    assert_true(clock_mono_us() - before < 1000000);
}

static void test_ctrl_z_and_back(void **state)
{
    (void)state;
    char command[4200];
    char *argv[] = {(char *)"bash", (char *)"--norc", (char *)"-i", NULL};
    static const char *const env[] = {"PS1=shell> ", "HISTFILE", NULL};
    open_engine();
    t = terminal_start(24, 80, env, argv);
    assert_non_null(t);
    assert_true(terminal_shows(t, "shell>"));
    (void)snprintf(command, sizeof command, "%s console --socket %s\r", harness_binary(), path);
    terminal_type(t, command);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "\x1a");
    assert_true(terminal_shows(t, "Stopped"));
    assert_false(terminal_alternate(t));
    assert_true(terminal_cursor_visible(t));
    assert_true(terminal_prompts(t, "shell>"));
    terminal_type(t, "fg\r");
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_true(terminal_alternate(t));
    terminal_type(t, "2");
    assert_true(terminal_shows(t, "Connectors (3)"));
    terminal_type(t, "\x1a");
    assert_true(terminal_shows(t, "Stopped"));
    assert_true(terminal_prompts(t, "shell>"));
    terminal_resize(t, 12, 50); /* nobody tells a stopped program */
    terminal_type(t, "fg\r");
    assert_true(terminal_shows(t, "Connectors (3)"));
    assert_true(terminal_hides(t, "waiting")); /* a column that 50 have no room for */
    terminal_type(t, "q");
    assert_true(terminal_shows(t, "The engine goes on"));
}

/* A script as $EDITOR; the environment that names it. */
static void write_editor(const char *text, char *script, char *editor, size_t n)
{
    (void)snprintf(script, n, "%s/editor", dir);
    (void)snprintf(editor, n, "EDITOR=%s", script);
    FILE *out = fopen(script, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(script, 0700), 0);
}

/* Ctrl-C and Ctrl-Z in the editor are the editor's: one does not end the console behind it, the
 * other gives the terminal to the shell, and fg goes back to the editor. */
static void test_keys_of_the_editor(void **state)
{
    (void)state;
    char command[4200];
    char script[112];
    char editor[112];
    char *argv[] = {(char *)"bash", (char *)"--norc", (char *)"-i", NULL};
    write_editor(
        "#!/bin/sh\ntrap 'echo interrupted' INT\ntrap 'echo continued' CONT\necho edi''ting\n"
        "until [ \"$line\" = done ]; do\n" /* a read that is interrupted fails */
        "  read line || read line || read line || exit 1\n  echo \"got $line\"\ndone\n",
        script, editor, sizeof script);
    const char *const env[] = {"PS1=shell> ", "HISTFILE", "VISUAL", editor, NULL};
    open_engine();
    t = terminal_start(30, 100, env, argv);
    assert_non_null(t);
    assert_true(terminal_shows(t, "shell>"));
    (void)snprintf(command, sizeof command, "%s console --socket %s\r", harness_binary(), path);
    terminal_type(t, command);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "3");
    assert_true(terminal_shows(t, "9.8 MB"));
    terminal_type(t, "P");
    assert_true(terminal_shows(t, "editing"));
    terminal_type(t, "\x03");
    assert_true(terminal_shows(t, "interrupted"));
    terminal_type(t, "\x1a");
    assert_true(terminal_shows(t, "Stopped"));
    assert_true(terminal_prompts(t, "shell>")); /* the shell drops what comes before it reads */
    terminal_type(t, "fg\r");
    assert_true(terminal_shows(t, "continued"));
    terminal_type(t, "more\r");
    assert_true(terminal_shows(t, "got more"));
    terminal_type(t, "done\r");
    assert_true(terminal_shows(t, "Topics (3)"));
    terminal_type(t, "2"); /* and neither signal comes behind it */
    assert_true(terminal_shows(t, "Connectors (3)"));
    terminal_type(t, "q");
    assert_true(terminal_shows(t, "The engine goes on"));
    assert_int_equal(unlink(script), 0);
}

/* Ctrl-C asks where a text that was edited would be lost, and ends the console where nothing is. */
static void test_interrupt_asks(void **state)
{
    (void)state;
    char script[112];
    char editor[112];
    int status;
    write_editor("#!/bin/sh\necho '{oops' >\"$1\"\n", script, editor, sizeof script);
    const char *const env[] = {"VISUAL", editor, NULL};
    open_engine();
    open_console(30, 100, env, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "3P");
    assert_true(terminal_shows(t, "the record is no JSON"));
    terminal_type(t, "1\x03");
    assert_true(terminal_shows(t, "Leave the console?"));
    assert_true(terminal_shows(t, "The record of postgres.bookings.flights that you edited"));
    terminal_type(t, "n");
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "\x03y");
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_given_back();
    assert_int_equal(unlink(script), 0);
    close_terminal();
    open_console(30, 100, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "\x03");
    assert_true(terminal_ended(t, &status));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    assert_given_back();
}

/* What ends a session ends the console while the editor has the terminal. */
static void test_hang_up_in_the_editor(void **state)
{
    (void)state;
    char script[112];
    char editor[112];
    int status;
    write_editor("#!/bin/sh\necho edi''ting\nread line\n", script, editor, sizeof script);
    const char *const env[] = {"VISUAL", editor, NULL};
    open_engine();
    open_console(30, 100, env, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    terminal_type(t, "3");
    assert_true(terminal_shows(t, "9.8 MB"));
    terminal_type(t, "P");
    assert_true(terminal_shows(t, "editing"));
    assert_int_equal(kill(terminal_pid(t), SIGTERM), 0);
    assert_true(terminal_ended(t, &status));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(unlink(script), 0);
}

/* What is pasted is text, marked by the terminal as such; it asks for the marks, and gives them
 * back on every way out. */
static void test_pasting(void **state)
{
    (void)state;
    static const char on[] = "\x1b[?2004h";
    static const char off[] = "\x1b[?2004l";
    int status;
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_true(terminal_saw(t, on, sizeof on - 1));
    assert_false(terminal_saw(t, off, sizeof off - 1));
    terminal_type(t, "\x1b[200~q2\x1b[201~");
    assert_true(terminal_shows(t, "pasted text is not taken as keys"));
    terminal_type(t, "9\x1b[200~select 1;\r\x1a\tselect 2;\r\x1b[201~");
    assert_true(terminal_shows(t, "select 2;"));
    assert_true(terminal_shows(t, "select 1;"));
    assert_int_equal(kill(terminal_pid(t), SIGTERM), 0);
    assert_true(terminal_ended(t, &status));
    assert_true(terminal_saw(t, off, sizeof off - 1));
}

static void test_resize(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {2, 2}, {3, 40}, {10, 1}, {50, 200}, {5, 10}, {24, 80}};
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        terminal_resize(t, sizes[i][0], sizes[i][1]);
        terminal_type(t, "2?\x1b"
                         "3\r0\r1"); /* everything is drawn at this size */
        (void)terminal_idle(t, 150);
    }
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_true(terminal_shows(t, "? help  q leave"));
    terminal_type(t, "q");
    int status;
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_ascii_locale(void **state)
{
    (void)state;
    static const char *const env[] = {"LC_ALL=C", NULL};
    open_engine();
    open_console(24, 80, env, NULL);
    assert_true(terminal_shows(t, "! Bottleneck: raw"));
    assert_true(terminal_shows(t, "- Pipeline -"));
    terminal_type(t, "3");
    assert_true(terminal_shows(t, "postgres.bookings.??????"));
    for (const char *p = terminal_text(t); *p; p++)
        assert_true((unsigned char)*p < 0x80);
}

/* Eight colours are enough, and NO_COLOR means none; a light terminal gets darker ones. */
static void test_colours(void **state)
{
    (void)state;
    static const char *const xterm[] = {"TERM=xterm", NULL};
    static const char *const none[] = {"NO_COLOR=1", NULL};
    open_engine();
    open_console(24, 80, xterm, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_true(terminal_saw(t, "\x1b[33m", 5) || terminal_saw(t, ";33m", 4));
    close_terminal();
    open_console(24, 80, none, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    for (char c = '0'; c < '8'; c++) {
        const char plain[] = {'\x1b', '[', '3', c, 'm'};
        const char more[] = {';', '3', c, 'm'};
        assert_false(terminal_saw(t, plain, sizeof plain));
        assert_false(terminal_saw(t, more, sizeof more));
    }
    assert_false(terminal_saw(t, "38;5;", 5));
    close_terminal();
    open_console(24, 80, NULL, "--theme=light");
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    assert_true(terminal_saw(t, "38;5;130m", 9));
}

/* Half-blocks have two colours a cell; with eight colours a ring would be a guess. */
static void test_dashboards(void **state)
{
    (void)state;
    static const char *const xterm[] = {"TERM=xterm", NULL};
    open_engine();
    open_console(30, 100, NULL, NULL);
    terminal_type(t, "5");
    assert_true(terminal_shows(t, "Share of passengers"));
    assert_true(terminal_shows(t, "▄▄██████▄▄"));
    assert_true(terminal_shows(t, "81,402"));
    assert_true(terminal_shows(t, "Tab next panel")); /* the last row: the frame is whole */
    assert_true(terminal_saw(t, "48;5;", 5));
    terminal_type(t, "d");
    assert_true(terminal_shows(t, "last 90 days"));
    terminal_type(t, "\r");
    assert_true(terminal_shows(t, "the rows behind it"));
    assert_true(terminal_shows(t, "passengers_in"));
    close_terminal();
    open_console(30, 100, xterm, NULL);
    terminal_type(t, "5");
    assert_true(terminal_shows(t, "█ SVO     25.1 %"));
    assert_true(terminal_shows(t, "Tab next panel"));
    assert_null(strstr(terminal_text(t), "▄"));
}

/* A name with an escape sequence in it stays a name. */
static void test_control_characters(void **state)
{
    (void)state;
    open_engine();
    fake_engine_set(f, "connectors.0.name", json_string("evil\x1b]0;owned\x07\x1b[2Jname"));
    open_console(24, 80, NULL, NULL);
    terminal_type(t, "2");
    assert_true(terminal_shows(t, "evil?]0;owned"));
    assert_false(terminal_saw(t, "\x1b]0;", 4));
}

/* Bytes that are no key: the console neither leaves nor minds. */
static void test_rubbish_is_typed(void **state)
{
    (void)state;
    open_engine();
    open_console(24, 80, NULL, NULL);
    assert_true(terminal_shows(t, "Bottleneck: raw"));
    for (int i = 0; i < 8; i++) {
        terminal_type(t, i % 2 ? "\xff" : "\x1b[999~\x1bOZ\x80");
        (void)terminal_idle(t, 50);
    }
    terminal_type(t, "2/\xd1\x84\xd1\x84");
    assert_true(terminal_shows(t, "nothing matches \"фф\""));
}

static void line_mode(const char *const *env, const char *option)
{
    open_engine();
    open_console(24, 80, env, option);
    assert_true(terminal_shows(t, "engine: up (airline, demo"));
    assert_true(terminal_shows(t, "connector tickets-sink: FAILED"));
    assert_false(terminal_saw(t, "\x1b", 1));
    fake_engine_set(f, "connectors.2.state", json_string("RUNNING"));
    assert_true(terminal_shows(t, "connector tickets-sink: RUNNING"));
    close_engine();
    assert_true(terminal_shows(t, "engine: away"));
    assert_false(terminal_saw(t, "\x1b", 1));
    terminal_type(t, "q\r");
    int status;
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close_terminal();
}

static void test_line_mode(void **state)
{
    (void)state;
    static const char *const dumb[] = {"TERM=dumb", NULL};
    static const char *const unknown[] = {"TERM=no-such-terminal", NULL};
    static const char *const none[] = {"TERM", NULL};
    line_mode(NULL, "--plain");
    line_mode(dumb, NULL);
    line_mode(unknown, NULL);
    line_mode(none, NULL);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/fd-console-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/s", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char lock[80];
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    (void)unlink(lock);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_panes_and_leaving, close_all),
        cmocka_unit_test_teardown(test_acting, close_all),
        cmocka_unit_test_teardown(test_records, close_all),
        cmocka_unit_test_teardown(test_copy_and_export, close_all),
        cmocka_unit_test_teardown(test_mouse, close_all),
        cmocka_unit_test_teardown(test_kinds_of_terminals, close_all),
        cmocka_unit_test_teardown(test_idle_writes_nothing, close_all),
        cmocka_unit_test_teardown(test_asking_again, close_all),
        cmocka_unit_test_teardown(test_refresh_is_small, close_all),
        cmocka_unit_test_teardown(test_frozen_engine, close_all),
        cmocka_unit_test_teardown(test_engine_goes_and_comes, close_all),
        cmocka_unit_test_teardown(test_starts_without_engine, close_all),
        cmocka_unit_test_teardown(test_signals_give_the_terminal_back, close_all),
        cmocka_unit_test_teardown(test_hang_up, close_all),
        cmocka_unit_test_teardown(test_ctrl_z_and_back, close_all),
        cmocka_unit_test_teardown(test_keys_of_the_editor, close_all),
        cmocka_unit_test_teardown(test_interrupt_asks, close_all),
        cmocka_unit_test_teardown(test_hang_up_in_the_editor, close_all),
        cmocka_unit_test_teardown(test_pasting, close_all),
        cmocka_unit_test_teardown(test_resize, close_all),
        cmocka_unit_test_teardown(test_ascii_locale, close_all),
        cmocka_unit_test_teardown(test_colours, close_all),
        cmocka_unit_test_teardown(test_dashboards, close_all),
        cmocka_unit_test_teardown(test_control_characters, close_all),
        cmocka_unit_test_teardown(test_rubbish_is_typed, close_all),
        cmocka_unit_test_teardown(test_line_mode, close_all),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* NULL: all */
    return cmocka_run_group_tests(tests, setup, teardown);
}
