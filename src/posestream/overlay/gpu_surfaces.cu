// Pictures in a GPU's memory: NV12, luma and then blue and red difference in turns.

struct Surface {
    unsigned long long luma, chroma;
    int pitch, width, height;
    int table;         // which table of colours is this picture's
    int first, count;  // people on it
    float scale_x, scale_y;  // pixels of this picture per pixel of the frame
};

__device__ __forceinline__ unsigned char* luma_row(const Surface& surface, int row) {
    return (unsigned char*)surface.luma + (long long)row * surface.pitch;
}

__device__ __forceinline__ unsigned char* chroma_row(const Surface& surface, int row) {
    return (unsigned char*)surface.chroma + (long long)row * surface.pitch;
}
