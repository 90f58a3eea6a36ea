// Leave out candidates who resemble a better one: follows centers_suppression.

#define AREA_OF_EXTENT 0.53

// Object keypoint similarity of two poses, of which the first has an area.
__device__ double similarity(const float2* one, const float2* other, double area, const float* sigmas, int keypoints) {
    double total = 0;
    for (int k = 0; k < keypoints; ++k) {
        float dx = one[k].x - other[k].x, dy = one[k].y - other[k].y;
        double reach = 2.0 * sigmas[k];
        total += exp(-(double)(dx * dx + dy * dy) / (2 * area * (reach * reach)));
    }
    return total / keypoints;
}

__device__ double extent_area(const float2* points, int keypoints) {
    float left = points[0].x, right = left, top = points[0].y, bottom = top;
    for (int k = 1; k < keypoints; ++k) {
        left = fminf(left, points[k].x);
        right = fmaxf(right, points[k].x);
        top = fminf(top, points[k].y);
        bottom = fmaxf(bottom, points[k].y);
    }
    return AREA_OF_EXTENT * (right - left) * (bottom - top) + 1e-6;
}

// Choose everyone in each frame, best first: one block per frame. Shared memory: a value, a place in
// the order and a place among the kept for each candidate. Points are turned into frame pixels.
extern "C" __global__ void choose_people(
    const double* where, const float* sigmas, int keypoints, float center_weight, double limit, int most,
    const int* counts, float2* points, const float* heights, const float4* boxes, const float2* scores,
    Found found
) {
    extern __shared__ float own[];
    __shared__ int kept, start;
    int b = blockIdx.y, count = counts[b];
    int *order = (int*)(own + most), *chosen = order + most;
    points += (long long)b * most * keypoints;
    heights += (long long)b * most * keypoints;
    boxes += b * most;
    scores += b * most;
    where += 7 * b;
    for (int p = threadIdx.x; p < count; p += blockDim.x)
        own[p] = powf(scores[p].x, center_weight) * scores[p].y;
    for (int n = threadIdx.x; n < count * keypoints; n += blockDim.x)
        points[n] = make_float2(in_frame(points[n].x, where, 0), in_frame(points[n].y, where, 1));
    __syncthreads();
    for (int p = threadIdx.x; p < count; p += blockDim.x) {
        int better = 0;
        for (int other = 0; other < count; ++other)
            better += own[other] > own[p] || (own[other] == own[p] && other < p);
        order[better] = p;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
        int lane = threadIdx.x, people = 0;
        for (int n = 0; n < count; ++n) {
            const float2* pose = points + order[n] * keypoints;
            double area = extent_area(pose, keypoints);
            unsigned int resembled = 0;
            for (int first = 0; first < people && !resembled; first += 32) {
                bool alike = first + lane < people
                    && similarity(pose, points + chosen[first + lane] * keypoints, area, sigmas, keypoints) >= limit;
                resembled = __ballot_sync(0xffffffffu, alike);
            }
            if (resembled) continue;
            if (lane == 0) chosen[people] = order[n];
            people += 1;
            __syncwarp();
        }
        if (lane == 0) {
            kept = people;
            start = take_rows(found, b, people);
        }
    }
    __syncthreads();
    for (int n = threadIdx.x; n < kept * keypoints; n += blockDim.x) {
        int p = chosen[n / keypoints], k = n % keypoints;
        Row row = row_of(found, start + n / keypoints, keypoints);
        float2 point = points[p * keypoints + k];
        row.points[2 * k] = point.x;
        row.points[2 * k + 1] = point.y;
        row.sure[k] = heights[p * keypoints + k];
        if (k > 0) continue;
        *row.score = own[p];
        row.box[0] = in_frame(boxes[p].x, where, 0);
        row.box[1] = in_frame(boxes[p].y, where, 1);
        row.box[2] = in_frame(boxes[p].z, where, 0);
        row.box[3] = in_frame(boxes[p].w, where, 1);
    }
}
