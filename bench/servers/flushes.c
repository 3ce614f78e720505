/*
 * Preloaded into contestants and their servers: counts how often the disk is flushed, and makes each flush take longer
 * by BENCH_FLUSH_DELAY_US microseconds, as a disk does whose flushes are not free. The count is shared by all
 * processes through the first eight bytes of the file BENCH_FLUSH_COUNT.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_ullong *count;
static useconds_t delay;

__attribute__((constructor)) static void start(void) {
  const char *microseconds = getenv("BENCH_FLUSH_DELAY_US");
  const char *path = getenv("BENCH_FLUSH_COUNT");
  delay = microseconds ? (useconds_t)atoi(microseconds) : 0;
  if (!path) return;
  int file = open(path, O_RDWR);
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) count = mapped;
  close(file);
}

static void flushing(void) {
  if (count) atomic_fetch_add(count, 1);
  if (delay) usleep(delay);
}

int fsync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  flushing();
  return real(file);
}

int fdatasync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  flushing();
  return real(file);
}
