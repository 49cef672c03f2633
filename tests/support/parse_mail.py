"""Reads a message on standard input and prints as JSON what Python's email package sees in it.

{"headers": [[name, decoded value], ...] in their order,
 "defects": [what the parser found wrong in the whole message, as text],
 "body": PART}

PART is {"type", "charset", "encoding", "disposition", "file_name", "content_id"} (each null when
absent), and either "parts": [PART, ...], or "size", "sha256" of the decoded octets, with "text" for
text parts.
"""

import email
import email.policy
import hashlib
import json
import sys


def text(value):
    return None if value is None else str(value)


def part(entity):
    found = {
        "type": entity.get_content_type(),
        "charset": entity.get_content_charset(),
        "encoding": text(entity["Content-Transfer-Encoding"]),
        "disposition": entity.get_content_disposition(),
        "file_name": entity.get_filename(),
        "content_id": text(entity["Content-ID"]),
    }
    if entity.is_multipart():
        found["parts"] = [part(child) for child in entity.iter_parts()]
        return found
    octets = entity.get_payload(decode=True)
    found["size"] = len(octets)
    found["sha256"] = hashlib.sha256(octets).hexdigest()
    if entity.get_content_maintype() == "text":
        found["text"] = entity.get_content()
    return found


def defects(entity):
    """Of the structure, and of every header: `name: what is wrong`."""
    yield from map(repr, entity.defects)
    for name, value in entity.items():
        for defect in value.defects:
            yield f"{name}: {defect!r}"
    if entity.is_multipart():
        for child in entity.iter_parts():
            yield from defects(child)


message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
result = {
    "headers": [[name, str(value)] for name, value in message.items()],
    "body": part(message),
}
# Last: decoding a body may add to them.
result["defects"] = list(defects(message))
json.dump(result, sys.stdout)
