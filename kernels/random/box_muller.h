//  Two normal numbers out of one block, by the transform of G. E. P. Box and M. E. Muller
//  ("A note on the generation of random normal deviates", Ann. Math. Stat. 29, 1958):
//      r = sqrt(-2 ln u),  x = r cos(t),  y = r sin(t)
//  with u from 0 to 1 and an angle t of the whole circle. u and t take 2^52 values and
//  2^54 values, evenly spaced, each at the middle of its interval: no number is beyond
//  sqrt(106 ln 2) = 8.57, where 1 in 10^17 should be.
//
//  Only operations that IEEE 754 rounds correctly are used, in a fixed order, and never the
//  C library's functions, which differ from processor to processor in the last bit. Each
//  result is within 2^-50 of the exact one times r.
#ifndef RANDOM_BOX_MULLER_H
#define RANDOM_BOX_MULLER_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef BOX_MULLER_INLINE // a device has functions of another kind
#define BOX_MULLER_INLINE static inline __attribute__((always_inline))
#endif

BOX_MULLER_INLINE uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

BOX_MULLER_INLINE double number_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

//  An integer below 2^52 as a number, by the bits of 2^52 + n: processors have vectors of
//  this conversion only from AVX-512 on.
BOX_MULLER_INLINE double integer_of(uint64_t n)
{
    return number_of(n | UINT64_C(0x4330000000000000)) - 0x1p52;
}

//  -ln u for a normal number u. With u = 2^e m, m from sqrt(1/2) to sqrt(2), and
//  s = (m - 1) / (m + 1):  ln m = 2 artanh s = 2 s (1 + s^2 / 3 + s^4 / 5 + …), of which
//  the terms to s^20 are taken; the next one is below 2^-55.
BOX_MULLER_INLINE double minus_log(double u)
{
    const uint64_t half_root = UINT64_C(0x3fe6a09e667f3bcd); // of sqrt(1/2)
    const uint64_t one = UINT64_C(0x3ff0000000000000);
    const uint64_t fraction = UINT64_C(0x000fffffffffffff);
    const double log2_high = 0x1.62e42feep-1; // times e: exact
    const double log2_low = 0x1.a39ef35793c76p-33;
    const uint64_t shifted = bits_of(u) + (one - half_root);
    const double e = integer_of(shifted >> 52) - 1023;
    const double m = number_of((shifted & fraction) + half_root);
    const double s = (m - 1) / (m + 1), q = s * s;
    double sum = q * (1.0 / 21) + 1.0 / 19;
    sum = sum * q + 1.0 / 17;
    sum = sum * q + 1.0 / 15;
    sum = sum * q + 1.0 / 13;
    sum = sum * q + 1.0 / 11;
    sum = sum * q + 1.0 / 9;
    sum = sum * q + 1.0 / 7;
    sum = sum * q + 1.0 / 5;
    sum = sum * q + 1.0 / 3;
    const double log_m = 2 * s + 2 * s * (sum * q);
    return -(e * log2_high + (log_m + e * log2_low));
}

//  Sine and cosine of an angle of at most pi/4, by their series to x^17 and x^16.
BOX_MULLER_INLINE double sine(double x)
{
    const double q = x * x;
    double sum = q * (1.0 / 355687428096000) - 1.0 / 1307674368000;
    sum = sum * q + 1.0 / 6227020800;
    sum = sum * q - 1.0 / 39916800;
    sum = sum * q + 1.0 / 362880;
    sum = sum * q - 1.0 / 5040;
    sum = sum * q + 1.0 / 120;
    sum = sum * q - 1.0 / 6;
    return x + x * (sum * q);
}

BOX_MULLER_INLINE double cosine(double x)
{
    const double q = x * x;
    double sum = q * (1.0 / 20922789888000) - 1.0 / 87178291200;
    sum = sum * q + 1.0 / 479001600;
    sum = sum * q - 1.0 / 3628800;
    sum = sum * q + 1.0 / 40320;
    sum = sum * q - 1.0 / 720;
    sum = sum * q + 1.0 / 24;
    sum = sum * q - 0.5;
    return 1 + sum * q;
}

//  (k + 1/2) / 2^52 - less, k being the upper 52 bits: without rounding, by the bits of
//  1 + k / 2^52.
BOX_MULLER_INLINE double middle_of(uint64_t bits, double less)
{
    const uint64_t one = UINT64_C(0x3ff0000000000000);
    return number_of(bits >> 12 | one) - (1 - 0x1p-53 + less);
}

//  Out of the first pair of words comes u. The upper 2 bits of the second choose a quarter
//  of the circle, the next 52 the angle from its middle.
BOX_MULLER_INLINE void box_muller(uint64_t first, uint64_t second, double *x, double *y)
{
    const double r = sqrt(2 * minus_log(middle_of(first, 0)));
    const double angle = middle_of(second << 2, 0.5) * M_PI_2;
    const uint64_t c = bits_of(r * cosine(angle)), s = bits_of(r * sine(angle));
    // A quarter of a turn makes (c, s) to (-s, c); the sign is the upper bit.
    const uint64_t turned = -(second >> 62 & 1), sign = UINT64_C(1) << 63;
    *x = number_of(((c & ~turned) | (s & turned)) ^ ((second ^ second << 1) & sign));
    *y = number_of(((s & ~turned) | (c & turned)) ^ (second & sign));
}

#endif
