"""Postrider: sends e-mail with OAuth2.

    with postrider.Mail() as mail:
        mail.set_server("smtp.example.org", 587)
        ...
        result = mail.send()  # raises PostriderError when nobody gets it

A person signs in once, and the mails of the account have its tokens from then on:

    with postrider.Account("google") as account, postrider.Mail() as mail:
        account.set_client(client_id, client_secret)
        account.set_store_file(folder)
        try:
            account.check_sign_in()
        except PostriderError:
            account.sign_in(5 * 60_000)  # opens the browser, and waits for five minutes
        mail.set_account(account)  # instead of server and token

Every method of Mail is the function mail_<name> of postrider.h, every method of Account is
mail_account_<name>. The comments there hold here too: this package adds the idiom of the language
and no meaning. Where the C function takes NULL, pass None.
"""

from ._errors import Diagnosis, PostriderError, Recipient, Reply, Result
from ._account import Account
from ._callbacks import Store, SuppliedToken
from ._codes import Importance, Kind, Mechanism, Outcome, Security, Stage, Status
from ._library import library_version
from ._mail import Mail

__all__ = [
    "Account",
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
    "Store",
    "SuppliedToken",
    "library_version",
]
