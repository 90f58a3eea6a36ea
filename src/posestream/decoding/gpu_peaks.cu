// Find each keypoint's candidates, as posestream.decoding.peaks does: one block per heatmap.

#define PLATEAU 0x40000000
#define GONE -1

// Noise of a frame's maps from their values below zero; see peaks.noise_level. One block per frame.
extern "C" __global__ void noise_thresholds(
    Maps maps, const int* content, int keypoints, float threshold, float sigmas, float* thresholds,
    int* used
) {
    extern __shared__ float sums[];
    int b = blockIdx.y, rows = content[2 * b], columns = content[2 * b + 1];
    float total = 0;
    int seen = 0, lines = (rows + 7) / 8, share = lines * columns;
    for (int k = 0; k < keypoints; ++k) seen += k % 8 < rows ? (rows - k % 8 + 7) / 8 * columns : 0;
    for (int n = threadIdx.x; n < keypoints * share; n += blockDim.x) {
        int k = n / share, i = k % 8 + n % share / columns * 8;
        if (i >= rows) continue;
        float value = heatmap_of(maps, b, k, rows, columns).raw(i, n % columns);
        float below = value > -1e6f && value < 0 ? value : 0.0f;
        total += below * below;
    }
    sums[threadIdx.x] = total;
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    if (threadIdx.x == 0) {
        float noise = (float)sqrt(2.0 * sums[0] / (seen > 0 ? seen : 1));
        thresholds[b] = fmaxf(threshold, sigmas * noise);
        if (b == 0) *used = 0;  // of the rows for people, who are found last
    }
}

// Bit 0: a neighbour is higher; bit 1: one is equal.
__device__ int compare(const Heatmap& heatmap, int i, int j, float value) {
    int verdict = 0;
    for (int y = max(i - 1, 0); y < min(i + 2, heatmap.rows); ++y)
        for (int x = max(j - 1, 0); x < min(j + 2, heatmap.columns); ++x) {
            float other = heatmap.at(y, x);
            if (y != i || x != j) verdict |= (other > value ? 1 : 0) | (other == value ? 2 : 0);
        }
    return verdict;
}

__device__ float vertex(float before, float peak, float after) {
    float lowest = 1e-3f * peak, least = -6.9077554f;
    before = before > lowest ? logf(before / peak) : least;
    after = after > lowest ? logf(after / peak) : least;
    return 0.5f * (before - after) / (before + after);
}

__device__ void inside_cell(const Heatmap& heatmap, int i, int j, float value, float* x, float* y) {
    *x = j + 0.5f;
    *y = i + 0.5f;
    if (0 < j && j < heatmap.columns - 1)
        *x += vertex(heatmap.at(i, j - 1), value, heatmap.at(i, j + 1));
    if (0 < i && i < heatmap.rows - 1)
        *y += vertex(heatmap.at(i - 1, j), value, heatmap.at(i + 1, j));
}

// Cells of equal value that touch have one root, the first of them: union by atomic minimum.
__device__ int root_of(volatile int* roots, int cell) {
    while (roots[cell] != cell) cell = roots[cell];
    return cell;
}

__device__ void unite(int* roots, int first, int second) {
    for (;;) {
        first = root_of(roots, first);
        second = root_of(roots, second);
        if (first == second) return;
        int low = min(first, second), high = max(first, second);
        int old = atomicMin(&roots[high], low);
        if (old == high) return;
        first = old;
        second = low;
    }
}

__device__ void unite_with_earlier(const Heatmap& heatmap, int* roots, int i, int j) {
    float value = heatmap.at(i, j);
    int cell = i * heatmap.columns + j;
    for (int n = 0; n < 4; ++n) {
        int y = n < 3 ? i - 1 : i, x = n < 3 ? j - 1 + n : j - 1;
        if (y >= 0 && x >= 0 && x < heatmap.columns && heatmap.at(y, x) == value)
            unite(roots, cell, y * heatmap.columns + x);
    }
}

// One warp walks all cells of a plateau; returns whether none is exceeded, and their middle.
__device__ bool middle_of_plateau(
    const Heatmap& heatmap, const int* roots, int root, float value, float* x, float* y
) {
    int cells = heatmap.rows * heatmap.columns, exceeded = 0, size = 0, sum_x = 0, sum_y = 0;
    for (int cell = root + threadIdx.x % 32; cell < cells; cell += 32)
        if (roots[cell] == root) {
            int i = cell / heatmap.columns, j = cell % heatmap.columns;
            exceeded |= compare(heatmap, i, j, value) & 1;
            size += 1;
            sum_x += j;
            sum_y += i;
        }
    for (int step = 16; step > 0; step /= 2) {
        exceeded |= __shfl_xor_sync(0xffffffffu, exceeded, step);
        size += __shfl_xor_sync(0xffffffffu, size, step);
        sum_x += __shfl_xor_sync(0xffffffffu, sum_x, step);
        sum_y += __shfl_xor_sync(0xffffffffu, sum_y, step);
    }
    *x = (float)((double)sum_x / size + 0.5);
    *y = (float)((double)sum_y / size + 0.5);
    if (size == 2) {  // on the border of two cells it is as exact along it as any other
        int i = root / heatmap.columns, j = root % heatmap.columns;
        float inside_x, inside_y;
        inside_cell(heatmap, i, j, value, &inside_x, &inside_y);
        if (sum_x - j == j) *x = inside_x;
        if (sum_y - i == i) *y = inside_y;
    }
    return !exceeded;
}

