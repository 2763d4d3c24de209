/* Stands before the C library (LD_PRELOAD) and lets one call of a program fail, or be its last.
 *
 * After faults_arm(at, mode) the calls that write, sync, cut, rename or make files are counted, from 1 on. After one of
 * them another may fail, or be the last: faults_then(at, mode).
 *
 * faults_watch(end) counts syncs, and says of the file synced last how much of it is known to be on the disk: as much as
 * there was when the sync began. faults_slow(microseconds) makes them as slow as those of a disk, faults_refuse_syncs(1)
 * lets all of them fail, faults_refuse_syncs(2) the next that begins. These hold for all threads, and what they tell for
 * forked children too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { NEVER, FAIL, KILL_BEFORE, KILL_AFTER, KILL_HALFWAY, FAIL_ON };

static int armed_at, armed_mode = NEVER, then_at, then_mode, calls;

void faults_arm(int at, int mode) {
    armed_at = at;
    armed_mode = mode;
    then_at = 0;
    calls = 0;
}

void faults_then(int at, int mode) {
    then_at = at;
    then_mode = mode;
}

int faults_calls(void) { return calls; }

static void die(void) { kill(getpid(), SIGKILL); }

/* What is to become of this call: 0 all goes well, FAIL, KILL_AFTER or KILL_HALFWAY. */
static int fate(void) {
    if (armed_mode == NEVER) return 0;
    ++calls;
    if (calls == then_at) {
        if (then_mode == KILL_BEFORE) die();
        return then_mode;
    }
    if (calls == armed_at && armed_mode == KILL_BEFORE) die();
    if (armed_mode == FAIL_ON) return calls >= armed_at ? FAIL : 0;
    return calls == armed_at ? armed_mode : 0;
}

#define REAL(name) (__typeof__(&name)) dlsym(RTLD_NEXT, #name)

#define SIMPLE(code, parameters, name, ...)            \
    int name parameters {                              \
        const int how = fate();                        \
        if (how == FAIL) {                             \
            errno = code;                              \
            return -1;                                 \
        }                                              \
        const int done = (REAL(name))(__VA_ARGS__);    \
        if (how) die();                                \
        return done;                                   \
    }

struct watch {
    long long syncs; /* done, of whatever file */
    long long node;  /* the inode of the file synced last */
    long long end;   /* how long it was then */
};
static struct watch *watched;
static int slow, refuse_syncs;

void *faults_watch(void) {
    if (watched == NULL)
        watched = mmap(NULL, sizeof *watched, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return watched;
}

void faults_slow(int microseconds) { slow = microseconds; }

void faults_refuse_syncs(int refuse) { refuse_syncs = refuse; }

static int sync_file(int file, int (*real)(int)) {
    struct stat known;
    if (watched == NULL) return real(file);
    const int refused = refuse_syncs;
    if (refused == 2) refuse_syncs = 0;
    if (slow) usleep(slow);
    if (refused || refuse_syncs) {
        errno = EIO;
        return -1;
    }
    if (fstat(file, &known) != 0) return -1;
    const int done = real(file);
    if (done == 0 && S_ISREG(known.st_mode)) {
        watched->node = known.st_ino;
        watched->end = known.st_size;
        ++watched->syncs;
    }
    return done;
}

#define SYNC(name)                                     \
    int name(int file) {                               \
        const int how = fate();                        \
        if (how == FAIL) {                             \
            errno = EIO;                               \
            return -1;                                 \
        }                                              \
        const int done = sync_file(file, REAL(name));  \
        if (how) die();                                \
        return done;                                   \
    }

SYNC(fsync)
SYNC(fdatasync)
SIMPLE(EIO, (int file, off_t size), ftruncate, file, size)
SIMPLE(EIO, (int file, off64_t size), ftruncate64, file, size)
SIMPLE(EACCES, (const char *from, const char *to), rename, from, to)

static ssize_t write_part(int how, ssize_t (*real)(int, const void *, size_t, off64_t), int file, const void *bytes,
                          size_t size, off64_t at) {
    if (how == FAIL) {
        /* A full disk takes what fits first. */
        if (size > 1) return real(file, bytes, size / 2, at);
        errno = ENOSPC;
        return -1;
    }
    if (how == KILL_HALFWAY) {
        real(file, bytes, size / 2, at);
        die();
    }
    const ssize_t done = real(file, bytes, size, at);
    if (how) die();
    return done;
}

static int full; /* the next write finds no room */

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    if (full) {
        full = armed_mode == FAIL_ON;
        errno = ENOSPC;
        return -1;
    }
    const int how = fate();
    full = how == FAIL && size > 1;
    return write_part(how, REAL(pwrite64), file, bytes, size, at);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) { return pwrite64(file, bytes, size, at); }

static int open_file(const char *path, int flags, mode_t mode, int (*real)(const char *, int, ...)) {
    if ((flags & (O_WRONLY | O_RDWR)) == 0) return real(path, flags, mode);
    const int how = fate();
    if (how == FAIL) {
        errno = EACCES;
        return -1;
    }
    const int file = real(path, flags, mode);
    if (how) die();
    return file;
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_file(path, flags, mode, REAL(open));
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_file(path, flags, mode, REAL(open64));
}
