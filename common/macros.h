//  Counting and walking macro arguments, for the macros of the public headers.
#ifndef IPC_COMMON_MACROS_H
#define IPC_COMMON_MACROS_H

// clang-format off
#define IPC_CAT_(a, b) a##b
#define IPC_CAT(a, b) IPC_CAT_(a, b)
#define IPC_EXPAND(...) __VA_ARGS__

//  The number of arguments, 1 to 32 (no argument at all counts as 1).
#define IPC_COUNT(...) IPC_COUNT_(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define IPC_COUNT_(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, count, ...) count

//  F(a), F(b), … for each argument.
#define IPC_EACH(F, ...) IPC_CAT(IPC_EACH_, IPC_COUNT(__VA_ARGS__))(F, __VA_ARGS__)
#define IPC_EACH_1(F, a) F(a)
#define IPC_EACH_2(F, a, ...) F(a), IPC_EACH_1(F, __VA_ARGS__)
#define IPC_EACH_3(F, a, ...) F(a), IPC_EACH_2(F, __VA_ARGS__)
#define IPC_EACH_4(F, a, ...) F(a), IPC_EACH_3(F, __VA_ARGS__)
#define IPC_EACH_5(F, a, ...) F(a), IPC_EACH_4(F, __VA_ARGS__)
#define IPC_EACH_6(F, a, ...) F(a), IPC_EACH_5(F, __VA_ARGS__)
#define IPC_EACH_7(F, a, ...) F(a), IPC_EACH_6(F, __VA_ARGS__)
#define IPC_EACH_8(F, a, ...) F(a), IPC_EACH_7(F, __VA_ARGS__)
#define IPC_EACH_9(F, a, ...) F(a), IPC_EACH_8(F, __VA_ARGS__)
#define IPC_EACH_10(F, a, ...) F(a), IPC_EACH_9(F, __VA_ARGS__)
#define IPC_EACH_11(F, a, ...) F(a), IPC_EACH_10(F, __VA_ARGS__)
#define IPC_EACH_12(F, a, ...) F(a), IPC_EACH_11(F, __VA_ARGS__)
#define IPC_EACH_13(F, a, ...) F(a), IPC_EACH_12(F, __VA_ARGS__)
#define IPC_EACH_14(F, a, ...) F(a), IPC_EACH_13(F, __VA_ARGS__)
#define IPC_EACH_15(F, a, ...) F(a), IPC_EACH_14(F, __VA_ARGS__)
#define IPC_EACH_16(F, a, ...) F(a), IPC_EACH_15(F, __VA_ARGS__)
#define IPC_EACH_17(F, a, ...) F(a), IPC_EACH_16(F, __VA_ARGS__)
#define IPC_EACH_18(F, a, ...) F(a), IPC_EACH_17(F, __VA_ARGS__)
#define IPC_EACH_19(F, a, ...) F(a), IPC_EACH_18(F, __VA_ARGS__)
#define IPC_EACH_20(F, a, ...) F(a), IPC_EACH_19(F, __VA_ARGS__)
#define IPC_EACH_21(F, a, ...) F(a), IPC_EACH_20(F, __VA_ARGS__)
#define IPC_EACH_22(F, a, ...) F(a), IPC_EACH_21(F, __VA_ARGS__)
#define IPC_EACH_23(F, a, ...) F(a), IPC_EACH_22(F, __VA_ARGS__)
#define IPC_EACH_24(F, a, ...) F(a), IPC_EACH_23(F, __VA_ARGS__)
#define IPC_EACH_25(F, a, ...) F(a), IPC_EACH_24(F, __VA_ARGS__)
#define IPC_EACH_26(F, a, ...) F(a), IPC_EACH_25(F, __VA_ARGS__)
#define IPC_EACH_27(F, a, ...) F(a), IPC_EACH_26(F, __VA_ARGS__)
#define IPC_EACH_28(F, a, ...) F(a), IPC_EACH_27(F, __VA_ARGS__)
#define IPC_EACH_29(F, a, ...) F(a), IPC_EACH_28(F, __VA_ARGS__)
#define IPC_EACH_30(F, a, ...) F(a), IPC_EACH_29(F, __VA_ARGS__)
#define IPC_EACH_31(F, a, ...) F(a), IPC_EACH_30(F, __VA_ARGS__)
#define IPC_EACH_32(F, a, ...) F(a), IPC_EACH_31(F, __VA_ARGS__)
// clang-format on

#endif
