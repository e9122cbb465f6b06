/* A CUDA runtime with one card of the compute capability $CARD, ten times, that runs nothing: enough for PyTorch
 * to choose its kernels. device.h has the declaration of struct cudaDeviceProp. */

#include <stdlib.h>
#include <string.h>

#include "device.h"

enum { MAJOR = 75, MINOR = 76 }; /* driver_types.h, enum cudaDeviceAttr */

static int card(void) { return atoi(getenv("CARD")); }

int cudaGetDeviceCount(int *count) { *count = 1; return 0; }
int cudaGetDevice(int *number) { *number = 0; return 0; }
int cudaSetDevice(int number) { (void)number; return 0; }

int cudaGetDeviceProperties(struct cudaDeviceProp *facts, int number) {
    (void)number;
    memset(facts, 0, sizeof *facts);
    strcpy(facts->name, "a card");
    facts->major = card() / 10;
    facts->minor = card() % 10;
    facts->multiProcessorCount = 58;
    facts->totalGlobalMem = 24ull << 30;
    facts->warpSize = 32;
    return 0;
}

int cudaDeviceGetAttribute(int *value, int attribute, int number) {
    (void)number;
    *value = attribute == MAJOR ? card() / 10 : attribute == MINOR ? card() % 10 : 0;
    return 0;
}
