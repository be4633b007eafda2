/* Where a file lies that another file names. Thread rule: any thread. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <limits.h>
#include <stdbool.h>

/* The places: beside the file that names it, then the folder above. */
enum { PATH_BESIDE, PATH_ABOVE, PATH_PLACES };

/* `name` as the file `from` means it, at one of the places; an absolute name is itself at each, and
 * so is one in a `from` without a folder. out has PATH_MAX bytes. False: it is too long. */
bool path_beside(const char *from, const char *name, int place, char *out);

#endif
