//  Runs kernels on the processor: each thread of a block is a fibre with a stack of its own, which runs until it
//  waits for others. In which order threads and blocks run is drawn anew at each barrier, and fresh memory is
//  filled with NaN: a barrier that is missing, or a number that nobody wrote, changes results. For x86-64.
#include "cuda_runtime.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

//  Saves the registers that a function must keep on this stack and takes up another one.
//      save   where the old stack pointer goes
//      next   the stack pointer to go on with
extern "C" void emulator_switch(void **save, void *next);
asm(R"(
    .text
    .globl emulator_switch
    .hidden emulator_switch
    .type emulator_switch, @function
emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size emulator_switch, .-emulator_switch
)");

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

//  The shared memory of the block that runs. Of others, which wait for the grid, nothing is kept: no kernel here
//  leaves anything in it meanwhile.
alignas(16) unsigned char cuda_shared[emulator::SHARED_MOST];

namespace emulator {
namespace {

enum { STACK = 64 << 10, LANES = 32 };

//  What a thread does: it can run, or waits for its warp, its block, the grid, or has ended.
enum class wait { NONE, WARP, BLOCK, GRID, END };

struct copy {
    void *to;
    const void *from;
    size_t size;
};

struct fibre {
    uint3 thread = {}, block = {}; // where it is
    wait state = wait::NONE;
    void *pointer = nullptr;  // of the stack, while it does not run
    char *stack = nullptr;    // its lowest byte
    uint64_t given[2] = {};   // to other lanes: by turns, since a lane may be one exchange ahead
    unsigned exchanges = 0;
    fibre *warp = nullptr;    // the first lane
    std::vector<copy> copies; // that are under way
    void *fake = nullptr;     // AddressSanitizer's
};

//  The launch that runs. One at a time: the default stream.
struct launch {
    void (*body)(void *) = nullptr;
    void *context = nullptr;
    fibre *now = nullptr;     // that runs
    void *pointer = nullptr;  // of the launcher's stack, while a fibre runs
    void *fake = nullptr;     // AddressSanitizer's, of the launcher
    const void *bottom = nullptr;
    size_t size = 0;
    std::vector<std::unique_ptr<char[]>> stacks; // kept from launch to launch
    uint32_t order = 1;       // of the generator that draws it
    size_t shared = 0;        // bytes of a block
    std::map<const void *, size_t> allowed; // of kernels that asked for more
    cudaError_t last = cudaSuccess;
};

launch &running()
{
    static launch self;
    return self;
}

unsigned draw(unsigned below)
{
    uint32_t &x = running().order;
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    return x % below;
}

void leave(fibre *self, bool for_good)
{
    launch &all = running();
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &self->fake, all.bottom, all.size);
#endif
    emulator_switch(&self->pointer, all.pointer);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(self->fake, nullptr, nullptr);
#endif
    (void) for_good;
}

void enter(fibre *self)
{
    launch &all = running();
    all.now = self;
    threadIdx = self->thread;
    blockIdx = self->block;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&all.fake, self->stack, STACK);
#endif
    emulator_switch(&all.pointer, self->pointer);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(all.fake, nullptr, nullptr);
#endif
}

//  What a fibre begins with.
void begin()
{
    launch &all = running();
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &all.bottom, &all.size);
#endif
    all.body(all.context);
    all.now->state = wait::END;
    leave(all.now, true);
}

void prepare(fibre &self, char *stack)
{
    self.stack = stack;
    void **top = reinterpret_cast<void **>((reinterpret_cast<uintptr_t>(stack) + STACK) & ~uintptr_t(15));
    *--top = nullptr; // where begin() would return to, which it never does
    *--top = reinterpret_cast<void *>(begin);
    for (int i = 0; i < 6; i++) *--top = nullptr;
    self.pointer = top;
}

void pause(wait state)
{
    fibre *self = running().now;
    self->state = state;
    leave(self, false);
}

[[noreturn]] void stop(const char *what)
{
    std::fprintf(stderr, "the kernel is wrong: %s\n", what);
    std::abort();
}

//  Whether all threads of a range are in one state.
bool all_are(const fibre *first, unsigned count, wait state)
{
    for (unsigned i = 0; i < count; i++)
        if (first[i].state != state)
            return false;
    return true;
}

//  Runs a warp until its lanes wait for more than one another.
void run_warp(fibre *first, unsigned count)
{
    do {
        const unsigned start = draw(count), step = draw(2) ? 1 : count - 1;
        for (unsigned i = 0, lane = start; i < count; i++, lane = (lane + step) % count)
            if (first[lane].state != wait::END)
                enter(first + lane);
        for (unsigned lane = 1; lane < count; lane++)
            if (first[lane].state != first->state)
                stop("lanes of a warp wait for different things");
    } while (first->state == wait::WARP);
}

