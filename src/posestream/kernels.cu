// Read and write numbers of tensors, whatever their type.
//
// No headers, so that NVRTC needs none. HALF says whether they are 16-bit floats.

#if HALF
typedef unsigned short Element;
#else
typedef float Element;
#endif

__device__ __forceinline__ float number(Element stored) {
#if HALF
    float value;
    HALF_TO_FLOAT(value, stored);
    return value;
#else
    return stored;
#endif
}

__device__ __forceinline__ Element stored(float value) {
#if HALF
    Element bits;
    FLOAT_TO_HALF(bits, value);
    return bits;
#else
    return value;
#endif
}
