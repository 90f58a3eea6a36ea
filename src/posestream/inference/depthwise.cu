// A convolution of each channel by itself, of pictures that are stored channel by channel for each
// pixel.
// After kernels.cu.

// Threads side by side take channels side by side, then columns; blocks below each other take rows,
// those behind each other pictures.
extern "C" __global__ void depthwise(const Element* pixels, const Element* weights,
                                     const Element* bias, Element* made, int channels, int rows,
                                     int columns, int made_rows, int made_columns, int high,
                                     int wide, int step_down, int step_across, int above,
                                     int before) {
    int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= made_columns * channels) return;
    int channel = place % channels, column = place / channels;
    long long picture = blockIdx.z;
    int top = blockIdx.y * step_down - above, left = column * step_across - before;
    const Element* first = pixels + picture * rows * columns * channels + channel;
    const Element* weight = weights + channel * high * wide;
    float total = bias ? number(bias[channel]) : 0.0f;
    for (int i = 0; i < high; i++) {
        int y = top + i;
        if (y < 0 || y >= rows) continue;
        for (int j = 0; j < wide; j++) {
            int x = left + j;
            if (x < 0 || x >= columns) continue;
            total += number(weight[i * wide + j]) *
                     number(first[((long long)y * columns + x) * channels]);
        }
    }
    made[((picture * made_rows + blockIdx.y) * made_columns + column) * channels + channel] =
        stored(total);
}
