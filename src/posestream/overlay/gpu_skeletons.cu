// Draw skeletons onto NV12 pictures, as posestream.overlay.skeletons and strokes do.

#define RIM_SHARE 0.3f
#define OPACITY 0.92f
#define RIM_OPACITY 0.55f
#define CHUNK 256

// A limb's two keypoints and its width, or a dot's keypoint twice and its diameter, limb widths.
struct Part {
    int first, second;
    float share;
};

// What is visible of everyone: a stroke for each part of each person, radius below 0 if hidden.
struct Stroke {
    float x0, y0, x1, y1, radius, rim;
    int colour;
};

struct Point {
    float x, y;
    bool near, inside;
};

__device__ Point point_of(
    const float* keypoints, const float* scores, int k, const Surface& surface, float threshold
) {
    Point point;
    float x = keypoints[2 * k], y = keypoints[2 * k + 1], width = surface.width, height = surface.height;
    point.x = x * surface.scale_x;
    point.y = y * surface.scale_y;
    // Comparisons with what is not a number fail.
    point.near = scores[k] >= threshold && point.x > -width && point.x < 2 * width
        && point.y > -height && point.y < 2 * height;
    point.inside = point.near && point.x >= 0 && point.x < width && point.y >= 0 && point.y < height;
    return point;
}

// Keypoint K of a topology without a neck is one between the shoulders.
__device__ Point point_or_neck(
    const float* keypoints, const float* scores, int k, int count, int2 shoulders,
    const Surface& surface, float threshold
) {
    if (k < count) return point_of(keypoints, scores, k, surface, threshold);
    const float *left = keypoints + 2 * shoulders.x, *right = keypoints + 2 * shoulders.y;
    float middle[2] = {(left[0] + right[0]) / 2, (left[1] + right[1]) / 2};
    float score = fminf(scores[shoulders.x], scores[shoulders.y]);
    return point_of(middle, &score, 0, surface, threshold);
}

// Width of a person's limbs, pixels; see skeletons.limb_widths. One that is given is in pixels of the
// frame, and shrinks with it as far as it can still be seen.
__device__ float limb_width(const float* box, const Surface& surface, float width) {
    if (width > 0) return fmaxf(width * surface.scale_x, fminf(width, 1.2f));
    float side = sqrtf((float)surface.width * surface.height);
    float across = fabsf(box[2] - box[0]) * surface.scale_x;
    float down = fabsf(box[3] - box[1]) * surface.scale_y;
    float share = fmaxf(across, down) / (0.4f * side);
    share = fminf(fmaxf(share, 0.05f), 2.0f);
    return fmaxf(fmaxf(0.0048f * side, 1.6f) * powf(share, 0.35f), 1.2f);
}

// One thread per part of a person: limbs first, then a dot for each keypoint. Limbs of somebody with
// an identity have its colour, which comes after those of all parts and of rims.
extern "C" __global__ void place_strokes(
    const Surface* surfaces, const int* surface_of, const int* identities, const float* keypoints, const float* scores,
    const float* boxes, const Part* parts, int limbs, int count, int shoulder_a, int shoulder_b,
    int people, float threshold, float width, Stroke* strokes
) {
    int n = blockIdx.x * blockDim.x + threadIdx.x, all = limbs + count;
    if (n >= people * all) return;
    int person = n / all, which = n % all;
    Surface surface = surfaces[surface_of[person]];
    Part part = parts[which];
    const float *own = keypoints + 2 * (long long)person * count, *sure = scores + (long long)person * count;
    int2 shoulders = make_int2(shoulder_a, shoulder_b);
    Point a = point_or_neck(own, sure, part.first, count, shoulders, surface, threshold);
    Point b = point_or_neck(own, sure, part.second, count, shoulders, surface, threshold);
    float wide = limb_width(boxes + 4 * (long long)person, surface, width);
    bool shown = a.near && b.near && (a.inside || b.inside);
    int colour = which < limbs && identities[person] >= 0 ? all + 1 + identities[person] : which;
    strokes[n] = {a.x, a.y, b.x, b.y, shown ? wide * part.share / 2 : -1.0f, wide * RIM_SHARE, colour};
}

