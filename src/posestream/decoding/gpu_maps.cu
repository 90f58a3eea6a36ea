// Read a network's maps, whatever their memory layout.
//
// After kernels.cu.

#define INFINITE __int_as_float(0x7f800000)

// A batch of maps: sample (b, c, i, j) is at data[b * batch + c * channel + i * row + j * column].
struct Maps {
    const Element* data;
    long long batch;
    int channel, row, column;
};

__device__ __forceinline__ bool is_finite(float value) {
    return fabsf(value) < INFINITE;
}

// One map of one frame; only rows and columns that hold the frame count.
struct Heatmap {
    const Element* data;
    int row, column, rows, columns;

    __device__ __forceinline__ float raw(int i, int j) const {
        return number(data[(long long)i * row + j * column]);
    }

    // NaN and infinity count as 0.
    __device__ __forceinline__ float at(int i, int j) const {
        float value = raw(i, j);
        return is_finite(value) ? value : 0.0f;
    }
};

__device__ __forceinline__ Heatmap heatmap_of(const Maps& maps, int b, int c, int rows, int columns) {
    return {maps.data + b * maps.batch + (long long)c * maps.channel, maps.row, maps.column, rows,
            columns};
}
