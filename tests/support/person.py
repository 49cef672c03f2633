"""A person at the sign-in pages of `postrider sandbox`, for the tests of every host language.

    person.py URL [--decline]              signs in on the login page and goes where it leads
    person.py URL --code CODE [--decline]  enters the code of a device on the device page
    person.py URL --no-return              prints the address at which the browser would end

The mailbox is anna@example.org unless --address names another.
"""

import argparse
import html
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

TIME = 20


class StaysHere(urllib.request.HTTPRedirectHandler):
    """Where a redirect leads is looked at before anybody goes there."""

    def redirect_request(self, *_):
        return None


def load(url, form=None):
    """The page, and the address that it leads to."""
    data = urllib.parse.urlencode(form).encode() if form else None
    opener = urllib.request.build_opener(StaysHere, urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, data, timeout=TIME) as answer:
            return answer.read().decode(), None
    except urllib.error.HTTPError as answer:
        if answer.code in (302, 303):
            return "", answer.headers["Location"]
        sys.exit(f"{url}: {answer.code} {answer.read().decode()}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--address", default="anna@example.org")
    parser.add_argument("--code")
    parser.add_argument("--decline", action="store_true")
    parser.add_argument("--no-return", action="store_true")
    asked = parser.parse_args()
    form = {"address": asked.address, "decision": "sign-in"}
    if asked.code:
        form.update(user_code=asked.code, decision="refuse" if asked.decline else "sign-in")
        load(asked.url, form)
        return
    page, _ = load(asked.url)
    form["request"] = html.unescape(re.search(r'name="request" value="([^"]*)"', page)[1])
    if asked.decline:
        form["decision"] = "cancel"
    _, back = load(urllib.parse.urljoin(asked.url, "/login"), form)
    if back is None:
        sys.exit("the login page leads nowhere")
    if asked.no_return:
        print(back)
    else:
        load(back)


if __name__ == "__main__":
    main()
