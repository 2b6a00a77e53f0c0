/* A disk that takes 300 ms to make a write durable, for a server started with LD_PRELOAD, as long as
 * the file named by SLOW_FSYNC_FLAG exists. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_like_a_slow_disk(void) {
    const char *flag = getenv("SLOW_FSYNC_FLAG");
    if (flag && access(flag, F_OK) == 0) {
        usleep(300 * 1000);
    }
}

int fdatasync(int descriptor) {
    int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_like_a_slow_disk();
    return original(descriptor);
}
