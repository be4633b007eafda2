/* The sink with the dialect "postgresql" on a real server. */
#include "tests/engine/sink_cases.h"

int main(void)
{
    const struct CMUnitTest tests[] = {SINK_CASES};
    return SINKS_MAIN("postgresql", tests);
}
