//  A shared library for test_crash.c, which takes its section headers away, as images have none.
int image_crash(int *nowhere);

#define UNCHECKED __attribute__((noinline, no_sanitize("address", "undefined")))

static UNCHECKED int hidden(int *nowhere)
{
    *nowhere = 1;
    return *nowhere;
}

UNCHECKED int image_crash(int *nowhere)
{
    return hidden(nowhere) + 1;
}
