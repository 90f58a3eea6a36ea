// The steps of TRTPose's own decoder on the GPU, to the last bit: see paf_compatible.
//
// Compiled without fused multiply-add, every operation rounds as it does on a CPU.

// Whether a cell is at or above the threshold and no cell of its window exceeds it.
__device__ bool is_peak(const Heatmap& heatmap, int i, int j, float threshold, int reach) {
    float value = heatmap.at(i, j);
    if (value < threshold) return false;
    for (int y = max(i - reach, 0); y < min(i + reach + 1, heatmap.rows); ++y)
        for (int x = max(j - reach, 0); x < min(j + reach + 1, heatmap.columns); ++x)
            if (heatmap.at(y, x) > value) return false;
    return true;
}

__device__ int reflect(int index, int size) {
    if (index < 0) index = -index;
    else if (index >= size) index = 2 * size - 2 - index;
    return min(max(index, 0), size - 1);
}

// Row and column of a peak as shares of the map: the weighted mean of its window.
__device__ float4 refined(const Heatmap& heatmap, int i, int j, int reach) {
    float sum_row = 0, sum_column = 0, total = 0;
    for (int y = i - reach; y < i + reach + 1; ++y)
        for (int x = j - reach; x < j + reach + 1; ++x) {
            float weight = heatmap.at(reflect(y, heatmap.rows), reflect(x, heatmap.columns));
            sum_row += weight * y;
            sum_column += weight * x;
            total += weight;
        }
    float row = (float)((double)(sum_row / total) + 0.5) / heatmap.rows;
    float column = (float)((double)(sum_column / total) + 0.5) / heatmap.columns;
    return make_float4(column, row, heatmap.at(i, j), __int_as_float(i * heatmap.columns + j));
}

// The first max_peaks peaks of every map in raster order. Shared memory: an int per thread.
extern "C" __global__ void first_peaks(
    Maps maps, const int* content, float threshold, int window, int max_peaks, int* counts,
    float4* peaks
) {
    extern __shared__ int before[];
    int k = blockIdx.x, b = blockIdx.y, map = b * gridDim.x + k, t = threadIdx.x;
    Heatmap heatmap = heatmap_of(maps, b, k, content[2 * b], content[2 * b + 1]);
    int cells = heatmap.rows * heatmap.columns, columns = heatmap.columns, reach = window / 2;
    int share = (cells + blockDim.x - 1) / blockDim.x, found = 0;
    int start = min(t * share, cells), stop = min(start + share, cells);
    for (int n = start; n < stop; ++n)
        found += is_peak(heatmap, n / columns, n % columns, threshold, reach);
    before[t] = found;
    for (int step = 1; step < blockDim.x; step *= 2) {
        __syncthreads();
        int earlier = t >= step ? before[t - step] : 0;
        __syncthreads();
        before[t] += earlier;
    }
    int place = before[t] - found;
    for (int n = start; n < stop && found > 0 && place < max_peaks; ++n) {
        int i = n / columns, j = n % columns;
        if (is_peak(heatmap, i, j, threshold, reach)) {
            peaks[(long long)map * max_peaks + place] = refined(heatmap, i, j, reach);
            ++place;
        }
    }
    if (t == blockDim.x - 1) counts[map] = min(before[t], max_peaks);
}

// Mean of the field along a segment between two peaks.
__device__ float mean_along(const Field& field, float4 start, float4 end, int rows, int columns, int samples) {
    float y = start.y * rows, x = start.x * columns;
    float dy = end.y * rows - y, dx = end.x * columns - x;
    float norm = (float)((double)sqrtf(dy * dy + dx * dx) + 1e-5);
    float unit_y = dy / norm, unit_x = dx / norm, total = 0;
    for (int n = 0; n < samples; ++n) {
        float part = (float)n / (float)(samples - 1), row = y + part * dy, column = x + part * dx;
        // Towards zero, as the original rounds: what is above -1 is in the first cell.
        if (row > -1 && row < rows && column > -1 && column < columns) {
            float across, down;
            field.at((int)row, (int)column, &across, &down);
            if (!is_finite(across)) across = 0;
            if (!is_finite(down)) down = 0;
            total += down * unit_y + across * unit_x;
        }
    }
    return total / samples;
}

// Prices and partners of the columns while rows are placed one after the other.
struct Columns {
    double *row_price, *price, *nearest;
    int *row_of, *came_from, *reached;
};

