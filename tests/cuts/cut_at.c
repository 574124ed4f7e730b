/* Ends the program at its N-th durable write, in the middle of it: for tests that ask what is true afterwards.
 *
 * Preloaded into the server (LD_PRELOAD). It counts what changes files below CUT_BELOW (writes, renames, syncs, new and removed names)
 * once the file CUT_ARMED exists, notes the count in the file CUT_COUNT, and at number CUT_AT writes half of what was to be written,
 * or nothing, and sends SIGKILL to the process. CUT_AT=0 only counts. Other programs that inherit the variable are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *below, *armed;
static long cut_at;
static int count_file = -1;
static atomic_long count;

__attribute__((constructor)) static void begin(void) {
  char program[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
  if (size <= 0) return;
  program[size] = '\0';
  const char *name = strrchr(program, '/');
  if (name == NULL || strcmp(name, "/mortise") != 0) return;
  armed = getenv("CUT_ARMED");
  cut_at = getenv("CUT_AT") != NULL ? atol(getenv("CUT_AT")) : 0;
  if (getenv("CUT_COUNT") != NULL) count_file = (int)syscall(SYS_openat, AT_FDCWD, getenv("CUT_COUNT"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  below = armed != NULL ? getenv("CUT_BELOW") : NULL;
}

/* Whether this is the one at which it ends. */
static int is_cut(void) {
  if (syscall(SYS_faccessat, AT_FDCWD, armed, F_OK) != 0) return 0;
  const long now = atomic_fetch_add(&count, 1) + 1;
  if (count_file >= 0) {
    char text[32];
    const int length = snprintf(text, sizeof text, "%ld\n", now);
    syscall(SYS_pwrite64, count_file, text, (size_t)length, 0L);
  }
  return now == cut_at;
}

static void end(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static int counts_path(const char *path) { return below != NULL && path != NULL && (path[0] != '/' || strncmp(path, below, strlen(below)) == 0); }

static int counts_file(int file) {
  struct stat seen;
  if (below == NULL || file < 3 || fstat(file, &seen) != 0 || !(S_ISREG(seen.st_mode) || S_ISDIR(seen.st_mode))) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = '\0';
  return strncmp(path, below, strlen(below)) == 0;
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define ON_PATH(name, path, declaration, ...) \
  int name declaration { \
    REAL(name); \
    if (counts_path(path) && is_cut()) end(); \
    return real(__VA_ARGS__); \
  }
#define ON_FILE(name, file, declaration, ...) \
  int name declaration { \
    REAL(name); \
    if (counts_file(file) && is_cut()) end(); \
    return real(__VA_ARGS__); \
  }

ON_PATH(rename, to, (const char *from, const char *to), from, to)
ON_PATH(renameat, to, (int a, const char *from, int b, const char *to), a, from, b, to)
ON_PATH(unlink, path, (const char *path), path)
ON_PATH(unlinkat, path, (int at, const char *path, int flags), at, path, flags)
ON_PATH(remove, path, (const char *path), path)
ON_PATH(rmdir, path, (const char *path), path)
ON_PATH(mkdir, path, (const char *path, mode_t mode), path, mode)
ON_PATH(mkdirat, path, (int at, const char *path, mode_t mode), at, path, mode)
ON_PATH(chmod, path, (const char *path, mode_t mode), path, mode)
ON_PATH(fchmodat, path, (int at, const char *path, mode_t mode, int flags), at, path, mode, flags)
ON_FILE(fsync, file, (int file), file)
ON_FILE(fdatasync, file, (int file), file)
ON_FILE(fchmod, file, (int file, mode_t mode), file, mode)
ON_FILE(ftruncate, file, (int file, off_t size), file, size)
ON_FILE(ftruncate64, file, (int file, off64_t size), file, size)

char *mkdtemp(char *path) {
  REAL(mkdtemp);
  if (counts_path(path) && is_cut()) end();
  return real(path);
}

/* Half of it reaches the file. */
ssize_t write(int file, const void *bytes, size_t size) {
  if (counts_file(file) && is_cut()) {
    syscall(SYS_write, file, bytes, size / 2);
    end();
  }
  REAL(write);
  return real(file, bytes, size);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
  if (counts_file(file) && is_cut()) {
    syscall(SYS_pwrite64, file, bytes, size / 2, at);
    end();
  }
  REAL(pwrite64);
  return real(file, bytes, size, at);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) { return pwrite64(file, bytes, size, at); }

ssize_t writev(int file, const struct iovec *parts, int number) {
  if (counts_file(file) && is_cut()) end();
  REAL(writev);
  return real(file, parts, number);
}

static int makes_name(int flags) { return (flags & O_CREAT) != 0; }

#define OPENS(name) \
  int name(const char *path, int flags, ...) { \
    va_list more; \
    va_start(more, flags); \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0; \
    va_end(more); \
    REAL(name); \
    if (makes_name(flags) && counts_path(path) && is_cut()) end(); \
    return real(path, flags, mode); \
  }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
  int name(int at, const char *path, int flags, ...) { \
    va_list more; \
    va_start(more, flags); \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0; \
    va_end(more); \
    REAL(name); \
    if (makes_name(flags) && counts_path(path) && is_cut()) end(); \
    return real(at, path, flags, mode); \
  }
OPENS_AT(openat)
OPENS_AT(openat64)
