// Turn NV12 pictures of any sizes into network inputs, in a single launch.
//
// A block makes a few rows of one input. Each of its threads sums up, line after line, the 16 bytes
// that it reads of every line; a sum of lines goes to shared memory, where its columns are summed up.
// Weights are those of a triangle as wide as two input pixels, so every pixel of a frame counts
// however small the input is. A line that two rows of a block see is read once.

#define THREADS 128
#define CHUNK 16
#define LINE (THREADS * CHUNK)
#define PADDED_LINE (LINE + LINE / 32)
#define ZERO_BITS 0x4B000000
#define ZERO 8388608.0f

#if OUTPUT == 2
typedef unsigned char Output;
#elif OUTPUT == 4
typedef unsigned short Output;
#else
typedef float Output;
#endif

// Addresses of both planes and bytes from line to line; no luma means padding only.
struct Picture {
    const unsigned char *luma, *chroma;
    long long pitch, unused;
};

// Where the picture lies in the input, frame pixels per input pixel, what its values mean, its size.
struct Numbers {
    float left, top, columns, rows, across, down;
    float black, light, cr_red, cb_green, cr_green, cb_blue;
    float width, height, unused[2];
};

// Some columns of a plane, and how its rows and columns become the input's.
struct Plane {
    const unsigned char* first;
    long long pitch;
    int lines, samples, base;
    float down, across;
};

// Of 32 neighbours and of 32 whose places are 16 apart, no two are in the same bank.
__device__ __forceinline__ int padded(int n) {
    return n + (n >> 5);
}

// Add a chunk's bytes, weighted in two ways. A byte becomes a float as the last bits of 2 to the 23.
__device__ __forceinline__ void add(const uint4& chunk, float low, float high, float* lower, float* upper) {
    unsigned int words[4] = {chunk.x, chunk.y, chunk.z, chunk.w};
#pragma unroll
    for (int n = 0; n < CHUNK; ++n) {
        float value = __int_as_float(__byte_perm(words[n / 4], ZERO_BITS, 0x7440 + n % 4)) - ZERO;
        lower[n] = fmaf(low, value, lower[n]);
        upper[n] = fmaf(high, value, upper[n]);
    }
}

// Add lines: to one row as its triangle falls, or rises and falls, to the next as its rises.
__device__ __forceinline__ void add_lines(
    const Plane& plane, int first, int last, float center, float narrow, bool reads, float* lower,
    float* upper, float* weight, float* next_weight
) {
    for (int start = first; start < last; start += AHEAD) {
        uint4 chunks[AHEAD];
#pragma unroll
        for (int n = 0; n < AHEAD; ++n) {
            chunks[n] = {0, 0, 0, 0};
            if (reads && start + n < last)
                chunks[n] = *(const uint4*)(plane.first + (start + n) * plane.pitch);
        }
#pragma unroll
        for (int n = 0; n < AHEAD; ++n) {
            if (start + n >= last) break;
            float away = (start + n + 0.5f - center) * narrow;
            float low = fmaxf(1 - fabsf(away), 0.0f), high = fmaxf(away, 0.0f);
            add(chunks[n], low, high, lower, upper);
            *weight += low;
            *next_weight += high;
        }
    }
}

// Weighted means of samples around a center: of every value, or of those that take turns.
template <int TURNS>
__device__ __forceinline__ void sum_columns(const float* line, const Plane& plane, float center, float* sums) {
    float support = fmaxf(plane.across, 1.0f), narrow = 1 / support, weights = 0;
    int first = max((int)(center - support), 0);
    int last = min((int)(center + support) + 1, plane.samples);
    float away = first + 0.5f - center, totals[TURNS] = {};
    for (int k = first * TURNS - plane.base; k < last * TURNS - plane.base; k += TURNS) {
        float weight = fmaxf(fmaf(-fabsf(away), narrow, 1.0f), 0.0f);
#pragma unroll
        for (int turn = 0; turn < TURNS; ++turn)
            totals[turn] = fmaf(weight, line[padded(k + turn)], totals[turn]);
        weights += weight;
        away += 1;
    }
    for (int turn = 0; turn < TURNS; ++turn) sums[turn * AREA] = totals[turn] / fmaxf(weights, 1e-6f);
}

// Resize a part of a plane to some rows and columns of the input; centers are those of the first.
template <int TURNS>
__device__ __forceinline__ void resize(
    const Plane& plane, bool reads, float center_y, float center_x, int rows, int columns, float* lines,
    float* made
) {
    float lower[CHUNK], upper[CHUNK] = {}, weight, next_weight = 0;
    bool shrinks = plane.down >= 1;
    for (int r = shrinks ? -1 : 0; r < rows; ++r) {
        // Shrunk, lines up to the next row's center count for both rows; else every row reads its own.
        float center = center_y + r * plane.down, begin = shrinks ? center : center - 1;
        int first = max((int)ceilf(begin - 0.5f), 0);
        int last = min((int)ceilf(center + fmaxf(plane.down, 1.0f) - 0.5f), plane.lines);
#pragma unroll
        for (int n = 0; n < CHUNK; ++n) {
            lower[n] = shrinks ? upper[n] : 0.0f;
            upper[n] = 0;
        }
        weight = shrinks ? next_weight : 0.0f;
        next_weight = 0;
        float narrow = shrinks ? 1 / plane.down : 1.0f;
        add_lines(plane, first, last, center, narrow, reads, lower, upper, &weight, &next_weight);
        if (r < 0) continue;
        float *line = lines + r % 2 * PADDED_LINE, share = 1 / fmaxf(weight, 1e-6f);
        if (reads)
#pragma unroll
            for (int n = 0; n < CHUNK; ++n) line[padded(CHUNK * threadIdx.x + n)] = lower[n] * share;
        __syncthreads();
        for (int x = threadIdx.x; x < columns; x += THREADS)
            sum_columns<TURNS>(line, plane, center_x + x * plane.across, made + r * columns + x);
    }
    __syncthreads();
}