// How much of a pixel a stroke and its rim cover, by the distance of the pixel's centre.
__device__ void covers(const Stroke& s, float scale, float px, float py, float* cover, float* rim_cover) {
    float x0 = s.x0 * scale, y0 = s.y0 * scale, dx = s.x1 * scale - x0, dy = s.y1 * scale - y0;
    float radius = s.radius * scale, rim = s.rim * scale;
    float x = px - x0, y = py - y0;
    float t = (x * dx + y * dy) / fmaxf(dx * dx + dy * dy, 1e-6f);
    t = fminf(fmaxf(t, 0.0f), 1.0f);
    float ex = x - t * dx, ey = y - t * dy;
    float inside = radius + 0.5f - sqrtf(ex * ex + ey * ey);
    // A stroke thinner than a pixel never covers all of it.
    *rim_cover = fminf(fmaxf(inside + rim, 0.0f), fminf(1.0f, 2 * (radius + rim))) * RIM_OPACITY;
    *cover = fminf(fmaxf(inside, 0.0f), fminf(1.0f, 2 * radius)) * OPACITY;
}

__device__ float blended(float old, float cover, float value, float rim_cover, float rim_value) {
    float rimmed = old + (rim_value - old) * rim_cover;
    return floorf(rimmed + (value - rimmed) * cover + 0.5f);
}

// Whether a stroke may touch a block of 32 by 32 pixels.
__device__ bool touches(const Stroke& s, float left, float top) {
    if (s.radius < 0) return false;
    float cover, dx = s.x1 - s.x0, dy = s.y1 - s.y0, x = left + 16 - s.x0, y = top + 16 - s.y0;
    float t = (x * dx + y * dy) / fmaxf(dx * dx + dy * dy, 1e-6f);
    t = fminf(fmaxf(t, 0.0f), 1.0f);
    cover = s.radius + s.rim + 2 + 22.7f;  // two luma pixels of blur in chroma, half a diagonal
    return (x - t * dx) * (x - t * dx) + (y - t * dy) * (y - t * dy) < cover * cover;
}

// One thread draws on two by two pixels; blocks are 16 by 16 threads. All strokes of a picture are
// looked at, in their order, and those that touch the block are drawn.
extern "C" __global__ void draw_strokes(
    const Surface* surfaces, const Stroke* strokes, const unsigned char* colours, int parts, int all_colours
) {
    __shared__ Stroke listed[CHUNK];
    __shared__ int before[CHUNK / 32];
    Surface surface = surfaces[blockIdx.z];
    int left = blockIdx.x * 32, top = blockIdx.y * 32, t = threadIdx.x, warp = t / 32;
    int total = surface.count * parts;
    if (left >= surface.width || top >= surface.height || total == 0) return;
    const Stroke* own = strokes + (long long)surface.first * parts;
    const unsigned char* table = colours + surface.table * 3 * all_colours;
    const unsigned char* rim = table + 3 * parts;
    int column = left / 2 + t % 16, row = top / 2 + t / 16;
    bool mine = 2 * column < surface.width && 2 * row < surface.height, read = false;
    unsigned char* chroma = chroma_row(surface, row) + 2 * column;
    float values[6];
    for (int start = 0; start < total; start += CHUNK) {
        Stroke stroke;
        bool hit = false;
        if (start + t < total) {
            stroke = own[start + t];
            hit = touches(stroke, (float)left, (float)top);
        }
        unsigned int hits = __ballot_sync(0xffffffffu, hit);
        __syncthreads();
        if (t % 32 == 0) before[warp] = __popc(hits);
        __syncthreads();
        int place = __popc(hits & ((1u << t % 32) - 1)), count = 0;
        for (int n = 0; n < CHUNK / 32; ++n) {
            if (n < warp) place += before[n];
            count += before[n];
        }
        if (hit) listed[place] = stroke;
        __syncthreads();
        if (count == 0 || !mine) continue;
        if (!read) {
            for (int n = 0; n < 4; ++n) values[n] = luma_row(surface, 2 * row + n / 2)[2 * column + n % 2];
            values[4] = chroma[0];
            values[5] = chroma[1];
            read = true;
        }
        for (int s = 0; s < count; ++s) {
            const unsigned char* colour = table + 3 * listed[s].colour;
            float cover, rim_cover;
            for (int n = 0; n < 4; ++n) {
                covers(listed[s], 1, 2 * column + n % 2 + 0.5f, 2 * row + n / 2 + 0.5f, &cover, &rim_cover);
                values[n] = blended(values[n], cover, colour[0], rim_cover, rim[0]);
            }
            covers(listed[s], 0.5f, column + 0.5f, row + 0.5f, &cover, &rim_cover);
            values[4] = blended(values[4], cover, colour[1], rim_cover, rim[1]);
            values[5] = blended(values[5], cover, colour[2], rim_cover, rim[2]);
        }
    }
    if (!read) return;
    for (int n = 0; n < 4; ++n) luma_row(surface, 2 * row + n / 2)[2 * column + n % 2] = (unsigned char)values[n];
    chroma[0] = (unsigned char)values[4];
    chroma[1] = (unsigned char)values[5];
}
