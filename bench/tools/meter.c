// meter SECONDS NETNS|- COMMAND...
//
// Runs COMMAND from a tiny process, so that the memory of the harness is not in its peak, kills it after
// SECONDS, and prints what the system accounted for it as one line of JSON on descriptor 3.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPORT_FD = 3 };

static pid_t child;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long long microseconds(struct timeval time) {
    return time.tv_sec * 1000000LL + time.tv_usec;
}

static void on_alarm(int signal) {
    (void)signal;
    kill(child, SIGKILL);
}

static void enter_namespace(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET)) {
        perror(path);
        exit(2);
    }
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: meter SECONDS NETNS|- COMMAND...\n");
        return 2;
    }
    if (strcmp(argv[2], "-") != 0)
        enter_namespace(argv[2]);
    fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);

    double started = now();
    child = fork();
    if (child < 0) {
        perror("fork");
        return 2;
    }
    if (child == 0) {
        execv(argv[3], argv + 3);
        perror(argv[3]);
        _exit(127);
    }
    signal(SIGALRM, on_alarm);
    alarm((unsigned)atoi(argv[1]));

    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0)
        ;
    dprintf(REPORT_FD, "{\"started\": %.6f, \"cpu_us\": %lld, \"peak_kb\": %ld, \"exit\": %d}\n", started,
            microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return 0;
}
