// Run CUDA kernels on a CPU: every thread of a block is a fiber, barriers switch between them.
//
// Slow and for tests alone. What it cannot show: races between warps, and speed.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

struct Three { unsigned int x, y, z; };
struct float4 { float x, y, z, w; };
struct float2 { float x, y; };
struct int4 { int x, y, z, w; };
struct int3 { int x, y, z; };
struct int2 { int x, y; };
struct uint4 { unsigned int x, y, z, w; };
struct uchar2 { unsigned char x, y; };
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline int3 make_int3(int x, int y, int z) { return {x, y, z}; }
static inline int2 make_int2(int x, int y) { return {x, y}; }
static inline uchar2 make_uchar2(unsigned char x, unsigned char y) { return {x, y}; }

static Three threadIdx, blockIdx, gridDim, blockDim;
static unsigned char* shared_memory;

#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define __restrict__
#define SHARED(type, name) type* name = (type*)shared_memory

using std::max;
using std::min;
static inline int max(int a, unsigned b) { return a > (int)b ? a : (int)b; }
static inline float __int_as_float(int bits) { float value; memcpy(&value, &bits, 4); return value; }
static inline int __float_as_int(float value) { int bits; memcpy(&bits, &value, 4); return bits; }
static inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
static inline int atomicAdd(int* place, int value) { int old = *place; *place += value; return old; }
static inline int atomicMin(int* place, int value) { int old = *place; *place = min(old, value); return old; }
static inline float half_to_float(unsigned short bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float size = exponent == 31 ? (fraction ? NAN : INFINITY)
        : exponent ? ldexpf(1024.0f + fraction, exponent - 25) : ldexpf((float)fraction, -24);
    return bits >> 15 ? -size : size;
}
#define HALF_TO_FLOAT(value, bits) value = half_to_float(bits)
static inline unsigned short float_to_half(float value) {
    unsigned short sign = std::signbit(value) ? 0x8000 : 0;
    float size = fabsf(value);
    if (!(size < 65520.0f)) return sign | (size > 0 ? 0x7c00 : 0x7e00);
    int exponent;
    frexpf(size, &exponent);
    exponent = max(exponent - 1, -14);  // subnormals are those of the least exponent
    int steps = (int)rintf(ldexpf(size, 10 - exponent));
    return sign | (unsigned short)(steps + ((exponent + 14) << 10));
}
#define FLOAT_TO_HALF(bits, value) bits = float_to_half(value)
static inline unsigned __byte_perm(unsigned low, unsigned high, unsigned selector) {
    unsigned long long bytes = (unsigned long long)high << 32 | low;
    unsigned result = 0;
    for (int n = 0; n < 4; ++n)
        result |= (unsigned)(bytes >> 8 * (selector >> 4 * n & 7) & 255) << 8 * n;
    return result;
}

static const size_t STACK = 64 << 10;
struct Fiber { ucontext_t context; bool done; long barriers, warp_barriers; std::vector<char> stack; };
static std::vector<Fiber> fibers;
static ucontext_t scheduler;
static unsigned current;
static long long slots[2048];
static void (*body)(void**);
static void** body_arguments;

static void run_fiber() {
    body(body_arguments);
    fibers[current].done = true;
    swapcontext(&fibers[current].context, &scheduler);
}
static void pause_fiber() { swapcontext(&fibers[current].context, &scheduler); }

// Wait until all threads from first to last have come as far, or have ended.
static void meet(unsigned first, unsigned last, long Fiber::*counter) {
    long own = ++(fibers[current].*counter);
    for (;;) {
        bool all = true;
        for (unsigned t = first; t < last; ++t) all &= fibers[t].done || fibers[t].*counter >= own;
        if (all) return;
        pause_fiber();
    }
}
static void __syncthreads() { meet(0, blockDim.x, &Fiber::barriers); }
static void __syncwarp() {
    unsigned first = current / 32 * 32;
    meet(first, min(first + 32u, blockDim.x), &Fiber::warp_barriers);
}
template <class T> static T __shfl_xor_sync(unsigned, T value, int step) {
    memcpy(&slots[current], &value, sizeof(T));
    __syncwarp();
    T other;
    memcpy(&other, &slots[current ^ step], sizeof(T));
    __syncwarp();
    return other;
}
static unsigned __ballot_sync(unsigned, bool flag) {
    slots[current] = flag;
    __syncwarp();
    unsigned bits = 0;
    for (unsigned lane = 0; lane < 32; ++lane)
        bits |= (unsigned)(slots[current / 32 * 32 + lane] != 0) << lane;
    __syncwarp();
    return bits;
}

template <class... A, size_t... N>
static void call(void (*kernel)(A...), void** arguments, std::index_sequence<N...>) {
    kernel(*(std::remove_const_t<A>*)arguments[N]...);
}
template <class... A> static void call(void (*kernel)(A...), void** arguments) {
    call(kernel, arguments, std::index_sequence_for<A...>{});
}

static void run_grid(void (*kernel)(void**), const int* grid, int block, int shared, void** arguments) {
    gridDim = {(unsigned)grid[0], (unsigned)grid[1], (unsigned)grid[2]};
    blockDim = {(unsigned)block, 1, 1};
    std::vector<unsigned char> memory(shared + 64);
    shared_memory = (unsigned char*)(((uintptr_t)memory.data() + 15) & ~(uintptr_t)15);
    body = kernel;
    body_arguments = arguments;
    fibers.resize(block);
    for (unsigned z = 0; z < gridDim.z; ++z) for (unsigned y = 0; y < gridDim.y; ++y)
    for (unsigned x = 0; x < gridDim.x; ++x) {
        blockIdx = {x, y, z};
        memset(shared_memory, 0xA5, shared);
        for (auto& fiber : fibers) {
            fiber.done = false;
            fiber.barriers = fiber.warp_barriers = 0;
            fiber.stack.resize(STACK);
            getcontext(&fiber.context);
            fiber.context.uc_stack = {fiber.stack.data(), 0, STACK};
            fiber.context.uc_link = nullptr;
            makecontext(&fiber.context, run_fiber, 0);
        }
        for (bool alive = true; alive;) {
            alive = false;
            for (current = 0; current < fibers.size(); ++current) {
                if (fibers[current].done) continue;
                alive = true;
                threadIdx = {current, 0, 0};
                swapcontext(&scheduler, &fibers[current].context);
            }
        }
    }
}