// Extend the shortest paths by one column and return it; see assignment._reach_next. By one warp.
__device__ int reach_next(const Columns& s, const float* scores, int row, int columns, bool turned, int width, int last) {
    int lane = threadIdx.x % 32, best = 0x7fffffff;
    double step = INFINITE;
    for (int c = lane; c < columns; c += 32) {
        if (s.reached[c]) continue;
        float score = turned ? scores[c * width + row] : scores[row * width + c];
        double cost = is_finite(score) ? -(double)score : 0.0;
        double reduced = cost - s.row_price[row] - s.price[c];
        if (reduced < s.nearest[c]) {
            s.nearest[c] = reduced;
            s.came_from[c] = last;
        }
        if (s.nearest[c] < step) {
            step = s.nearest[c];
            best = c;
        }
    }
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        double other = __shfl_xor_sync(0xffffffffu, step, lanes);
        int column = __shfl_xor_sync(0xffffffffu, best, lanes);
        if (other < step || (other == step && column < best)) {
            step = other;
            best = column;
        }
    }
    for (int c = lane; c < columns; c += 32) {
        if (s.reached[c]) {
            s.row_price[s.row_of[c]] += step;
            s.price[c] -= step;
        } else {
            s.nearest[c] -= step;
        }
    }
    if (lane == 0) s.row_price[s.row_of[columns]] += step;
    __syncwarp();
    return best;
}

// Match every row to a column of its own for the greatest total score; see assignment.least_cost.
__device__ void match_all(const Columns& s, const float* scores, int rows, int columns, bool turned, int width) {
    int lane = threadIdx.x % 32;
    for (int n = lane; n <= columns; n += 32) {
        s.row_of[n] = rows;
        s.price[n] = 0;
        if (n <= rows) s.row_price[n] = 0;
    }
    __syncwarp();
    for (int row = 0; row < rows; ++row) {
        for (int c = lane; c <= columns; c += 32) {
            s.nearest[c] = INFINITE;
            s.reached[c] = 0;
        }
        if (lane == 0) s.row_of[columns] = row;
        __syncwarp();
        int last = columns;
        while (s.row_of[last] != rows) {
            if (lane == 0) s.reached[last] = 1;
            __syncwarp();
            last = reach_next(s, scores, s.row_of[last], columns, turned, width, last);
        }
        __syncwarp();
        if (lane == 0) {
            while (last != columns) {
                s.row_of[last] = s.row_of[s.came_from[last]];
                last = s.came_from[last];
            }
            s.row_of[columns] = rows;
        }
        __syncwarp();
    }
}

// Links of every limb. Shared memory: three doubles and five ints for each of max_peaks + 1
// candidates, then the scores of all pairs.
extern "C" __global__ void match_compatible(
    Maps fields, const int* content, const int4* limbs, int keypoints, int max_peaks,
    float link_threshold, int samples, const int* counts, const float4* peaks, int* link_counts,
    int2* links
) {
    extern __shared__ double room[];
    int l = blockIdx.x, b = blockIdx.y, place = b * gridDim.x + l, most = max_peaks + 1;
    int* numbers = (int*)(room + 3 * most);
    Columns s = {room, room + most, room + 2 * most, numbers, numbers + most, numbers + 2 * most};
    int *owners = numbers + 3 * most, *partners = numbers + 4 * most;
    float* scores = (float*)(numbers + 5 * most);
    int4 limb = limbs[l];
    int firsts = counts[b * keypoints + limb.x], seconds = counts[b * keypoints + limb.y];
    const float4* first_peaks = peaks + (long long)(b * keypoints + limb.x) * max_peaks;
    const float4* second_peaks = peaks + (long long)(b * keypoints + limb.y) * max_peaks;
    Field field = field_of(fields, b, limb.z, limb.w);
    for (int n = threadIdx.x; n < firsts * seconds; n += blockDim.x)
        scores[n] = mean_along(field, first_peaks[n / seconds], second_peaks[n % seconds],
                               content[2 * b], content[2 * b + 1], samples);
    __syncthreads();
    if (threadIdx.x >= 32) return;
    bool turned = firsts > seconds;
    int rows = min(firsts, seconds), columns = max(firsts, seconds);
    match_all(s, scores, rows, columns, turned, seconds);
    for (int n = threadIdx.x; n < seconds; n += 32) owners[n] = FREE;
    __syncwarp();
    for (int c = threadIdx.x; c < columns; c += 32)
        if (s.row_of[c] < rows) {
            int first = turned ? c : s.row_of[c], second = turned ? s.row_of[c] : c;
            if (scores[first * seconds + second] > link_threshold) owners[second] = first;
        }
    __syncwarp();
    write_links(scores, firsts, seconds, owners, partners, link_counts + place,
                links + (long long)place * max_peaks);
}
