/* A driver that has no device first and one later: as soon as the file $DRIVER_DEVICE is there.
 *
 * Preloaded, it stands before CUDA's runtime, and answers what is asked until the first tensor moves: a device
 * whose facts are an L4's. Each question is a line of the file $DRIVER_QUESTIONS. Memory and kernels it has
 * none: to move a tensor there fails. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cuda_runtime_api.h"

#define MEMORY (24ull << 30)

static int device(void) { return access(getenv("DRIVER_DEVICE"), F_OK) == 0; }

static cudaError_t asked(const char *name) {
    int file = open(getenv("DRIVER_QUESTIONS"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (file < 0 || write(file, name, strlen(name)) < 0 || write(file, "\n", 1) < 0) abort();
    close(file);
    return device() ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t cudaGetDeviceCount(int *count) {
    *count = device();
    return asked("cudaGetDeviceCount");
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *facts, int number) {
    memset(facts, 0, sizeof *facts);
    strcpy(facts->name, "NVIDIA L4");
    facts->major = 8;
    facts->minor = 9;
    facts->multiProcessorCount = 58;
    facts->totalGlobalMem = MEMORY;
    facts->warpSize = 32;
    facts->maxThreadsPerBlock = 1024;
    return asked("cudaGetDeviceProperties");
}

cudaError_t cudaMemGetInfo(size_t *unused, size_t *total) {
    *unused = *total = MEMORY;
    return asked("cudaMemGetInfo");
}

cudaError_t cudaGetDevice(int *number) {
    *number = 0;
    return asked("cudaGetDevice");
}

cudaError_t cudaSetDevice(int number) { return asked("cudaSetDevice"); }
cudaError_t cudaGetLastError(void) { return cudaSuccess; }
cudaError_t cudaPeekAtLastError(void) { return cudaSuccess; }

/* The driver's own door, for who does not go through the runtime. */
int cuInit(unsigned int flags) { return asked("cuInit"); }

int cuDevicePrimaryCtxGetState(int number, unsigned int *flags, int *active) {
    *flags = 0;
    *active = 0;
    return asked("cuDevicePrimaryCtxGetState");
}
