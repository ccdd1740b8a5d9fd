#include "kernels/heat/cuda_waves.h"

#include "kernels/common/cuda_launch.cuh"

typedef heat_cuda_box_t box_t;
typedef heat_cuda_lines_t lines_t;
typedef heat_cuda_decay_t decay_t;

template <typename real> struct alignas(2 * sizeof(real)) wave {
    real re, im;
};

//  A divisor that is the same for all threads: they multiply, since the division of 64 bits
//  takes some hundred instructions (T. Granlund, P. L. Montgomery, "Division by invariant
//  integers using multiplication", PLDI 1994, figure 4.1).
struct divisor {
    unsigned long long by, factor;
    int first, second; // shifts

    divisor() = default;
    divisor(size_t divisor) : by(divisor)
    {
        __extension__ typedef unsigned __int128 wide;
        int bits = 0; // by is at most 2^bits
        while (bits < 63 && (1ull << bits) < by) bits++;
        factor = (unsigned long long) (((wide) ((1ull << bits) - by) << 64) / by) + 1;
        first = bits > 0 ? 1 : 0;
        second = bits > 0 ? bits - 1 : 0;
    }
    //  Writes what is left.
    __device__ size_t operator()(size_t number, size_t *rest) const
    {
        const unsigned long long high = __umul64hi(factor, number);
        const size_t quotient = (high + ((number - high) >> first)) >> second;
        *rest = number - quotient * by;
        return quotient;
    }
};

//  Lines, and what divides their places.
struct lines_on {
    lines_t all;
    size_t length; // of a line here: what is gone through
    divisor by_length, by_lines, by_inner, by_outer;

    lines_on(const lines_t &lines, size_t length)
        : all(lines), length(length), by_length(length), by_lines(lines.lines),
          by_inner(lines.box.length[lines.axis == HEAT_X ? HEAT_Y : HEAT_X]),
          by_outer(lines.box.length[lines.axis == HEAT_Z ? HEAT_Y : HEAT_Z])
    {
    }
    size_t count() const
    {
        return all.lines * length;
    }
    //  Where number j of a line is in the box, in elements.
    __device__ size_t place(size_t line, size_t j) const
    {
        const box_t &box = all.box;
        const int inner = all.axis == HEAT_X ? HEAT_Y : HEAT_X, outer = all.axis == HEAT_Z ? HEAT_Y : HEAT_Z;
        size_t near, far;
        const size_t which = by_outer(by_inner(line, &near), &far);
        return which * box.grid_stride + far * box.stride[outer] + near * box.stride[inner] +
               j * box.stride[all.axis];
    }
    //  The line of spot i, and the number in it.
    __device__ size_t split(size_t i, size_t *j) const
    {
        size_t line;
        if (all.axis == HEAT_X)
            return by_length(i, j);
        *j = by_lines(i, &line);
        return line;
    }
};

//  Number j of a line, of so many in it, where the lines lie as lines_t says.
static __device__ inline size_t spot_of(const lines_t &lines, size_t line, size_t j, size_t length)
{
    return lines.axis == HEAT_X ? line * length + j : j * lines.lines + line;
}

template <typename real> __global__ void load(lines_on on)
{
    const lines_t &lines = on.all;
    const size_t n = lines.box.length[lines.axis];
    const real *box = (const real *) lines.box.at;
    for (size_t i = cuda_first(); i < lines.lines * lines.length; i += cuda_stride()) {
        size_t j;
        const size_t line = on.split(i, &j);
        real value = 0;
        if (lines.boundary == HEAT_INSULATED)
            value = box[on.place(line, 2 * j < n ? 2 * j : 2 * (n - j) - 1)];
        else if (j > 0 && j <= n)
            value = box[on.place(line, j - 1)];
        else if (j > n + 1)
            value = -box[on.place(line, 2 * n + 1 - j)];
        ((real *) lines.work)[i] = value;
    }
}

