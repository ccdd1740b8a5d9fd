//  A program about whose addresses test_symbols.c asks: it prints them, from its load base on.
#include <stdio.h>

int outer(int x);
int ipc_call_outer(int x);
extern const char __ehdr_start[];

static const char *volatile in_inner, *volatile in_thunk;

__attribute__((noinline)) static const char *return_address(void)
{
    return (const char *) __builtin_return_address(0) - 1;
}

static inline __attribute__((always_inline)) int inner(int x)
{
    in_inner = return_address(); // line 17
    return x + 1;
}

__attribute__((noinline)) int outer(int x)
{
    return inner(x) * 2; // line 23
}

__attribute__((noinline)) int ipc_call_outer(int x)
{
    in_thunk = return_address();
    return outer(x) + 1;
}

int main(int count, char **arguments)
{
    int sum = ipc_call_outer(count);
    printf("%tx %tx\n", in_inner - __ehdr_start, in_thunk - __ehdr_start);
    return sum == 0;
}
