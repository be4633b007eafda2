#include <stdio.h>

int main(void)
{
    (void)puts("flightdeck " FLIGHTDECK_VERSION);
    return 0;
}
