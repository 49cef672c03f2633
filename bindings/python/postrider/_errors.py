"""What a send brings about, and the one exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ._codes import Outcome, Stage, Status


@dataclass(frozen=True)
class Reply:
    """A reply of the server; code 0 when there was none."""

    code: int = 0
    enhanced_code: str = ""
    text: str = ""


@dataclass(frozen=True)
class Recipient:
    """One recipient of a send, and what the server said to it."""

    address: str
    accepted: bool
    reply: Reply


@dataclass(frozen=True)
class Result:
    """What a send brought about."""

    outcome: Outcome
    accepted: tuple[Recipient, ...]
    refused: tuple[Recipient, ...]
    reply: Reply


@dataclass(frozen=True)
class Diagnosis:
    """What works and what does not on the way of a message."""

    status: Status  # of the first step that failed
    text: str  # for people
    json: str  # for programs: docs/diagnosis.md


class PostriderError(Exception):
    """Raised by every call that fails; str() is one line that says what went wrong.

    `cause` is a stable word for programs, such as "certificate_expired"; `advice` says in one
    sentence what the person can do, `link` is a page of the provider's that tells more.
    `retry_after` is how many seconds to wait before the same may succeed, 0 when nobody says, and
    None when something has to be changed first. `json` has everything that is known, without
    secrets, to paste into a ticket. Outcome, reply and recipients are those of the send that
    failed; other calls leave them empty.
    """

    def __init__(
        self,
        text: str,
        status: Status,
        stage: Stage = Stage.NONE,
        cause: str = "",
        advice: str = "",
        outcome: Outcome = Outcome.NOT_SENT,
        reply: Reply = Reply(),
        recipients: tuple[Recipient, ...] = (),
        link: str = "",
        retry_after: Optional[int] = None,
        json: str = "",
    ) -> None:
        # All of them, so that the exception can be copied and pickled.
        super().__init__(
            text, status, stage, cause, advice, outcome, reply, recipients, link, retry_after, json
        )
        self.text = text
        self.status = status
        self.stage = stage
        self.cause = cause
        self.advice = advice
        self.outcome = outcome
        self.reply = reply
        self.recipients = recipients
        self.link = link
        self.retry_after = retry_after
        self.json = json

    def __str__(self) -> str:
        return self.text
