// Find people by their centers and each one's keypoints, as centers_search does.

#define LARGEST 1e5f
#define SMALLEST_SIDE 2.0f

struct Likeliest {
    float value;
    int order, cell;
};

// A number of cells, 0 if no map is as large.
__device__ float cells_or_none(float value) {
    return fabsf(value) < LARGEST ? value : 0.0f;
}

__device__ bool is_center(const Heatmap& heatmap, int i, int j, float value) {
    for (int y = max(i - 1, 0); y < min(i + 2, heatmap.rows); ++y)
        for (int x = max(j - 1, 0); x < min(j + 2, heatmap.columns); ++x) {
            float other = heatmap.raw(y, x);
            bool earlier = y < i || (y == i && x < j);
            if (is_finite(other) && (other > value || (earlier && other == value))) return false;
        }
    return true;
}

// The highest local maxima of each frame, highest first: one block per frame. Shared memory: a
// cell and a height for as many maxima as can lie side by side.
extern "C" __global__ void find_centers(
    Maps centers, int height, int width, float threshold, int limit, int* counts, int* cells, int* used
) {
    extern __shared__ int listed[];
    __shared__ int found;
    int b = blockIdx.y, capacity = ((height + 1) / 2) * ((width + 1) / 2);
    float* heights = (float*)(listed + capacity);
    Heatmap heatmap = heatmap_of(centers, b, 0, height, width);
    if (threadIdx.x == 0) found = 0;
    __syncthreads();
    for (int n = threadIdx.x; n < height * width; n += blockDim.x) {
        float value = heatmap.raw(n / width, n % width);
        if (is_finite(value) && value > threshold && is_center(heatmap, n / width, n % width, value)) {
            int place = atomicAdd(&found, 1);
            listed[place] = n;
            heights[place] = value;
        }
    }
    __syncthreads();
    for (int n = threadIdx.x; n < found; n += blockDim.x) {
        int better = 0;
        for (int other = 0; other < found; ++other)
            better += heights[other] > heights[n]
                || (heights[other] == heights[n] && listed[other] < listed[n]);
        if (better < limit) cells[b * limit + better] = listed[n];
    }
    if (threadIdx.x == 0) counts[b] = min(found, limit);
    if (threadIdx.x == 0 && b == 0) *used = 0;  // of the rows for people, who are chosen last
}

// What a warp's lane finds likeliest of its share of the cells around a guess.
__device__ Likeliest search(const Heatmap& heatmap, float x, float y, float variance) {
    Likeliest best = {0, 0x7fffffff, 0};
    float radius = 2 * sqrtf(variance);
    int middle = (int)fminf(fmaxf(y, 0.0f), heatmap.rows - 1.0f);
    int top = max((int)ceilf(fmaxf(y - radius, 0.0f)), 0);
    int bottom = min((int)floorf(fminf(y + radius, LARGEST)), heatmap.rows - 1);
    int left = max((int)ceilf(fmaxf(x - radius, 0.0f)), 0);
    int right = min((int)floorf(fminf(x + radius, LARGEST)), heatmap.columns - 1);
    int columns = right - left + 1, count = columns > 0 ? (bottom - top + 1) * columns : 0;
    for (int n = threadIdx.x % 32; n < count; n += 32) {
        int i = top + n / columns, j = left + n % columns;
        float height = heatmap.raw(i, j);
        if (!(height >= best.value && height > 0 && is_finite(height))) continue;
        float distance = (i - y) * (i - y) + (j - x) * (j - x);
        if (distance > 4 * variance) continue;
        float value = fminf(height, 1.0f) * expf(-0.5f * distance / variance);
        // Of equals the one in the nearer row, which a search from the guess outwards meets first.
        int step = i > middle ? 2 * (i - middle) - 1 : 2 * (middle - i);
        int order = step * heatmap.columns + j;
        if (value > best.value || (value == best.value && order < best.order))
            best = {value, order, i * heatmap.columns + j};
    }
    return best;
}

__device__ Likeliest likeliest(const Heatmap& heatmap, float x, float y, float variance) {
    Likeliest best = search(heatmap, x, y, variance);
    for (int step = 16; step > 0; step /= 2) {
        float value = __shfl_xor_sync(0xffffffffu, best.value, step);
        int order = __shfl_xor_sync(0xffffffffu, best.order, step);
        int cell = __shfl_xor_sync(0xffffffffu, best.cell, step);
        if (value > best.value || (value == best.value && order < best.order))
            best = {value, order, cell};
    }
    return best;
}

// Everything about each person: one block per person, one warp per keypoint at a time. Shared
// memory: a height and a likelihood for each keypoint.
extern "C" __global__ void find_keypoints(
    Maps centers, Maps sizes, Maps heatmaps, Maps regressions, Maps offsets, const float* reaches,
    int keypoints, int height, int width, float weakest, int limit, const int* counts,
    const int* cells, float2* points, float* heights, float4* boxes, float2* scores
) {
    extern __shared__ float seen[];
    float* values = seen + keypoints;
    int b = blockIdx.y, p = blockIdx.x, person = b * limit + p;
    if (p >= counts[b]) return;
    int y = cells[person] / width, x = cells[person] % width;
    float tall = cells_or_none(heatmap_of(sizes, b, 0, height, width).raw(y, x));
    float wide = cells_or_none(heatmap_of(sizes, b, 1, height, width).raw(y, x));
    float side = fmaxf(fmaxf(tall, wide), SMALLEST_SIDE);
    for (int k = threadIdx.x / 32; k < keypoints; k += blockDim.x / 32) {
        Heatmap heatmap = heatmap_of(heatmaps, b, k, height, width);
        Heatmap down = heatmap_of(regressions, b, 2 * k, height, width);
        Heatmap across = heatmap_of(regressions, b, 2 * k + 1, height, width);
        float guess_y = y + cells_or_none(down.raw(y, x)), guess_x = x + cells_or_none(across.raw(y, x));
        float deviation = reaches[k] * side;
        Likeliest best = likeliest(heatmap, guess_x, guess_y, deviation * deviation);
        if (threadIdx.x % 32 != 0) continue;
        int cell_y = best.cell / width, cell_x = best.cell % width;
        float2 point = {guess_x, guess_y};
        float own = best.value > 0 ? fminf(heatmap.raw(cell_y, cell_x), 1.0f) : 0.0f;
        if (own >= weakest) {
            point.x = cell_x + cells_or_none(heatmap_of(offsets, b, 2 * k + 1, height, width).raw(cell_y, cell_x));
            point.y = cell_y + cells_or_none(heatmap_of(offsets, b, 2 * k, height, width).raw(cell_y, cell_x));
        }
        points[person * keypoints + k] = point;
        heights[person * keypoints + k] = seen[k] = own;
        values[k] = best.value;
    }
    __syncthreads();
    if (threadIdx.x != 0) return;
    double total = 0, weight = 0;
    for (int k = 0; k < keypoints; ++k) {
        total += (double)seen[k] * values[k];
        weight += seen[k];
    }
    float confidence = fminf(heatmap_of(centers, b, 0, height, width).raw(y, x), 1.0f);
    scores[person] = make_float2(confidence, (float)(total / (weight > 1e-6 ? weight : 1e-6)));
    tall = fmaxf(tall, 1.0f) / 2;
    wide = fmaxf(wide, 1.0f) / 2;
    boxes[person] = make_float4(x + 0.5f - wide, y + 0.5f - tall, x + 0.5f + wide, y + 0.5f + tall);
}