// The part of a plane that some columns see; every thread gets the chunk that is its own.
template <int TURNS>
__device__ __forceinline__ Plane part_of(
    const unsigned char* data, long long pitch, int lines, int samples, float down, float across,
    float center_x, int columns, bool* reads
) {
    float support = fmaxf(across, 1.0f);
    int base = max((int)(center_x - support), 0) * TURNS / CHUNK * CHUNK;
    float rightmost = center_x + (columns - 1) * across + support;
    int end = min((int)rightmost + 1, samples) * TURNS, own = base + CHUNK * threadIdx.x;
    *reads = own < end;
    return {data + own, pitch, lines, samples, base, down, across};
}

__device__ __forceinline__ void store(Output* place, float value) {
#if OUTPUT == 4
    FLOAT_TO_HALF(*place, value);
#else
    *place = (Output)value;
#endif
}

// Write pixels as the network wants them: padding where nothing was made.
__device__ void store_pixel(
    Output* place, const Numbers& what, const float* channels, const float* made, float pad, int rounded
) {
    float colours[3] = {pad, pad, pad};
    if (made) {
        float light = (made[0] - what.black) * what.light;
        float blue = made[AREA] - 128, red = made[2 * AREA] - 128;
        colours[0] = light + red * what.cr_red;
        colours[1] = light + blue * what.cb_green + red * what.cr_green;
        colours[2] = light + blue * what.cb_blue;
    }
#pragma unroll
    for (int c = 0; c < 3; ++c) {
        int colour = (int)channels[3 * c];
        float value = colour == 0 ? colours[0] : colour == 1 ? colours[1] : colours[2];
        if (made) value = fminf(fmaxf(value, 0.0f), 255.0f);
        if (rounded) value = floorf(value + 0.5f);
        store(place + c, value * channels[3 * c + 1] + channels[3 * c + 2]);
    }
}

// Make `rows_each` rows of an input. Shared memory: two padded lines, then AREA values of luma, blue
// and red. What there is room for, in lines or values, says how many columns are made at once.
extern "C" __global__ void fill_inputs(
    const Picture* pictures, const Numbers* numbers, const float* channels, Output* output, int height,
    int width, int rows_each, float pad, int rounded
) {
    extern __shared__ float lines[];
    float* made = lines + 2 * PADDED_LINE;
    Picture picture = pictures[blockIdx.y];
    Numbers what = numbers[blockIdx.y];
    int top = blockIdx.x * rows_each, bottom = min(top + rows_each, height);
    // A row or column is the picture's if its middle is.
    float from_top = what.top - 0.5f, from_left = what.left - 0.5f;
    int begin = max(top, (int)ceilf(from_top)), end = min(bottom, (int)ceilf(from_top + what.rows));
    int left = max(0, (int)ceilf(from_left)), right = min(width, (int)ceilf(from_left + what.columns));
    if (!picture.luma || begin >= end || left >= right) begin = end = left = right = 0;
    Output* input = output + (long long)blockIdx.y * height * width * 3;
    for (int n = threadIdx.x; n < (bottom - top) * width; n += THREADS) {
        int y = top + n / width, x = n % width;
        if (y < begin || y >= end || x < left || x >= right)
            store_pixel(input + ((long long)y * width + x) * 3, what, channels, nullptr, pad, rounded);
    }
    if (begin == end) return;
    int wide = (int)what.width, high = (int)what.height, rows = end - begin;
    int most = min((int)((LINE - 20 - 2 * fmaxf(what.across, 2.0f)) / what.across) + 1, AREA / rows);
    int parts = (right - left + most - 1) / most, columns_each = (right - left + parts - 1) / parts;
    float center_y = (begin - what.top + 0.5f) * what.down;
    for (int start = left; start < right; start += columns_each) {
        int columns = min(columns_each, right - start);
        float center_x = (start - what.left + 0.5f) * what.across;
        bool reads;
        Plane luma = part_of<1>(
            picture.luma, picture.pitch, high, wide, what.down, what.across, center_x, columns, &reads);
        resize<1>(luma, reads, center_y, center_x, rows, columns, lines, made);
        Plane chroma = part_of<2>(
            picture.chroma, picture.pitch, (high + 1) / 2, (wide + 1) / 2, what.down / 2, what.across / 2,
            center_x / 2, columns, &reads);
        resize<2>(chroma, reads, center_y / 2, center_x / 2, rows, columns, lines, made + AREA);
        for (int n = threadIdx.x; n < rows * columns; n += THREADS) {
            long long pixel = (long long)(begin + n / columns) * width + start + n % columns;
            store_pixel(input + pixel * 3, what, channels, made + n, pad, rounded);
        }
        __syncthreads();
    }
}
