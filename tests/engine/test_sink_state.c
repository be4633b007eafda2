/* Current state and many sinks with the dialect "postgresql" on a real server. */
#include "tests/engine/sink_state_cases.h"

int main(void)
{
    const struct CMUnitTest tests[] = {SINK_STATE_CASES};
    return SINKS_MAIN("postgresql", tests);
}
