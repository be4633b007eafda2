#include "console/user_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool user_path(enum user_folder folder, const char *name, char *out)
{
    static const struct {
        const char *variable, *below_home;
    } folders[] = {[USER_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
                   [USER_STATE] = {"XDG_STATE_HOME", ".local/state"},
                   [USER_DATA] = {"XDG_DATA_HOME", ".local/share"}};
    const char *xdg = getenv(folders[folder].variable);
    const char *home = getenv("HOME");
    int n = -1;
    if (xdg && *xdg == '/')
        n = snprintf(out, USER_PATH_MAX, "%s/flightdeck/%s", xdg, name);
    else if (home && *home)
        n = snprintf(out, USER_PATH_MAX, "%s/%s/flightdeck/%s", home, folders[folder].below_home,
                     name);
    return n > 0 && n < USER_PATH_MAX;
}

bool user_path_make_parent(const char *path)
{
    char folder[USER_PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return false;
    for (char *p = strchr(folder + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return false;
        *p = '/';
    }
    return true;
}
