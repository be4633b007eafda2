/* The files of config/ that the program writes out (the airline's connectors, its model, ..),
 * embedded at build under their path: asset_text("config/airline/connectors/postgres-source.json").
 * Thread rule: any thread. */
#ifndef CONFIG_ASSETS_H
#define CONFIG_ASSETS_H

/* NULL when there is no such file. Static memory. */
const char *asset_text(const char *path);

/* The i-th path in order; NULL after the last. */
const char *asset_path(int i);

#endif