// List cells that no neighbour exceeds; those with an equal neighbour get a root instead.
__device__ void list_peaks(
    const Heatmap& heatmap, float threshold, int* roots, int* cells, float* values, int* found,
    int* plateaus
) {
    for (int n = threadIdx.x; n < heatmap.rows * heatmap.columns; n += blockDim.x) {
        int i = n / heatmap.columns, j = n % heatmap.columns;
        float value = heatmap.raw(i, j);
        int root = GONE;
        if (is_finite(value) && value > threshold) {
            int verdict = compare(heatmap, i, j, value);
            if (verdict & 2) {
                root = n;
                *plateaus = 1;
            } else if (verdict == 0) {
                int place = atomicAdd(found, 1);
                cells[place] = n;
                values[place] = value;
            }
        }
        roots[n] = root;
    }
}

// Turn plateaus that nothing exceeds into peaks in their middle.
__device__ void list_plateaus(
    const Heatmap& heatmap, int* roots, int* cells, float* values, float* xs, float* ys, int* found
) {
    int count = heatmap.rows * heatmap.columns, columns = heatmap.columns;
    for (int n = threadIdx.x; n < count; n += blockDim.x)
        if (roots[n] != GONE) unite_with_earlier(heatmap, roots, n / columns, n % columns);
    __syncthreads();
    for (int n = threadIdx.x; n < count; n += blockDim.x)
        if (roots[n] != GONE) roots[n] = root_of(roots, n);
    __syncthreads();
    for (int n = threadIdx.x; n < count; n += blockDim.x)
        if (roots[n] == n) {
            float value = heatmap.at(n / columns, n % columns);
            if (!(compare(heatmap, n / columns, n % columns, value) & 1)) {
                int place = atomicAdd(found, 1);
                cells[place] = n | PLATEAU;
                values[place] = value;
            }
        }
    __syncthreads();
    for (int n = threadIdx.x / 32; n < *found; n += blockDim.x / 32)
        if (cells[n] & PLATEAU) {
            float x, y;
            bool whole = middle_of_plateau(heatmap, roots, cells[n] & ~PLATEAU, values[n], &x, &y);
            __syncwarp();
            if (threadIdx.x % 32 == 0) {
                xs[n] = x;
                ys[n] = y;
                if (!whole) values[n] = GONE;
            }
        }
}

// Up to max_peaks strongest peaks of every map, in raster order, as x, y, confidence, cell.
// Shared memory: a root per cell, then four arrays of as many peaks as can lie side by side.
extern "C" __global__ void strongest_peaks(
    Maps maps, const int* content, const float* thresholds, int height, int width, int max_peaks,
    int* counts, float4* peaks
) {
    extern __shared__ int roots[];
    __shared__ int found, plateaus, kept;
    int k = blockIdx.x, b = blockIdx.y, map = b * gridDim.x + k;
    int capacity = ((height + 1) / 2) * ((width + 1) / 2);
    int* cells = roots + height * width;
    float *values = (float*)(cells + capacity), *xs = values + capacity, *ys = xs + capacity;
    Heatmap heatmap = heatmap_of(maps, b, k, content[2 * b], content[2 * b + 1]);
    if (threadIdx.x == 0) found = plateaus = kept = 0;
    __syncthreads();
    list_peaks(heatmap, thresholds[b], roots, cells, values, &found, &plateaus);
    __syncthreads();
    if (plateaus) list_plateaus(heatmap, roots, cells, values, xs, ys, &found);
    __syncthreads();
    // A root is no longer needed: its place says now whether its peak is kept.
    for (int n = threadIdx.x; n < found; n += blockDim.x) {
        int better = 0, cell = cells[n] & ~PLATEAU;
        for (int other = 0; other < found; ++other)
            better += values[other] > values[n]
                || (values[other] == values[n] && (cells[other] & ~PLATEAU) < cell);
        roots[n] = values[n] > 0 && better < max_peaks;
        if (roots[n]) atomicAdd(&kept, 1);
    }
    __syncthreads();
    for (int n = threadIdx.x; n < found; n += blockDim.x) {
        if (!roots[n]) continue;
        int place = 0, cell = cells[n] & ~PLATEAU;
        for (int other = 0; other < found; ++other)
            place += roots[other] && (cells[other] & ~PLATEAU) < cell;
        float x, y;
        if (cells[n] & PLATEAU) {
            x = xs[n];
            y = ys[n];
        } else {
            inside_cell(heatmap, cell / heatmap.columns, cell % heatmap.columns, values[n], &x, &y);
        }
        peaks[(long long)map * max_peaks + place] = make_float4(x, y, values[n], __int_as_float(cell));
    }
    if (threadIdx.x == 0) counts[map] = kept;
}