template <typename real> __global__ void store(lines_on on)
{
    const lines_t &lines = on.all;
    const size_t n = lines.box.length[lines.axis];
    const real *work = (const real *) lines.work;
    for (size_t i = cuda_first(); i < lines.lines * n; i += cuda_stride()) {
        size_t j;
        const size_t line = on.split(i, &j);
        const size_t from = lines.boundary != HEAT_INSULATED ? j + 1
                            : j % 2 == 0                     ? j / 2
                                                             : n - 1 - j / 2;
        ((real *) lines.box.at)[on.place(line, j)] =
            work[spot_of(lines, line, from, lines.length)];
    }
}

//  By what wave k of an insulated line is turned: exp(-i pi k / (2 n)) = c - i s.
template <typename real> struct turn {
    real c, s;
    __device__ turn(size_t k, size_t n)
    {
        double sine, cosine;
        sincospi((double) k / (double) (2 * n), &sine, &cosine);
        c = (real) cosine;
        s = (real) sine;
    }
    //  The cosine waves k and n - k, halved, of a wave of the spectrum.
    __device__ void there(const wave<real> &v, real *a, real *b) const
    {
        *a = c * v.re + s * v.im;
        *b = s * v.re - c * v.im;
    }
    //  The wave of the spectrum of two cosine waves.
    __device__ wave<real> back(real a, real b) const
    {
        return {c * a + s * b, s * a - c * b};
    }
};

template <typename real> __global__ void take(lines_on on)
{
    const lines_t &lines = on.all;
    const size_t n = lines.box.length[lines.axis];
    const wave<real> *spectrum = (const wave<real> *) lines.spectrum;
    for (size_t i = cuda_first(); i < lines.lines * n; i += cuda_stride()) {
        size_t k;
        const size_t line = on.split(i, &k);
        real value;
        if (lines.boundary == HEAT_INSULATED) {
            const size_t low = k <= n / 2 ? k : n - k;
            real a, b;
            turn<real>(low, n).there(spectrum[spot_of(lines, line, low, lines.waves)], &a, &b);
            value = 2 * (low == k ? a : b);
        } else {
            value = -spectrum[spot_of(lines, line, k + 1, lines.waves)].im;
        }
        ((real *) lines.box.at)[on.place(line, k)] = value;
    }
}

template <typename real> __global__ void put(lines_on on)
{
    const lines_t &lines = on.all;
    const size_t n = lines.box.length[lines.axis];
    const real *box = (const real *) lines.box.at;
    for (size_t i = cuda_first(); i < lines.lines * lines.waves; i += cuda_stride()) {
        size_t k;
        const size_t line = on.split(i, &k);
        wave<real> value = {0, 0};
        if (lines.boundary == HEAT_INSULATED) {
            const real a = box[on.place(line, k)];
            const real b = k > 0 ? box[on.place(line, n - k)] : 0;
            value = turn<real>(k, n).back(a, b);
        } else if (k > 0 && k <= n) {
            value.im = -box[on.place(line, k - 1)];
        }
        ((wave<real> *) lines.spectrum)[i] = value;
    }
}

template <typename real>
__global__ void decay_lines(lines_on on, const double *factor, double scale)
{
    const lines_t &lines = on.all;
    const size_t n = lines.box.length[lines.axis];
    wave<real> *spectrum = (wave<real> *) lines.spectrum;
    for (size_t i = cuda_first(); i < lines.lines * lines.waves; i += cuda_stride()) {
        size_t k;
        on.split(i, &k);
        if (lines.boundary == HEAT_INSULATED) {
            const turn<real> by(k, n);
            real a, b;
            by.there(spectrum[i], &a, &b);
            a *= (real) (2 * factor[k] * scale);
            b *= k > 0 ? (real) (2 * factor[n - k] * scale) : (real) 0;
            spectrum[i] = by.back(a, b);
        } else {
            const real by = k > 0 && k <= n ? (real) (factor[k - 1] * scale) : (real) 0;
            spectrum[i].re *= by;
            spectrum[i].im *= by;
        }
    }
}

