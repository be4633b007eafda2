/* A person's own files of flightdeck, by the XDG folders. Thread rule: any thread. */
#ifndef CONSOLE_USER_PATH_H
#define CONSOLE_USER_PATH_H

#include <stdbool.h>

enum { USER_PATH_MAX = 512 };

enum user_folder {
    USER_CONFIG, /* $XDG_CONFIG_HOME, ~/.config */
    USER_STATE,  /* $XDG_STATE_HOME, ~/.local/state */
    USER_DATA,   /* $XDG_DATA_HOME, ~/.local/share */
};

/* <folder>/flightdeck/NAME; out has USER_PATH_MAX bytes. False: no HOME, or too long. */
bool user_path(enum user_folder folder, const char *name, char *out);
/* The folders above the path, mode 0700 where they are new. False: they are not there. */
bool user_path_make_parent(const char *path);

#endif
