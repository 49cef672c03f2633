// What the C++ tests share: CHECK, the error that a call must throw, and servers that do little.

#pragma once

#include "postrider.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#define CHECK(condition)                                                                         \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            std::cerr << __FILE__ << ':' << __LINE__ << ": " #condition << std::endl;            \
            std::exit(1);                                                                        \
        }                                                                                        \
    } while (false)

/// The postrider::Error that `call` throws.
template <typename Call>
postrider::Error error_of(Call call) {
    try {
        call();
    } catch (const postrider::Error &error) {
        return error;
    }
    std::cerr << "no postrider::Error" << std::endl;
    std::exit(1);
}

/// Runs one test and says so.
inline void run(const char *name, void (*test)()) {
    test();
    std::cout << "ok " << name << std::endl;
}

/// A port of 127.0.0.1 at which nobody listens.
class ClosedPort {
public:
    ClosedPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        CHECK(bind(socket_, reinterpret_cast<sockaddr *>(&address), size) == 0);
        CHECK(getsockname(socket_, reinterpret_cast<sockaddr *>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
    }
    ClosedPort(const ClosedPort &) = delete;
    ~ClosedPort() { close(socket_); }
    int port() const { return port_; }

protected:
    int socket_;
    int port_;
};

/// A server that greets everybody and then says nothing more.
class HalfServer : public ClosedPort {
public:
    HalfServer() {
        CHECK(listen(socket_, 8) == 0);
        thread_ = std::thread([this] { greet(); });
    }
    ~HalfServer() {
        shutdown(socket_, SHUT_RDWR); // wakes accept()
        thread_.join();
    }

private:
    void greet() {
        std::vector<int> connections;
        for (int connection; (connection = accept(socket_, nullptr, nullptr)) >= 0;) {
            const std::string greeting = "220 half.example ESMTP\r\n";
            CHECK(write(connection, greeting.data(), greeting.size()) > 0);
            connections.push_back(connection);
        }
        for (const int connection : connections) close(connection);
    }

    std::thread thread_;
};

/// A mail that lacks nothing but a server.
inline postrider::Mail complete_mail(int port) {
    postrider::Mail mail;
    mail.set_server("127.0.0.1", port);
    mail.set_security(postrider::Security::plain);
    mail.set_timeout(std::chrono::seconds(60)); // far more than any test takes
    mail.set_from("anna@example.org");
    mail.add_recipient("bob@example.org");
    mail.set_text("Hello");
    return mail;
}