static __host__ __device__ inline size_t box_count(const box_t &box)
{
    return box.count * box.length[HEAT_Z] * box.length[HEAT_Y] * box.length[HEAT_X];
}

//  What divides the places of a box.
struct by_axes {
    divisor axis[HEAT_AXES];

    by_axes(const box_t &box)
    {
        for (int a = HEAT_Z; a < HEAT_AXES; a++) axis[a] = divisor(box.length[a]);
    }
};

//  The indices of wave i of all.
struct indices {
    size_t which, z, y, x;
    __device__ indices(const by_axes &by, size_t i)
    {
        which = by.axis[HEAT_Z](by.axis[HEAT_Y](by.axis[HEAT_X](i, &x), &y), &z);
    }
    __device__ size_t at(const box_t &box) const
    {
        return which * box.grid_stride + z * box.stride[HEAT_Z] + y * box.stride[HEAT_Y] +
               x * box.stride[HEAT_X];
    }
};

//  Waves of which nothing is left are not even read.
template <typename real> __global__ void decay_product(decay_t decay, by_axes by_axis)
{
    wave<real> *waves = (wave<real> *) decay.waves.at;
    for (size_t i = cuda_first(); i < box_count(decay.waves); i += cuda_stride()) {
        const indices k(by_axis, i);
        double by = decay.factor[HEAT_X][k.x] * decay.scale;
        if (decay.factor[HEAT_Y])
            by *= decay.factor[HEAT_Y][k.y];
        if (decay.factor[HEAT_Z])
            by *= decay.factor[HEAT_Z][k.z];
        const real factor = (real) by;
        wave<real> value = {0, 0};
        if (factor != 0) {
            value = waves[i];
            value.re *= factor;
            value.im *= factor;
        }
        waves[i] = value;
    }
}

static __device__ inline double rate_at(const double *const *rate, const indices &k)
{
    double sum = rate[HEAT_X][k.x];
    if (rate[HEAT_Y])
        sum += rate[HEAT_Y][k.y];
    if (rate[HEAT_Z])
        sum += rate[HEAT_Z][k.z];
    return sum;
}

