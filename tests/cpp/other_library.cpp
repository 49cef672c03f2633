// A program that was compiled for another interface number than the library has.

#include <postrider.h>
#undef MAIL_ABI_VERSION
#define MAIL_ABI_VERSION 99

#include "check.hpp"

int main() {
    const auto error = error_of([] { postrider::Mail mail; });
    CHECK(error.status() == postrider::Status::internal);
    CHECK(error.text() == "the postrider library has another interface number");
}
