/*
 * The cases of test_sink_state.c with the dialect "vertica", through the stand-in (tests/vertica):
 * psqlODBC speaks to a gate that takes Vertica's SQL only. Whatever the gate cannot show fails the
 * test.
 */
#include "tests/engine/sink_state_cases.h"

int main(void)
{
    const struct CMUnitTest tests[] = {SINK_STATE_CASES};
    return SINKS_MAIN("vertica", tests);
}
