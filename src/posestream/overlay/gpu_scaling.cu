// Scale NV12 pictures into tiles of one NV12 canvas.
//
// Every pixel is a mean of the source around it, by weights that fall to nothing one pixel away, in
// pixels of the coarser of the two: bilinear where a picture grows, without aliases where it shrinks.

// What luma becomes, and what blue and red difference add to it and become.
struct Recolour {
    float luma_from, luma_factor, luma_to;
    float luma_blue, luma_red, blue_blue, blue_red, red_blue, red_red;
};

struct Taps {
    int first, last;
    float middle, slope;

    __device__ __forceinline__ float weight(int n) const {
        return fmaxf(1.0f - fabsf(n + 0.5f - middle) * slope, 0.0f);
    }
};

__device__ Taps taps_of(int place, float scale, int size) {
    float radius = fmaxf(scale, 1.0f), middle = (place + 0.5f) * scale;
    Taps taps = {max((int)floorf(middle - radius), 0), min((int)ceilf(middle + radius), size), middle, 1 / radius};
    return taps;
}

__device__ float scaled_luma(const Surface& source, const Taps& down, const Taps& across) {
    float total = 0, weights = 0;
    for (int i = down.first; i < down.last; ++i) {
        const unsigned char* row = luma_row(source, i);
        float line = 0, line_weights = 0;
        for (int j = across.first; j < across.last; ++j) {
            float weight = across.weight(j);
            line += weight * row[j];
            line_weights += weight;
        }
        total += down.weight(i) * line;
        weights += down.weight(i) * line_weights;
    }
    return total / weights;
}

__device__ float2 scaled_chroma(const Surface& source, const Taps& down, const Taps& across) {
    float blue = 0, red = 0, weights = 0;
    for (int i = down.first; i < down.last; ++i) {
        const unsigned char* row = chroma_row(source, i);
        float line_blue = 0, line_red = 0, line_weights = 0;
        for (int j = across.first; j < across.last; ++j) {
            float weight = across.weight(j);
            line_blue += weight * row[2 * j];
            line_red += weight * row[2 * j + 1];
            line_weights += weight;
        }
        float weight = down.weight(i);
        blue += weight * line_blue;
        red += weight * line_red;
        weights += weight * line_weights;
    }
    return make_float2(blue / weights - 128, red / weights - 128);
}

__device__ unsigned char rounded(float value) {
    return (unsigned char)(fminf(fmaxf(value, 0.0f), 255.0f) + 0.5f);
}

// One thread makes two by two pixels; blocks are 16 by 16 threads.
extern "C" __global__ void scale_pictures(
    const Surface* sources, const Surface* tiles, const Recolour* recolours
) {
    Surface source = sources[blockIdx.z], tile = tiles[blockIdx.z];
    Recolour colour = recolours[blockIdx.z];
    int column = blockIdx.x * 16 + threadIdx.x % 16, row = blockIdx.y * 16 + threadIdx.x / 16;
    if (2 * column >= tile.width || 2 * row >= tile.height) return;
    float scale_x = (float)source.width / tile.width, scale_y = (float)source.height / tile.height;
    float2 chroma = scaled_chroma(source, taps_of(row, scale_y, (source.height + 1) / 2),
                                  taps_of(column, scale_x, (source.width + 1) / 2));
    float more = colour.luma_to + colour.luma_blue * chroma.x + colour.luma_red * chroma.y;
    for (int n = 0; n < 4; ++n) {
        int i = 2 * row + n / 2, j = 2 * column + n % 2;
        float luma = scaled_luma(source, taps_of(i, scale_y, source.height), taps_of(j, scale_x, source.width));
        luma_row(tile, i)[j] = rounded((luma - colour.luma_from) * colour.luma_factor + more);
    }
    unsigned char* place = chroma_row(tile, row) + 2 * column;
    place[0] = rounded(128 + colour.blue_blue * chroma.x + colour.blue_red * chroma.y);
    place[1] = rounded(128 + colour.red_blue * chroma.x + colour.red_red * chroma.y);
}
