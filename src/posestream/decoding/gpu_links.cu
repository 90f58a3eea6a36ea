// What both settings share: the field of a limb, and writing down which candidates belong together.

#define FREE -1

struct Field {
    const Element *across, *down;
    int row, column;

    __device__ __forceinline__ void at(int i, int j, float* x, float* y) const {
        long long cell = (long long)i * row + j * column;
        *x = number(across[cell]);
        *y = number(down[cell]);
    }

    __device__ __forceinline__ float along(int i, int j, float dx, float dy) const {
        float x, y;
        at(i, j, &x, &y);
        return x * dx + y * dy;
    }
};

__device__ Field field_of(const Maps& fields, int b, int across, int down) {
    const Element* frame = fields.data + b * fields.batch;
    return {frame + (long long)across * fields.channel, frame + (long long)down * fields.channel,
            fields.row, fields.column};
}

// Write each first candidate's partner where it has one, in their order; by one warp.
__device__ void write_links(
    const float* weights, int firsts, int seconds, const int* owners, int* partners, int* count,
    int2* links
) {
    int lane = threadIdx.x % 32, written = 0;
    for (int n = lane; n < firsts; n += 32) partners[n] = FREE;
    __syncwarp();
    for (int n = lane; n < seconds; n += 32)
        if (owners[n] != FREE) partners[owners[n]] = n;
    __syncwarp();
    for (int start = 0; start < firsts; start += 32) {
        int first = start + lane, partner = first < firsts ? partners[first] : FREE;
        unsigned int linked = __ballot_sync(0xffffffffu, partner != FREE);
        if (partner != FREE) {
            int place = written + __popc(linked & ((1u << lane) - 1));
            float weight = weights[first * seconds + partner];
            links[place] = make_int2(first | partner << 16, __float_as_int(weight));
        }
        written += __popc(linked);
    }
    if (lane == 0) *count = written;
}
