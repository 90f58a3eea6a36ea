// What everyone in a frame is made of, and where a body's keypoints lie: follows paf_bodies.

#define TURN 0.3
#define WIDTH 0.3
#define LOWEST_SCALE 0.1
#define MIN_ANCHOR 3
#define STANCE 13
#define SHAPE 4
#define NOBODY -1

// Candidates of a frame and what is known of bodies. Peak n is a candidate of keypoint n / most.
struct Frame {
    const float4* peaks;
    const int4* limbs;
    // Of each keypoint x, y and deviation in torsos and its weight; none if not a human's body.
    const double* shape;
    int limb_count, keypoints, most;
};

// Memory of a block: shared as long as there is some, then the frame's own.
struct Room {
    char *shared, *end, *own;

    template <class T> __device__ T* take(int count) {
        int bytes = (count * (int)sizeof(T) + 15) / 16 * 16;
        char*& from = end - shared >= bytes ? shared : own;
        T* taken = (T*)from;
        from += bytes;
        return taken;
    }
};

// Say in which order numbers are from large to small; equals stay in order.
template <class T> __device__ void rank(const T* values, int count, int* order) {
    for (int n = threadIdx.x; n < count; n += blockDim.x) {
        T own = values[n];
        int before = 0;
        for (int other = 0; other < count; ++other)
            before += values[other] > own || (values[other] == own && other < n);
        order[before] = n;
    }
}

__device__ double torso_length(const Frame& frame, const int* member) {
    double seen = 0, expected = 0;
    for (int n = 0; n < frame.limb_count; ++n) {
        int a = frame.limbs[n].x, b = frame.limbs[n].y;
        if (member[a] < 0 || member[b] < 0) continue;
        float4 one = frame.peaks[member[a]], other = frame.peaks[member[b]];
        float across = one.x - other.x, down = one.y - other.y;
        const double *from = frame.shape + SHAPE * a, *to = frame.shape + SHAPE * b;
        seen += across * across;
        expected += (from[0] - to[0]) * (from[0] - to[0]);
        seen += down * down;
        expected += (from[1] - to[1]) * (from[1] - to[1]);
    }
    return expected > 0 ? fmax(sqrt(seen / expected), LOWEST_SCALE) : 0;
}

// Fit the body to a person: see paf_bodies.take_stance. Entry n goes to stance[n * step].
__device__ bool take_stance(const Frame& frame, const int* member, double* stance, int step) {
    int found = 0;
    for (int k = 0; k < frame.keypoints; ++k) found += member[k] >= 0;
    double scale = found > 0 ? torso_length(frame, member) : 0;
    stance[0] = scale;
    if (found < MIN_ANCHOR || scale == 0) return false;
    double n00 = 0, n01 = 0, n02 = 0, n12 = 0, x0 = 0, x1 = 0, x2 = 0, y0 = 0, y2 = 0;
    double shrunk = 1 / scale, n11 = 1 / (TURN * TURN), n22 = 1 / (WIDTH * WIDTH), y1 = n11;
    for (int k = 0; k < frame.keypoints; ++k) {
        if (member[k] < 0) continue;
        const double* shape = frame.shape + SHAPE * k;
        double side = shape[0], down = shape[1], weight = shape[3];
        float4 peak = frame.peaks[member[k]];
        double x = peak.x * shrunk * weight, y = peak.y * shrunk * weight;
        n00 += weight;
        n01 += weight * down;
        n02 += weight * side;
        n11 += weight * down * down;
        n12 += weight * down * side;
        n22 += weight * side * side;
        x0 += x;
        x1 += x * down;
        x2 += x * side;
        y0 += y;
        y1 += y * down;
        y2 += y * side;
    }
    double c00 = n11 * n22 - n12 * n12, c01 = n02 * n12 - n01 * n22, c02 = n01 * n12 - n02 * n11;
    double c11 = n00 * n22 - n02 * n02, c12 = n01 * n02 - n00 * n12, c22 = n00 * n11 - n01 * n01;
    double scaled = 1 / (n00 * c00 + n01 * c01 + n02 * c02);
    double entries[STANCE - 1] = {
        c00 * x0 + c01 * x1 + c02 * x2, c00 * y0 + c01 * y1 + c02 * y2,
        c01 * x0 + c11 * x1 + c12 * x2, c01 * y0 + c11 * y1 + c12 * y2,
        c02 * x0 + c12 * x1 + c22 * x2, c02 * y0 + c12 * y1 + c22 * y2, c00, c01, c02, c11, c12, c22};
    for (int n = 1; n < STANCE; ++n) stance[n * step] = entries[n - 1] * scaled;
    return true;
}

// Where a person's keypoint should be, and its variance, in cells.
struct Place {
    double x, y, variance;

    __device__ double distance_to(double other_x, double other_y) const {
        return (other_x - x) * (other_x - x) + (other_y - y) * (other_y - y);
    }
};

__device__ Place expected(const Frame& frame, const double* stance, int step, int k) {
    const double* shape = frame.shape + SHAPE * k;
    double scale = stance[0], side = shape[0], down = shape[1], free = shape[2];
    double x = stance[step] + stance[3 * step] * down + stance[5 * step] * side;
    double y = stance[2 * step] + stance[4 * step] * down + stance[6 * step] * side;
    double variance = free * free + stance[7 * step];
    variance += 2 * (down * stance[8 * step] + side * stance[9 * step]);
    variance += down * down * stance[10 * step] + 2 * down * side * stance[11 * step];
    variance += side * side * stance[12 * step];
    return {x * scale, y * scale, variance * scale * scale};
}
