/*
 * Servers on 127.0.0.1 that live in a thread of the test itself: one that never says a word, and one
 * that speaks just enough SMTP. Both take any number of connections. Recipients that begin with
 * "nobody" are refused; what came in is wiped at once, so that no secret stays behind here.
 */

#ifndef SERVER_H
#define SERVER_H

#include "check.h"
#include "sockets.h"

#include <pthread.h>

/* The connections and two sockets more fit into an fd_set: on Windows it holds 64. */
enum { SERVER_CONNECTIONS = 60, SERVER_LINE = 4096 };

struct connection {
    socket_t socket; /* or NO_SOCKET */
    int in_content;
    size_t length;
    char line[SERVER_LINE];
};

struct server {
    int port;
    int refuses_sign_in;
    socket_t listener;
    socket_t end; /* hears itself: whatever is sent to it ends the thread */
    pthread_t thread;
    struct connection connections[SERVER_CONNECTIONS];
};

/* memset() that is not optimised away. */
static inline void wipe(void *memory, size_t size)
{
    volatile unsigned char *byte = memory;
    while (size-- > 0)
        *byte++ = 0;
}

/* A socket on 127.0.0.1, at a port that the system chooses. */
static inline socket_t loopback_socket(int type, struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    CHECK(start_sockets(), "start_sockets");
    socket_t bound = socket(AF_INET, type, 0);
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bound != NO_SOCKET, "socket");
    CHECK(bind(bound, (struct sockaddr *)address, size) == 0, "bind");
    CHECK(getsockname(bound, (struct sockaddr *)address, &size) == 0, "getsockname");
    return bound;
}

/* A socket that listens; the system completes connections to it, and nobody answers. */
static inline socket_t listen_silently(int *port)
{
    struct sockaddr_in address;
    socket_t listener = loopback_socket(SOCK_STREAM, &address);
    CHECK(listen(listener, 64) == 0, "listen");
    *port = ntohs(address.sin_port);
    return listener;
}

static inline socket_t socket_that_hears_itself(void)
{
    struct sockaddr_in address;
    socket_t itself = loopback_socket(SOCK_DGRAM, &address);
    CHECK(connect(itself, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    return itself;
}

static inline void server_say(socket_t socket, const char *text)
{
    /* A client that has gone is not our concern. */
    (void)!send(socket, text, strlen(text), MSG_NOSIGNAL);
}

static inline int server_begins(const char *line, const char *command)
{
    return strncmp(line, command, strlen(command)) == 0;
}

/* The reply to a line; NULL to end the connection. */
static inline const char *server_reply(const struct server *server, struct connection *connection)
{
    const char *line = connection->line;
    if (connection->in_content) {
        connection->in_content = strcmp(line, ".") != 0;
        return connection->in_content ? "" : "250 2.0.0 queued \xC3\xA4s 1\r\n";
    }
    if (server_begins(line, "EHLO "))
        return "250-server.test\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH XOAUTH2 PLAIN LOGIN\r\n";
    if (server_begins(line, "AUTH "))
        return server->refuses_sign_in ? "535 5.7.8 not you\r\n" : "235 2.7.0 welcome\r\n";
    if (server_begins(line, "RCPT TO:<nobody"))
        return "550 5.1.1 no such \xC3\xBCser\r\n";
    if (server_begins(line, "DATA")) {
        connection->in_content = 1;
        return "354 go on\r\n";
    }
    if (server_begins(line, "QUIT"))
        return NULL;
    return "250 2.1.0 fine\r\n"; /* MAIL, RCPT, RSET */
}

/* Takes what has arrived; false when the connection is over. Wipes before it answers: the client may
 * look for its secrets as soon as it has the answer. */
static inline int server_receive(const struct server *server, struct connection *connection)
{
    char arrived[SERVER_LINE];
    ssize_t count = recv(connection->socket, arrived, sizeof arrived, 0);
    for (ssize_t i = 0; i < count; i++) {
        if (arrived[i] == '\n') {
            connection->line[connection->length] = '\0';
            const char *reply = server_reply(server, connection);
            wipe(connection->line, connection->length);
            wipe(arrived, (size_t)i + 1);
            connection->length = 0;
            if (reply == NULL)
                return 0;
            server_say(connection->socket, reply);
        } else if (arrived[i] != '\r' && connection->length < SERVER_LINE - 1) {
            connection->line[connection->length++] = arrived[i];
        }
    }
    wipe(arrived, sizeof arrived);
    return count > 0;
}

static inline void server_accept(struct server *server)
{
    socket_t socket = accept(server->listener, NULL, NULL);
    if (socket == NO_SOCKET)
        return;
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        struct connection *connection = &server->connections[i];
        if (connection->socket == NO_SOCKET) {
            memset(connection, 0, sizeof *connection);
            connection->socket = socket;
            server_say(socket, "220 server.test\r\n");
            return;
        }
    }
    close_socket(socket);
}

static inline void server_watch(socket_t socket, fd_set *watched, socket_t *highest)
{
    FD_SET(socket, watched);
    if (socket > *highest)
        *highest = socket;
}

/* Waits until some sockets have something to tell, and gives those. */
static inline fd_set server_wait(const struct server *server)
{
    fd_set sockets;
    socket_t highest = 0;
    FD_ZERO(&sockets);
    server_watch(server->end, &sockets, &highest);
    server_watch(server->listener, &sockets, &highest);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        if (server->connections[i].socket != NO_SOCKET)
            server_watch(server->connections[i].socket, &sockets, &highest);
    }
    CHECK(select((int)highest + 1, &sockets, NULL, NULL, NULL) > 0, "select");
    return sockets;
}

static inline void *server_run(void *argument)
{
    struct server *server = argument;
    for (;;) {
        fd_set ready = server_wait(server);
        if (FD_ISSET(server->end, &ready))
            return NULL;
        for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
            struct connection *connection = &server->connections[i];
            if (connection->socket != NO_SOCKET && FD_ISSET(connection->socket, &ready)
                && !server_receive(server, connection)) {
                close_socket(connection->socket);
                connection->socket = NO_SOCKET;
            }
        }
        if (FD_ISSET(server->listener, &ready))
            server_accept(server);
    }
}

static inline void server_start(struct server *server)
{
    memset(server, 0, sizeof *server);
    server->listener = listen_silently(&server->port);
    server->end = socket_that_hears_itself();
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        server->connections[i].socket = NO_SOCKET;
    CHECK(pthread_create(&server->thread, NULL, server_run, server) == 0, "pthread_create");
}

static inline void server_stop(struct server *server)
{
    CHECK(send(server->end, "", 1, 0) == 1, "send");
    CHECK(pthread_join(server->thread, NULL) == 0, "pthread_join");
    close_socket(server->end);
    close_socket(server->listener);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        if (server->connections[i].socket != NO_SOCKET)
            close_socket(server->connections[i].socket);
    }
}

#endif
