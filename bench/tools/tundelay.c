// tundelay NETNS_A ADDRESS_A NETNS_B ADDRESS_B ONE_WAY_MS
//
// Joins two network namespaces by a pair of TUN devices and holds every IP packet for ONE_WAY_MS in each
// direction. Packets are delayed, not a byte stream, so acknowledgements, Nagle, delayed ACK and slow start
// cost what they cost on a real path. It stands in for tc netem, which many kernels lack.
// Prints "ready" when both devices are up and ends when standard input ends.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 16384, PACKET_SIZE = 1600 };
static const int64_t SECOND = 1000000000;

struct packet {
    int64_t due;
    ssize_t length;
    unsigned char bytes[PACKET_SIZE];
};

// One way of the path: a ring of packets, read from one device and written to the other.
struct way {
    int from;
    int to;
    struct packet *ring;
    unsigned head; // the oldest packet
    unsigned tail; // the next free slot
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void set_address(int socket, struct ifreq *request, unsigned long what, const char *address) {
    struct sockaddr_in *in = (struct sockaddr_in *)&request->ifr_addr;
    in->sin_family = AF_INET;
    if (inet_pton(AF_INET, address, &in->sin_addr) != 1 || ioctl(socket, what, request))
        fail(address);
}

// Makes the device in `netns`, gives it its address and comes back to our own namespace.
static int make_device(const char *netns, const char *own, const char *peer) {
    int home = open("/proc/self/ns/net", O_RDONLY);
    int there = open(netns, O_RDONLY);
    if (there < 0 || setns(there, CLONE_NEWNET))
        fail(netns);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    struct ifreq request = {.ifr_name = "delay0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    if (device < 0 || ioctl(device, TUNSETIFF, &request))
        fail("tun");

    int control = socket(AF_INET, SOCK_DGRAM, 0);
    set_address(control, &request, SIOCSIFADDR, own);
    set_address(control, &request, SIOCSIFDSTADDR, peer);
    request.ifr_qlen = 10000;
    if (ioctl(control, SIOCSIFTXQLEN, &request) || ioctl(control, SIOCGIFFLAGS, &request))
        fail("queue");
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request))
        fail("up");
    close(control);

    if (setns(home, CLONE_NEWNET))
        fail("setns");
    close(home);
    close(there);
    return device;
}

// Writes what is due. Returns when the next packet is.
static int64_t deliver(struct way *way, int64_t time) {
    while (way->head != way->tail) {
        struct packet *oldest = &way->ring[way->head % SLOTS];
        if (oldest->due > time)
            return oldest->due;
        if (write(way->to, oldest->bytes, (size_t)oldest->length) < 0 && errno == EAGAIN)
            return time + SECOND / 1000;
        way->head++;
    }
    return INT64_MAX;
}

static void collect(struct way *way, int64_t delay) {
    while (way->tail - way->head < SLOTS) {
        struct packet *slot = &way->ring[way->tail % SLOTS];
        slot->length = read(way->from, slot->bytes, sizeof slot->bytes);
        if (slot->length <= 0)
            break;
        slot->due = now() + delay;
        way->tail++;
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: tundelay NETNS_A ADDRESS_A NETNS_B ADDRESS_B ONE_WAY_MS\n");
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1);
    int64_t delay = (int64_t)(atof(argv[5]) * 1e6);
    int a = make_device(argv[1], argv[2], argv[4]);
    int b = make_device(argv[3], argv[4], argv[2]);
    struct way ways[2] = {{.from = a, .to = b}, {.from = b, .to = a}};
    for (int i = 0; i < 2; i++) {
        ways[i].ring = malloc(sizeof(struct packet) * SLOTS);
        if (!ways[i].ring)
            fail("malloc");
    }
    puts("ready");
    fflush(stdout);

    for (;;) {
        int64_t time = now();
        int64_t next = time + SECOND;
        for (int i = 0; i < 2; i++) {
            int64_t due = deliver(&ways[i], time);
            if (due < next)
                next = due;
        }
        struct pollfd ready[3] = {{a, POLLIN, 0}, {b, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        int64_t wait = next - time;
        struct timespec timeout = {wait / SECOND, wait % SECOND};
        if (ppoll(ready, 3, &timeout, NULL) < 0 && errno != EINTR)
            fail("ppoll");
        if (ready[2].revents)
            return 0;
        collect(&ways[0], delay);
        collect(&ways[1], delay);
    }
}
