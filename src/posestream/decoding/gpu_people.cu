// Make people of candidates and the limbs between them: follows paf_people and paf_traces.

#define CALM 0.3
#define FULL 0.95
#define REACH 1.2
#define WIDEST 6.0
#define KNOWN 9
#define AROUND 1
#define NOT_FOUND __int_as_float(0x7fc00000)

// Who is kept of a frame, in which order, and in which row the first is.
struct Kept {
    int *people, *known;
    double *scores, *stances;
    int count, start;
};

__device__ double score_of(const Frame& frame, const int* member, int* found) {
    double total = 0;
    *found = 0;
    for (int k = 0; k < frame.keypoints; ++k) {
        if (member[k] < 0) continue;
        *found += 1;
        double confidence = fminf(frame.peaks[member[k]].z, 1.0f);
        total += confidence * confidence;
    }
    return sqrt(total / frame.keypoints);
}

// Leave out people with too few keypoints or too low a score, and order the others by it.
__device__ void keep_best(
    const Frame& frame, const People& all, int people, int least_keypoints, double least_score, Kept& kept
) {
    __shared__ int count;
    if (threadIdx.x == 0) count = 0;
    __syncthreads();
    for (int p = threadIdx.x; p < people; p += blockDim.x) {
        int found;
        double score = score_of(frame, all.members + p * frame.keypoints, &found);
        bool enough = found >= least_keypoints && score >= least_score;
        kept.scores[p] = enough ? score : -1.0;
        if (enough) atomicAdd(&count, 1);
    }
    __syncthreads();
    rank(kept.scores, people, kept.people);
    kept.count = count;
    __syncthreads();
}

struct Rise {
    double weight;
    int cell;
};

// Where a heatmap rises the most near a place, each rise counting less the further it is: by one warp.
__device__ Rise highest_rise(const Heatmap& heatmap, const Place& place) {
    double reach = fmin(REACH * sqrt(place.variance), WIDEST);
    Rise best = {0.0, 0x7fffffff};
    if (!(fabs(place.x) < 1e6 && fabs(place.y) < 1e6)) return best;
    int top = max((int)(place.y - reach), 0), bottom = min((int)(place.y + reach) + 1, heatmap.rows);
    int left = max((int)(place.x - reach), 0), right = min((int)(place.x + reach) + 1, heatmap.columns);
    int columns = right - left, count = columns > 0 ? (bottom - top) * columns : 0;
    for (int n = threadIdx.x % 32; n < count; n += 32) {
        int i = top + n / columns, j = left + n % columns;
        double value = heatmap.at(i, j);
        if (!(best.weight < value)) continue;
        double weight = value * exp(-0.5 * place.distance_to(j + 0.5, i + 0.5) / place.variance);
        if (weight > best.weight) best = {weight, i * heatmap.columns + j};
    }
    for (int step = 16; step > 0; step /= 2) {
        double weight = __shfl_xor_sync(0xffffffffu, best.weight, step);
        int cell = __shfl_xor_sync(0xffffffffu, best.cell, step);
        if (weight > best.weight || (weight == best.weight && cell < best.cell)) best = {weight, cell};
    }
    return best;
}

// Put a keypoint at the mean place of the cells around the highest, by what each counts.
__device__ void middle_of_rise(const Heatmap& heatmap, const Place& place, int cell, float* point) {
    int row = cell / heatmap.columns, column = cell % heatmap.columns;
    double total = 0, across = 0, down = 0;
    for (int i = max(row - AROUND, 0); i < min(row + AROUND + 1, heatmap.rows); ++i)
        for (int j = max(column - AROUND, 0); j < min(column + AROUND + 1, heatmap.columns); ++j) {
            double value = heatmap.at(i, j);
            if (!(value > 0)) continue;
            double weight = value * exp(-0.5 * place.distance_to(j + 0.5, i + 0.5) / place.variance);
            total += weight;
            across += weight * (j + 0.5);
            down += weight * (i + 0.5);
        }
    point[0] = (float)(across / total);
    point[1] = (float)(down / total);
}

// Write everyone's keypoints in cells; those without a peak are where their heatmaps rise the most.
__device__ void write_keypoints(
    const Frame& frame, const People& all, const Kept& kept, const Maps& maps, const int* content,
    float threshold, const Found& found
) {
    int keypoints = frame.keypoints, lane = threadIdx.x % 32;
    for (int n = threadIdx.x / 32; n < kept.count * keypoints; n += blockDim.x / 32) {
        int p = n / keypoints, k = n % keypoints;
        int peak = all.members[kept.people[p] * keypoints + k];
        Row row = row_of(found, kept.start + p, keypoints);
        float point[2] = {NOT_FOUND, NOT_FOUND}, sure = 0;
        if (peak >= 0) {
            float4 own = frame.peaks[peak];
            point[0] = own.x;
            point[1] = own.y;
            sure = fminf(own.z, 1.0f);
        } else if (kept.known[p]) {
            Place place = expected(frame, kept.stances + p, kept.count, k);
            Heatmap heatmap = heatmap_of(maps, blockIdx.y, k, content[0], content[1]);
            Rise best = highest_rise(heatmap, place);
            if (best.weight > 0 && lane == 0) {
                int i = best.cell / heatmap.columns, j = best.cell % heatmap.columns;
                middle_of_rise(heatmap, place, best.cell, point);
                sure = fminf(heatmap.at(i, j), threshold);
            }
        }
        if (lane == 0) {
            row.points[2 * k] = point[0];
            row.points[2 * k + 1] = point[1];
            row.sure[k] = sure;
        }
    }
}

