// Join limbs into people and give them the parts that no limb connects to them: follows people and
// paf_fragments. One block works on one frame.

#define LENIENCE 2.0
#define ROUNDS 2
#define ADOPTION_MISFIT 4.0
#define ADOPTION_SHARE 0.2

// Grow people from limbs in order of weight, by one warp with a lane per keypoint; returns how many.
// A limb is its two candidates and of which keypoints they are.
__device__ int join_limbs(const Frame& frame, const int4* sorted, int count, int* members, int* person_of) {
    int lane = threadIdx.x % 32, keypoints = frame.keypoints, people = 0;
    int4 next = count > 0 ? sorted[0] : int4();
    for (int n = 0; n < count; ++n) {
        int4 link = next;
        if (n + 1 < count) next = sorted[n + 1];
        int one = person_of[link.x], other = person_of[link.y];
        __syncwarp();
        if (one < 0 && other < 0) {
            for (int k = lane; k < keypoints; k += 32)
                members[people * keypoints + k] = k == link.w ? link.y : k == link.z ? link.x : NOBODY;
            if (lane == 0) person_of[link.x] = person_of[link.y] = people;
            people += 1;
        } else if (one < 0 || other < 0) {
            int peak = one < 0 ? link.x : link.y, person = one < 0 ? other : one;
            int* place = members + person * keypoints + (one < 0 ? link.z : link.w);
            if (lane == 0 && *place < 0) {
                *place = peak;
                person_of[peak] = person;
            }
        } else if (one != other) {
            int *kept = members + one * keypoints, *given = members + other * keypoints, common = 0;
            for (int k = lane; k < keypoints; k += 32) common |= kept[k] >= 0 && given[k] >= 0;
            if (!__ballot_sync(0xffffffffu, common))
                for (int k = lane; k < keypoints; k += 32)
                    if (given[k] >= 0) {
                        person_of[given[k]] = one;
                        kept[k] = given[k];
                        given[k] = NOBODY;
                    }
        }
        __syncwarp();
    }
    return people;
}

// Everyone with what is needed to find out who belongs together.
struct People {
    int *members, *others;  // (P, K), and room for as many
    int *sizes, *order, *hosts;
    unsigned long long* kinds;  // a bit for every keypoint
    double *stances, *fits;     // (STANCE, P), (P,)
};

// The likelihood of a part's keypoints under its host's stance, 0 if they are too far off in the mean.
__device__ double fit_of(const Frame& frame, const int* part, const double* stance, int step, double most) {
    double total = 0, volume = 1;
    int size = 0;
    for (int k = 0; k < frame.keypoints; ++k) size += part[k] >= 0;
    for (int k = 0; k < frame.keypoints; ++k) {
        if (part[k] < 0) continue;
        Place place = expected(frame, stance, step, k);
        float4 peak = frame.peaks[part[k]];
        total += place.distance_to(peak.x, peak.y) / place.variance;
        volume *= place.variance;
        if (total > most * size) return 0;
    }
    return exp(-0.5 * (total + log(volume)) / size);
}

// Note which of the first people a part fits best, and how well.
__device__ void find_host(
    const Frame& frame, const People& all, int step, int part, int last, double misfit, double ratio
) {
    const int* member = all.members + part * frame.keypoints;
    int k = 0;
    while (!(all.kinds[part] >> k & 1)) ++k;
    float4 peak = frame.peaks[member[k]];
    double scale = all.stances[part], best = 0;
    for (int host = 0; host < last; ++host) {
        double other = all.stances[host];
        if (!(other > 0) || all.kinds[part] & all.kinds[host] || !(scale <= ratio * other)) continue;
        if (scale != 0 && !(scale * ratio >= other)) continue;
        Place place = expected(frame, all.stances + host, step, k);
        if (!(place.distance_to(peak.x, peak.y) <= LENIENCE * misfit * place.variance)) continue;
        double fit = fit_of(frame, member, all.stances + host, step, misfit);
        if (fit > best) {
            best = fit;
            all.hosts[part] = host;
        }
    }
    all.fits[part] = best;
}

// Order people by their number of keypoints and leave out those without any; says how many are left,
// how many have more than half of all keypoints, and how many enough for a stance.
__device__ int3 largest_first(const Frame& frame, People& all, int people) {
    __shared__ int left, larger, anchors;
    int keypoints = frame.keypoints;
    if (threadIdx.x == 0) left = larger = anchors = 0;
    __syncthreads();
    for (int p = threadIdx.x; p < people; p += blockDim.x) {
        int size = 0;
        for (int k = 0; k < keypoints; ++k) size += all.members[p * keypoints + k] >= 0;
        all.sizes[p] = size;
        if (size > 0) atomicAdd(&left, 1);
        if (2 * size > keypoints) atomicAdd(&larger, 1);
        if (size >= MIN_ANCHOR) atomicAdd(&anchors, 1);
    }
    __syncthreads();
    rank(all.sizes, people, all.order);
    __syncthreads();
    for (int p = threadIdx.x; p < left; p += blockDim.x) {
        unsigned long long kinds = 0;
        for (int k = 0; k < keypoints; ++k) {
            int peak = all.others[p * keypoints + k] = all.members[all.order[p] * keypoints + k];
            kinds |= (unsigned long long)(peak >= 0) << k;
        }
        all.kinds[p] = kinds;
    }
    int* members = all.members;
    all.members = all.others;
    all.others = members;
    int3 counts = make_int3(left, larger, anchors);
    __syncthreads();
    return counts;
}