//  Runs a block until its threads have ended, or wait for the grid.
void run_block(fibre *first, unsigned count)
{
    const unsigned warps = (count + LANES - 1) / LANES;
    std::memset(cuda_shared, 0xff, running().shared);
    do {
        const unsigned start = draw(warps);
        for (unsigned i = 0; i < warps; i++) {
            const unsigned warp = (start + i) % warps * LANES;
            if (first[warp].state != wait::END)
                run_warp(first + warp, count - warp < LANES ? count - warp : (unsigned) LANES);
        }
        for (unsigned i = 1; i < count; i++)
            if (first[i].state != first->state)
                stop("threads of a block wait for different things");
    } while (first->state == wait::BLOCK);
}

//  Makes the threads of one block.
void make_block(fibre *first, unsigned number, dim3 blocks, dim3 threads, size_t *stacks)
{
    const unsigned count = threads.x * threads.y * threads.z;
    launch &all = running();
    for (unsigned i = 0; i < count; i++, (*stacks)++) {
        if (*stacks == all.stacks.size())
            all.stacks.emplace_back(new char[STACK]);
        first[i] = fibre();
        first[i].thread = {i % threads.x, i / threads.x % threads.y, i / threads.x / threads.y};
        first[i].block = {number % blocks.x, number / blocks.x % blocks.y, number / blocks.x / blocks.y};
        first[i].warp = first + i / LANES * LANES;
        prepare(first[i], all.stacks[*stacks].get());
    }
}

void run_alone(unsigned count, dim3 blocks, dim3 threads)
{
    const unsigned all = blocks.x * blocks.y * blocks.z, start = draw(all);
    std::vector<fibre> fibres(count);
    for (unsigned i = 0; i < all; i++) {
        size_t stacks = 0;
        make_block(fibres.data(), (start + i) % all, blocks, threads, &stacks);
        run_block(fibres.data(), count);
        if (fibres[0].state != wait::END)
            stop("a grid waits that was not launched cooperatively");
    }
}

void run_together(unsigned count, dim3 blocks, dim3 threads)
{
    const unsigned all = blocks.x * blocks.y * blocks.z;
    std::vector<fibre> fibres((size_t) count * all);
    size_t stacks = 0;
    for (unsigned i = 0; i < all; i++)
        make_block(&fibres[(size_t) i * count], i, blocks, threads, &stacks);
    do {
        const unsigned start = draw(all);
        for (unsigned i = 0; i < all; i++)
            run_block(&fibres[(size_t) ((start + i) % all) * count], count);
        if (!all_are(fibres.data(), count * all, fibres[0].state))
            stop("blocks of a grid wait for different things");
    } while (fibres[0].state == wait::GRID);
}

} // namespace

void wait_for_block()
{
    pause(wait::BLOCK);
}

void wait_for_grid()
{
    pause(wait::GRID);
}

uint64_t exchange(uint64_t bits, int away)
{
    fibre *self = running().now;
    const unsigned turn = self->exchanges++ & 1;
    self->given[turn] = bits;
    pause(wait::WARP);
    const long lane = self - self->warp + away;
    return lane < 0 || lane >= LANES ? bits : self->warp[lane].given[turn];
}

void copy_later(void *to, const void *from, size_t size)
{
    if ((size != 4 && size != 8 && size != 16) || reinterpret_cast<uintptr_t>(to) % size ||
        reinterpret_cast<uintptr_t>(from) % size)
        stop("a copy of another size, or not aligned to it");
    running().now->copies.push_back({to, from, size});
}

void copy_now()
{
    for (const copy &one : running().now->copies) std::memcpy(one.to, one.from, one.size);
    running().now->copies.clear();
}

cudaError_t note(cudaError_t code)
{
    if (code != cudaSuccess)
        running().last = code;
    return code;
}

cudaError_t take()
{
    const cudaError_t code = running().last;
    running().last = cudaSuccess;
    return code;
}

cudaError_t allow_shared(const void *kernel, size_t size)
{
    if (size > SHARED_MOST)
        return note(cudaErrorInvalidValue);
    running().allowed[kernel] = size;
    return cudaSuccess;
}

//  What a launch is refused for.
static bool refused(const how &launch, const void *kernel)
{
    const dim3 &blocks = launch.blocks, &threads = launch.threads;
    const unsigned long count = (unsigned long) threads.x * threads.y * threads.z;
    const auto allowed = running().allowed.find(kernel);
    return count == 0 || count > 1024 || blocks.x == 0 || blocks.y == 0 || blocks.z == 0 || blocks.y > 65535 ||
           blocks.z > 65535 || blocks.x > 0x7fffffffu ||
           launch.shared > (allowed != running().allowed.end() ? allowed->second : (size_t) SHARED_UNASKED);
}

cudaError_t run(const how &launch, const void *kernel, void (*body)(void *), void *context)
{
    const dim3 &threads = launch.threads;
    if (refused(launch, kernel))
        return note(cudaErrorInvalidConfiguration);
    struct launch &all = running();
    all.body = body;
    all.context = context;
    all.shared = launch.shared;
    blockDim = threads;
    gridDim = launch.blocks;
    (launch.together ? run_together : run_alone)(threads.x * threads.y * threads.z, launch.blocks, threads);
    return cudaSuccess;
}

} // namespace emulator