//  What is left of a wave, and what it gains of a source of 1: as the host's weigh().
static __device__ inline void weigh(const decay_t &decay, double rate, double *keep, double *gain)
{
    const double steps = (double) decay.steps, damped = (double) decay.damped;
    double exponent = -rate * decay.t;
    *keep = 1;
    *gain = decay.t;
    if (rate == 0)
        return;
    if (decay.steps > 0) {
        const double half = rate * decay.t / steps / 2;
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

//  PARTS: real numbers of a wave.
template <typename real, int PARTS> __global__ void decay_sum(decay_t decay, by_axes by_axis)
{
    real *waves = (real *) decay.waves.at;
    const real *source = (const real *) decay.source, *edges = (const real *) decay.edges;
    const size_t all = box_count(decay.waves), grid = all / decay.waves.count;
    for (size_t i = cuda_first(); i < all; i += cuda_stride()) {
        const indices k(by_axis, i);
        const double pace = decay.pace ? decay.pace[k.which] : 1;
        const double rate = rate_at(decay.rate, k) * pace;
        double keep, gain, edge_gain = 0;
        weigh(decay, rate, &keep, &gain);
        if (edges && rate > 0)
            edge_gain = gain * rate / (rate_at(decay.grid_rate, k) * pace);
        real *at = waves + PARTS * k.at(decay.waves);
        for (int part = 0; part < PARTS; part++) {
            double value = keep * at[part];
            if (source)
                value += gain * source[i % grid * PARTS + part];
            if (edges)
                value += edge_gain * edges[i * PARTS + part];
            at[part] = (real) (value * decay.scale);
        }
    }
}

template <typename real> __global__ void pack(box_t box, by_axes by_axis, real *to)
{
    for (size_t i = cuda_first(); i < box_count(box); i += cuda_stride())
        to[i] = ((const real *) box.at)[indices(by_axis, i).at(box)];
}

//  The couplings along each axis, as an argument of a kernel.
struct couplings {
    double by[HEAT_AXES];
};

template <typename real>
__global__ void edges(box_t box, by_axes by_axis, couplings coupling, const double *pace, real *to)
{
    for (size_t i = cuda_first(); i < box_count(box); i += cuda_stride()) {
        const indices k(by_axis, i);
        const size_t place[HEAT_AXES] = {k.z, k.y, k.x};
        const real *u = (const real *) box.at + k.at(box);
        const int order[HEAT_AXES] = {HEAT_X, HEAT_Z, HEAT_Y};
        real sum = 0;
        for (int a = 0; a < HEAT_AXES; a++) {
            const int axis = order[a];
            const real by = (real) ((pace ? pace[k.which] : 1) * coupling.by[axis]);
            if (by != 0 && place[axis] == 0)
                sum += by * *(u - box.stride[axis]);
            if (by != 0 && place[axis] + 1 == box.length[axis])
                sum += by * *(u + box.stride[axis]);
        }
        to[i] = sum;
    }
}

//  --- The host's side -------------------------------------------------------------------

template <typename... Arguments>
static void each(size_t count, void (*kernel)(Arguments...), Arguments... arguments)
{
    if (count > 0)
        cuda_launch(kernel, dim3(cuda_blocks(count)), dim3(CUDA_THREADS), arguments...);
}

void heat_cuda_lines_load(const lines_t *lines)
{
    const lines_on on(*lines, lines->length);
    each(on.count(), lines->single ? load<float> : load<double>, on);
}

void heat_cuda_lines_store(const lines_t *lines)
{
    const lines_on on(*lines, lines->box.length[lines->axis]);
    each(on.count(), lines->single ? store<float> : store<double>, on);
}

void heat_cuda_lines_take(const lines_t *lines)
{
    const lines_on on(*lines, lines->box.length[lines->axis]);
    each(on.count(), lines->single ? take<float> : take<double>, on);
}

void heat_cuda_lines_put(const lines_t *lines)
{
    const lines_on on(*lines, lines->waves);
    each(on.count(), lines->single ? put<float> : put<double>, on);
}

void heat_cuda_lines_decay(const lines_t *lines, const double *factor, double scale)
{
    const lines_on on(*lines, lines->waves);
    each(on.count(), lines->single ? decay_lines<float> : decay_lines<double>, on, factor, scale);
}

void heat_cuda_decay_product(const decay_t *decay)
{
    each(box_count(decay->waves), decay->single ? decay_product<float> : decay_product<double>, *decay,
         by_axes(decay->waves));
}

void heat_cuda_decay_sum(const decay_t *decay)
{
    const size_t count = box_count(decay->waves);
    const by_axes by_axis(decay->waves);
    if (decay->is_complex)
        each(count, decay->single ? decay_sum<float, 2> : decay_sum<double, 2>, *decay, by_axis);
    else
        each(count, decay->single ? decay_sum<float, 1> : decay_sum<double, 1>, *decay, by_axis);
}

void heat_cuda_pack(bool single, const box_t *box, void *to)
{
    if (single)
        each(box_count(*box), pack<float>, *box, by_axes(*box), (float *) to);
    else
        each(box_count(*box), pack<double>, *box, by_axes(*box), (double *) to);
}

void heat_cuda_edges(bool single, const box_t *box, const double coupling[HEAT_AXES],
                     const double *pace, void *to)
{
    const couplings by = {{coupling[HEAT_Z], coupling[HEAT_Y], coupling[HEAT_X]}};
    if (single)
        each(box_count(*box), edges<float>, *box, by_axes(*box), by, pace, (float *) to);
    else
        each(box_count(*box), edges<double>, *box, by_axes(*box), by, pace, (double *) to);
}
