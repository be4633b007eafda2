#include "backend/base/path.h"

#include <stdio.h>
#include <string.h>

bool path_beside(const char *from, const char *name, int place, char *out)
{
    static const char *const places[PATH_PLACES] = {[PATH_BESIDE] = "", [PATH_ABOVE] = "../"};
    const char *slash = strrchr(from, '/');
    int n = name[0] == '/' || !slash ? snprintf(out, PATH_MAX, "%s", name)
                                     : snprintf(out, PATH_MAX, "%.*s/%s%s", (int)(slash - from),
                                                from, places[place], name);
    return n < PATH_MAX;
}