// Join people of which one is where the other's missing part should be; returns how many there are.
__device__ int unite_fragments(
    const Frame& frame, People& all, int people, double misfit, double ratio
) {
    __shared__ int united;
    int keypoints = frame.keypoints;
    for (int round = 0; round < ROUNDS; ++round) {
        int3 counts = largest_first(frame, all, people);
        people = counts.x;
        for (int p = threadIdx.x; p < people; p += blockDim.x) {
            take_stance(frame, all.members + p * keypoints, all.stances + p, people);
            all.hosts[p] = NOBODY;
            all.fits[p] = 0;
        }
        if (threadIdx.x == 0) united = 0;
        __syncthreads();
        for (int part = counts.y + threadIdx.x; part < people; part += blockDim.x)
            find_host(frame, all, people, part, min(part, counts.z), misfit, ratio);
        __syncthreads();
        rank(all.fits, people, all.order);
        __syncthreads();
        for (int n = 0; n < people && threadIdx.x == 0; ++n) {
            int part = all.order[n], host = all.hosts[part];
            if (host < 0 || !all.kinds[host] || all.kinds[part] & all.kinds[host]) continue;
            int *kept = all.members + host * keypoints, *given = all.members + part * keypoints;
            for (int k = 0; k < keypoints; ++k)
                if (given[k] >= 0) {
                    kept[k] = given[k];
                    given[k] = NOBODY;
                }
            all.kinds[host] |= all.kinds[part];
            all.kinds[part] = 0;
            all.hosts[host] = NOBODY;  // no longer the one whose host that was
            united += 1;
        }
        __syncthreads();
        if (united == 0) break;
        __syncthreads();
    }
    return people;
}

// A peak that somebody wants, which of the keypoints it would be, and what it is worth.
struct Wishes {
    double* gains;
    int *keypoints, *peaks, *order;
    int most;
};

// Give people the free peaks that lie where a keypoint of theirs is missing, the best first.
__device__ void adopt_peaks(
    const Frame& frame, People& all, int people, const int* counts, int* is_free, const Wishes& wishes,
    double threshold
) {
    __shared__ int count;
    int keypoints = frame.keypoints;
    if (threadIdx.x == 0) count = 0;
    for (int n = threadIdx.x; n < keypoints * frame.most; n += blockDim.x) is_free[n] = 1;
    __syncthreads();
    for (int n = threadIdx.x; n < people * keypoints; n += blockDim.x)
        if (all.members[n] >= 0) is_free[all.members[n]] = 0;
    for (int p = threadIdx.x; p < people; p += blockDim.x)
        all.sizes[p] = take_stance(frame, all.members + p * keypoints, all.stances + p, people);
    __syncthreads();
    for (int n = threadIdx.x; n < people * keypoints; n += blockDim.x) {
        int p = n / keypoints, k = n % keypoints, best = NOBODY;
        if (!all.sizes[p] || all.members[n] >= 0) continue;
        Place place = expected(frame, all.stances + p, people, k);
        double reach = ADOPTION_MISFIT * place.variance, gain = ADOPTION_SHARE * threshold;
        for (int peak = k * frame.most; peak < k * frame.most + counts[k]; ++peak) {
            float4 own = frame.peaks[peak];
            double distance = place.distance_to(own.x, own.y);
            if (!(distance < reach) || !is_free[peak]) continue;
            double value = fminf(own.z, 1.0f) * exp(-0.5 * distance / place.variance);
            if (value > gain) {
                best = peak;
                gain = value;
            }
        }
        if (best == NOBODY) continue;
        int place_of = atomicAdd(&count, 1);
        wishes.gains[place_of] = gain;
        wishes.keypoints[place_of] = n;
        wishes.peaks[place_of] = best;
    }
    __syncthreads();
    for (int n = threadIdx.x; n < count; n += blockDim.x) {
        int before = 0;
        for (int other = 0; other < count; ++other)
            before += wishes.gains[other] > wishes.gains[n]
                || (wishes.gains[other] == wishes.gains[n] && wishes.keypoints[other] < wishes.keypoints[n]);
        wishes.order[before] = n;
    }
    __syncthreads();
    for (int n = 0; n < count && threadIdx.x == 0; ++n) {
        int wish = wishes.order[n], peak = wishes.peaks[wish];
        if (!is_free[peak]) continue;
        all.members[wishes.keypoints[wish]] = peak;
        is_free[peak] = 0;
    }
    __syncthreads();
}
