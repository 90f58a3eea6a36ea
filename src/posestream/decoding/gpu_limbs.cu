// Score every pair of candidates of a limb and choose which belong together: one block per limb.
//
// Follows posestream.decoding.limbs and assignment.heaviest_matching. Weights of all pairs lie in
// shared memory, 0 where the field does not support a pair.

#define RAISE 0.01f

// Both components and the length of the field in a place's cell; 0 if not finite.
__device__ void field_at(const Field& field, float x, float y, float* across, float* down, float* length) {
    field.at((int)(y + 0.5f), (int)(x + 0.5f), across, down);
    *length = sqrtf(*across * *across + *down * *down);
    if (!(*length < INFINITE)) *across = *down = *length = 0;
}

// Mean alignment times the share of samples that support the segment.
__device__ float alignment(
    const Field& field, int height, int width, float x, float y, float dx, float dy, float length,
    float support, int samples
) {
    float step = 1.0f / (samples - 1), least = support * length, total = 0, supporting = 0;
    int below = height > 1, right = width > 1;
    for (int n = 0; n < samples; ++n) {
        float part = fminf(n * step, 1.0f), px = x + part * dx, py = y + part * dy;
        int j = (int)px, i = (int)py;
        float u = px - j, v = py - i;
        float upper = field.along(i, j, dx, dy) * (1 - u);
        upper += field.along(i, j + right, dx, dy) * u;
        float lower = field.along(i + below, j, dx, dy) * (1 - u);
        lower += field.along(i + below, j + right, dx, dy) * u;
        float along = upper * (1 - v) + lower * v;
        if (!is_finite(along)) along = 0;
        total += along;
        supporting += along > least ? 1.0f : 0.0f;
    }
    return total / length * supporting / (float)(samples * samples);
}

// Score of a pair, 0 as soon as a sieve holds it back.
__device__ float pair_score(
    const Field& field, int height, int width, float ax, float ay, float bx, float by, float support,
    int samples
) {
    float dx = bx - ax, dy = by - ay, length = sqrtf(dx * dx + dy * dy);
    float x0, y0, strength0, x1, y1, strength1;
    field_at(field, ax, ay, &x0, &y0, &strength0);
    field_at(field, bx, by, &x1, &y1, &strength1);
    float facing = (x0 + x1) * dx + (y0 + y1) * dy;
    if (!(facing > fmaxf(support, 0.25f * (strength0 + strength1)) * length)) return 0;
    for (int n = 1; n < 4; ++n) {
        float part = 0.25f * n;
        int j = (int)(ax + part * dx + 0.5f), i = (int)(ay + part * dy + 0.5f);
        float along = field.along(i, j, dx, dy);
        if (!(support * length < along && along < INFINITE)) return 0;
    }
    return alignment(field, height, width, ax, ay, dx, dy, length, support, samples);
}

// The most that one candidate gains from any other, which that is, and what the next best gives.
struct Wish {
    float gain, next;
    int best;
};

__device__ Wish better_of(Wish one, Wish other) {
    bool swapped = other.gain > one.gain || (other.gain == one.gain && other.best < one.best);
    Wish first = swapped ? other : one, second = swapped ? one : other;
    first.next = fmaxf(first.next, fmaxf(second.next, second.gain));
    return first;
}

// A warp looks for what a candidate wants most; every lane learns it.
__device__ Wish wish_of(const float* weights, const float* prices, int count) {
    Wish wish = {0, 0, 0x7fffffff};
    for (int n = threadIdx.x % 32; n < count; n += 32) {
        float value = weights[n] > 0 ? weights[n] - prices[n] : 0.0f;
        if (value > wish.gain) {
            wish.next = wish.gain;
            wish.gain = value;
            wish.best = n;
        } else {
            wish.next = fmaxf(wish.next, value);
        }
    }
    for (int step = 16; step > 0; step /= 2) {
        Wish other = {__shfl_xor_sync(0xffffffffu, wish.gain, step),
                      __shfl_xor_sync(0xffffffffu, wish.next, step),
                      __shfl_xor_sync(0xffffffffu, wish.best, step)};
        wish = better_of(wish, other);
    }
    return wish;
}

// The auction, by one warp: firsts bid for seconds, and who is outbid bids again.
__device__ void auction(const float* weights, int firsts, int seconds, int* owners, float* prices) {
    int lane = threadIdx.x % 32;
    for (int n = lane; n < seconds; n += 32) {
        owners[n] = FREE;
        prices[n] = 0;
    }
    __syncwarp();
    for (int first = 0; first < firsts; ++first) {
        int bidder = first;
        while (bidder != FREE) {
            const float* own = weights + bidder * seconds;
            Wish wish = wish_of(own, prices, seconds);
            int loser = FREE;
            if (wish.gain > 0) loser = owners[wish.best];
            __syncwarp();
            if (wish.gain > 0 && lane == 0) {
                owners[wish.best] = bidder;
                prices[wish.best] += wish.gain - wish.next + RAISE * own[wish.best];
            }
            __syncwarp();
            bidder = loser;
        }
    }
}

__device__ float inside(float place, int size) {
    return fminf(fmaxf(place - 0.5f, 0.0f), fmaxf(size - 1 - 1e-3f, 0.0f));
}

// Links of every limb. Shared memory: weights of all pairs, then an owner, a price and a partner
// for each of max_peaks candidates.
extern "C" __global__ void match_limbs(
    Maps fields, const int4* limbs, int keypoints, int height, int width, int max_peaks,
    float link_threshold, float support, int samples, const int* counts, const float4* peaks,
    int* link_counts, int2* links
) {
    extern __shared__ float weights[];
    int l = blockIdx.x, b = blockIdx.y, place = b * gridDim.x + l;
    int* owners = (int*)(weights + max_peaks * max_peaks);
    float* prices = (float*)(owners + max_peaks);
    int* partners = (int*)(prices + max_peaks);
    int4 limb = limbs[l];
    int firsts = counts[b * keypoints + limb.x], seconds = counts[b * keypoints + limb.y];
    const float4* first_peaks = peaks + (long long)(b * keypoints + limb.x) * max_peaks;
    const float4* second_peaks = peaks + (long long)(b * keypoints + limb.y) * max_peaks;
    Field field = field_of(fields, b, limb.z, limb.w);
    for (int n = threadIdx.x; n < firsts * seconds; n += blockDim.x) {
        float4 a = first_peaks[n / seconds], c = second_peaks[n % seconds];
        float score = pair_score(field, height, width, inside(a.x, width), inside(a.y, height),
                                 inside(c.x, width), inside(c.y, height), support, samples);
        weights[n] = score > link_threshold
            ? fminf(score, 1e6f) * fminf(a.z, 1.0f) * fminf(c.z, 1.0f) : 0.0f;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
        auction(weights, firsts, seconds, owners, prices);
        __syncwarp();
        write_links(weights, firsts, seconds, owners, partners, link_counts + place,
                    links + (long long)place * max_peaks);
    }
}
