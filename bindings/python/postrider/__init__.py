"""Postrider: sends e-mail with OAuth2.

    with postrider.Mail() as mail:
        mail.set_server("smtp.example.org", 587)
        ...
        result = mail.send()  # raises PostriderError when nobody gets it

Every method of Mail is the function mail_<name> of postrider.h, whose comments hold here too: this
package adds the idiom of the language and no meaning. Where the C function takes NULL, pass None.
"""

from ._errors import Diagnosis, PostriderError, Recipient, Reply, Result
from ._codes import Importance, Kind, Mechanism, Outcome, Security, Stage, Status
from ._library import library_version
from ._mail import Mail

__all__ = [
    "Diagnosis",
    "Importance",
    "Kind",
    "Mail",
    "Mechanism",
    "Outcome",
    "PostriderError",
    "Recipient",
    "Reply",
    "Result",
    "Security",
    "Stage",
    "Status",
    "library_version",
]
