/* A CUDA runtime with one card of the compute capability $CARD, ten times, that runs nothing: enough for
 * PyTorch to choose its kernels. */

#include <stdlib.h>
#include <string.h>

#include "cuda_runtime_api.h"

static int card(void) { return atoi(getenv("CARD")); }

cudaError_t cudaGetDeviceCount(int *count) {
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *number) {
    *number = 0;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int number) { return cudaSuccess; }

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *facts, int number) {
    memset(facts, 0, sizeof *facts);
    strcpy(facts->name, "a card");
    facts->major = card() / 10;
    facts->minor = card() % 10;
    facts->multiProcessorCount = 58;
    facts->totalGlobalMem = 24ull << 30;
    facts->warpSize = 32;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int number) {
    *value = attribute == cudaDevAttrComputeCapabilityMajor   ? card() / 10
             : attribute == cudaDevAttrComputeCapabilityMinor ? card() % 10
                                                              : 0;
    return cudaSuccess;
}
