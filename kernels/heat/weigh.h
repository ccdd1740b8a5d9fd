//  What becomes of a wave, for the devices and the engines that let waves decay.
#ifndef HEAT_WEIGH_H
#define HEAT_WEIGH_H

#include <math.h>

#include "kernels/heat/device.h"

//  What is left of a wave, and what it gains of a source of 1. Both are computed without
//  the loss that 1 - keep would be for slow waves. With z = rate dt, a step of Crank and Nicolson's
//  leaves (1 - z / 2) / (1 + z / 2), two of Euler's of half its length 1 / (1 + z / 2)^2.
static inline void heat_weigh(const heat_waves_t *waves, double rate, double *keep, double *gain)
{
    const double steps = (double) waves->steps, damped = (double) waves->damped;
    double exponent = -rate * waves->t;
    if (rate == 0) {
        *keep = 1;
        *gain = waves->t;
        return;
    }
    if (waves->steps > 0) {
        const double half = rate * waves->t / steps / 2;
        if (half > 0.5) { // a step may turn the sign of such a wave
            *keep = pow((1 - half) / (1 + half), steps - damped) * pow(1 + half, -2 * damped);
            *gain = (1 - *keep) / rate;
            return;
        }
        exponent = (steps - damped) * log1p(-2 * half / (1 + half)) - 2 * damped * log1p(half);
    }
    *keep = exp(exponent);
    *gain = -expm1(exponent) / rate;
}

//  What a wave gains of a source of 1 when so much is left of it after an exponential decay.
static inline double heat_gain(const heat_waves_t *waves, double rate, double left)
{
    const double exponent = rate * waves->t;
    if (exponent > 0.5)
        return (1 - left) / rate;
    return exponent > 0 ? -expm1(-exponent) / rate : waves->t;
}

#endif