// Keep points inside the frame, put a box around them, and turn cells into pixels.
__device__ void place_in_frame(const Frame& frame, const Kept& kept, const double* where, const Found& found) {
    for (int n = threadIdx.x; n < 2 * kept.count; n += blockDim.x) {
        int p = n / 2, axis = n % 2;
        Row row = row_of(found, kept.start + p, frame.keypoints);
        float edge = (float)where[axis], low = INFINITE, high = -INFINITE;
        for (int k = 0; k < frame.keypoints; ++k) {
            float place = row.points[2 * k + axis], value = fminf(fmaxf(place, 0.0f), edge);
            low = place == place ? fminf(low, value) : low;
            high = place == place ? fmaxf(high, value) : high;
        }
        row.box[axis] = in_frame(low, where, axis);
        row.box[2 + axis] = in_frame(high, where, axis);
        if (axis == 0) *row.score = (float)kept.scores[kept.people[p]];
    }
    __syncthreads();
    int places = 2 * frame.keypoints;
    for (int n = threadIdx.x; n < places * kept.count; n += blockDim.x) {
        int axis = n % 2;
        float* place = row_of(found, kept.start + n / places, frame.keypoints).points + n % places;
        if (*place == *place)
            *place = in_frame(fminf(fmaxf(*place, 0.0f), (float)where[axis]), where, axis);
    }
}

// The links of all limbs, the heaviest first.
__device__ void sort_links(
    const Frame& frame, const int* link_counts, const int2* listed, int4* links, float* weights, int* order,
    int4* sorted
) {
    int total = 0;
    for (int l = 0; l < frame.limb_count; ++l) {
        int4 limb = frame.limbs[l];
        for (int n = threadIdx.x; n < link_counts[l]; n += blockDim.x) {
            int2 link = listed[(long long)l * frame.most + n];
            int one = limb.x * frame.most + (link.x & 0xffff), other = limb.y * frame.most + (link.x >> 16);
            links[total + n] = {one, other, limb.x, limb.y};
            weights[total + n] = __int_as_float(link.y);
        }
        total += link_counts[l];
    }
    __syncthreads();
    rank(weights, total, order);
    __syncthreads();
    for (int n = threadIdx.x; n < total; n += blockDim.x) sorted[n] = links[order[n]];
}

// Everyone in each frame: one block per frame. Shared memory: `shared_bytes`, what more is needed is
// taken from the `room_bytes` that each frame has of `memory`.
extern "C" __global__ void find_people(
    Maps maps, const int* content, const double* where, const float* thresholds, const int4* limbs,
    const double* shape, int limb_count, int keypoints, int most, double max_misfit, double max_ratio,
    int least_keypoints, double least_score, const int* counts, const float4* peaks,
    const int* link_counts, const int2* listed, char* memory, int room_bytes, int shared_bytes,
    Found found
) {
    extern __shared__ double shared[];
    __shared__ int joined, start;
    int b = blockIdx.y;
    counts += b * keypoints;
    link_counts += b * limb_count;
    Frame frame = {peaks + (long long)b * keypoints * most, limbs, shape, limb_count, keypoints, most};
    Room room = {(char*)shared, (char*)shared + shared_bytes, memory + (long long)b * room_bytes};
    int in_all = 0, total = 0;
    for (int l = 0; l < limb_count; ++l) in_all += link_counts[l];
    for (int k = 0; k < keypoints; ++k) total += counts[k];
    int4 *sorted = room.take<int4>(in_all), *links = room.take<int4>(in_all);
    int *person_of = room.take<int>(keypoints * most), *order = room.take<int>(in_all);
    sort_links(
        frame, link_counts, listed + (long long)b * limb_count * most, links, room.take<float>(in_all),
        order, sorted);
    // Nobody is made of fewer than two candidates, or without a limb.
    int people = min(in_all, total / 2);
    People all;
    all.members = room.take<int>(people * keypoints);
    for (int n = threadIdx.x; n < keypoints * most; n += blockDim.x) person_of[n] = NOBODY;
    __syncthreads();
    if (threadIdx.x < 32) {
        int made = join_limbs(frame, sorted, in_all, all.members, person_of);
        if (threadIdx.x == 0) joined = made;
    }
    __syncthreads();
    people = joined;
    all.others = room.take<int>(people * keypoints);
    all.sizes = room.take<int>(people);
    all.order = room.take<int>(people);
    all.hosts = room.take<int>(people);
    all.kinds = room.take<unsigned long long>(people);
    all.fits = room.take<double>(people);
    all.stances = room.take<double>(people * STANCE);
    double threshold = thresholds[b];
    if (shape) {
        people = unite_fragments(frame, all, people, max_misfit, max_ratio);
        // Whoever wants a peak has three at least.
        int most_wishes = min(people, total / MIN_ANCHOR) * keypoints;
        Wishes wishes = {room.take<double>(most_wishes), room.take<int>(most_wishes),
                         room.take<int>(most_wishes), room.take<int>(most_wishes)};
        adopt_peaks(frame, all, people, counts, person_of, wishes, threshold);
    }
    Kept kept = {all.order, all.hosts, all.fits, all.stances};
    keep_best(frame, all, people, least_keypoints, least_score, kept);
    bool traces = shape && threshold < CALM && total < FULL * keypoints * most;
    for (int p = threadIdx.x; p < kept.count; p += blockDim.x) {
        const int* member = all.members + kept.people[p] * keypoints;
        int size = 0;
        for (int k = 0; k < keypoints; ++k) size += member[k] >= 0;
        kept.known[p] = traces && size >= KNOWN && take_stance(frame, member, kept.stances + p, kept.count);
    }
    if (threadIdx.x == 0) start = take_rows(found, b, kept.count);
    __syncthreads();
    kept.start = start;
    write_keypoints(frame, all, kept, maps, content + 2 * b, thresholds[b], found);
    __syncthreads();
    place_in_frame(frame, kept, where + 7 * b, found);
}
