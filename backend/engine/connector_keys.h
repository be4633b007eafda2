/* The two tables behind connector_keys(). Private to the connector files. */
#ifndef ENGINE_CONNECTOR_KEYS_H
#define ENGINE_CONNECTOR_KEYS_H

#include "backend/engine/connector_fields.h"

const struct key_spec *connector_keys_source(int *n);
const struct key_spec *connector_keys_sink(int *n);

#endif
