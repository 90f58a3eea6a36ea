// Where everyone found in a batch goes: a pool of rows that all frames share. The first rows are
// copied to the host with every batch, more only if they are needed.

struct Rows {
    float *points, *sure, *scores, *boxes;  // (R, K, 2), (R, K), (R,), (R, 4) frame pixels
};

struct Found {
    int* used;    // of all rows
    int *starts, *counts;  // of each frame
    Rows first, more;
    int room;  // how many first rows there are
};

struct Row {
    float *points, *sure, *score, *box;
};

__device__ Row row_of(const Found& found, int row, int keypoints) {
    Rows rows = row < found.room ? found.first : found.more;
    if (row >= found.room) row -= found.room;
    return {rows.points + (long long)row * keypoints * 2, rows.sure + (long long)row * keypoints,
            rows.scores + row, rows.boxes + (long long)row * 4};
}

// Take rows for a frame's people; by one thread.
__device__ int take_rows(const Found& found, int b, int people) {
    int start = people > 0 ? atomicAdd(found.used, people) : 0;
    found.starts[b] = start;
    found.counts[b] = people;
    return start;
}

// Cells as frame pixels: see in_frame. Where a frame lies are its right and bottom edge in cells, the
// stride, its corner in the input, and input pixels per frame pixel.
__device__ __forceinline__ float in_frame(float cells, const double* where, int axis) {
    return (cells * (float)where[2] - (float)where[3 + axis]) / (float)where[5 + axis];
}
