/* Sockets under the same names on all systems: Windows has a few of its own. */

#ifndef SOCKETS_H
#define SOCKETS_H

#ifdef _WIN32

#include <winsock2.h>
#include <ws2tcpip.h>

/* Common words, which the headers of Windows take for themselves. */
#undef NO_DATA
#undef OPTIONAL
#undef OUT
#undef TEXT

typedef SOCKET socket_t;
#define NO_SOCKET INVALID_SOCKET
#define MSG_NOSIGNAL 0 /* there are no signals */

static inline int start_sockets(void)
{
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

static inline void close_socket(socket_t socket)
{
    closesocket(socket);
}

#else

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int socket_t;
#define NO_SOCKET (-1)

static inline int start_sockets(void)
{
    return 1;
}

static inline void close_socket(socket_t socket)
{
    close(socket);
}

#endif

#endif
