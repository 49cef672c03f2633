/*
 * Servers on 127.0.0.1 that live in a thread of the test itself: one that never says a word, and one
 * that speaks just enough SMTP. Both take any number of connections. Recipients that begin with
 * "nobody" are refused; what came in is wiped at once, so that no secret stays behind here.
 */

#ifndef SERVER_H
#define SERVER_H

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_CONNECTIONS = 60, SERVER_LINE = 4096 };

struct connection {
    int in_content;
    size_t length;
    char line[SERVER_LINE];
};

struct server {
    int port;
    int refuses_sign_in;
    int listener;
    int end[2]; /* a pipe: closing its second end ends the thread */
    pthread_t thread;
    struct pollfd polled[2 + SERVER_CONNECTIONS]; /* the pipe, the listener, the connections */
    struct connection connections[SERVER_CONNECTIONS];
};

/* memset() that is not optimised away. */
static inline void wipe(void *memory, size_t size)
{
    volatile unsigned char *byte = memory;
    while (size-- > 0)
        *byte++ = 0;
}

/* A socket that listens; the system completes connections to it, and nobody answers. */
static inline int listen_silently(int *port)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0, "socket");
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0, "bind");
    CHECK(listen(listener, 64) == 0, "listen");
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
    *port = ntohs(address.sin_port);
    return listener;
}

static inline void server_say(int socket, const char *text)
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
static inline int server_receive(const struct server *server, struct connection *connection, int socket)
{
    char arrived[SERVER_LINE];
    ssize_t count = recv(socket, arrived, sizeof arrived, 0);
    for (ssize_t i = 0; i < count; i++) {
        if (arrived[i] == '\n') {
            connection->line[connection->length] = '\0';
            const char *reply = server_reply(server, connection);
            wipe(connection->line, connection->length);
            wipe(arrived, (size_t)i + 1);
            connection->length = 0;
            if (reply == NULL)
                return 0;
            server_say(socket, reply);
        } else if (arrived[i] != '\r' && connection->length < SERVER_LINE - 1) {
            connection->line[connection->length++] = arrived[i];
        }
    }
    wipe(arrived, sizeof arrived);
    return count > 0;
}

static inline void server_accept(struct server *server)
{
    int socket = accept(server->listener, NULL, NULL);
    if (socket < 0)
        return;
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        if (server->polled[2 + i].fd < 0) {
            server->polled[2 + i].fd = socket;
            memset(&server->connections[i], 0, sizeof server->connections[i]);
            server_say(socket, "220 server.test\r\n");
            return;
        }
    }
    close(socket);
}

static inline void *server_run(void *argument)
{
    struct server *server = argument;
    struct pollfd *polled = server->polled;
    while (poll(polled, 2 + SERVER_CONNECTIONS, -1) >= 0 && polled[0].revents == 0) {
        for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
            struct pollfd *entry = &polled[2 + i];
            if (entry->fd >= 0 && entry->revents != 0
                && !server_receive(server, &server->connections[i], entry->fd)) {
                close(entry->fd);
                entry->fd = -1;
            }
        }
        if (polled[1].revents != 0)
            server_accept(server);
    }
    return NULL;
}

static inline void server_start(struct server *server)
{
    memset(server, 0, sizeof *server);
    server->listener = listen_silently(&server->port);
    CHECK(pipe(server->end) == 0, "pipe");
    for (size_t i = 0; i < 2 + SERVER_CONNECTIONS; i++) {
        server->polled[i].fd = -1;
        server->polled[i].events = POLLIN;
    }
    server->polled[0].fd = server->end[0];
    server->polled[1].fd = server->listener;
    CHECK(pthread_create(&server->thread, NULL, server_run, server) == 0, "pthread_create");
}

static inline void server_stop(struct server *server)
{
    close(server->end[1]);
    CHECK(pthread_join(server->thread, NULL) == 0, "pthread_join");
    close(server->end[0]);
    close(server->listener);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        if (server->polled[2 + i].fd >= 0)
            close(server->polled[2 + i].fd);
    }
}

#endif
