/*
 * A server that resets the connection which a handle keeps: the next send takes a new one, and the
 * program goes on. Most C programs do not ignore SIGPIPE, which a careless goodbye on the dead
 * connection would raise.
 */

#include "check.h"
#include "server.h"

#include <signal.h>

enum { ROUNDS = 20 };

/* Takes a message on each connection, and resets the connection behind it. */
static void *reset_after_each(void *argument)
{
    const char *const replies[] = {"250 server.test\r\n", "250 ok\r\n", "250 ok\r\n",
                                   "354 go on\r\n", "250 queued\r\n"};
    const struct linger at_once = {1, 0};
    socket_t listener = *(socket_t *)argument;
    for (int round = 0; round < ROUNDS; round++) {
        char text[4096];
        socket_t client = accept(listener, NULL, NULL);
        CHECK(client != NO_SOCKET, "accept");
        server_say(client, "220 server.test\r\n");
        for (int i = 0; i < 5; i++) {
            CHECK(recv(client, text, sizeof text, 0) > 0, "the client hung up");
            server_say(client, replies[i]);
        }
        setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close_socket(client);
    }
    return NULL;
}

int main(void)
{
    int port;
    socket_t listener = listen_silently(&port);
    pthread_t server;
    mail_t *mail = new_message(port);

    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR, "signal");
    EXPECT_OK(mail, mail_set_keep_connection(mail, 1));
    CHECK(pthread_create(&server, NULL, reset_after_each, &listener) == 0, "pthread_create");
    for (int round = 0; round < ROUNDS; round++)
        EXPECT_OK(mail, mail_send(mail));
    pthread_join(server, NULL);
    EXPECT_OK(mail, mail_close_connection(mail));
    close_socket(listener);
    mail_free(mail);
    return 0;
}
