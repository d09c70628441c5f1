"""Whose fault it is when a server says no: answers as real servers give them."""

import pytest

from groundwork.blocks.mail.refusals import Fault, Reply, Stage, fault

R, C, S = Stage.RECIPIENT, Stage.CONTENT, Stage.SENDER
ANSWERS = [
    # This recipient.
    (R, "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown in local recipient table", "RECIPIENT"),
    (R, "550 <ann@example.com>: Recipient address rejected: User unknown in relay recipient table", "RECIPIENT"),
    (R, "550 No such user", "RECIPIENT"),
    (R, "550 ann@relay.denied.example: no mailbox here", "RECIPIENT"),
    (R, "550 Unrouteable address", "RECIPIENT"),
    (R, "550 5.4.1 Recipient address rejected: Access denied", "RECIPIENT"),
    (R, "550 5.5.0 Requested action not taken: mailbox unavailable", "RECIPIENT"),
    (R, "552 5.2.2 Mailbox full", "RECIPIENT"),
    (R, "552 Requested mail action aborted: exceeded storage allocation", "RECIPIENT"),
    (R, "553 5.1.3 Bad address syntax", "RECIPIENT"),
    (R, "556 5.1.10 Domain does not accept mail", "RECIPIENT"),
    (R, "550 5.7.13 Account disabled", "RECIPIENT"),
    (R, "550 5.1.1 relay: no such user", "RECIPIENT"),
    (C, "550 5.1.1 No such user", "RECIPIENT"),
    (C, "552 5.2.2 Over quota", "RECIPIENT"),
    (C, "554 delivery error: dd This user doesn't have a mail account here", "RECIPIENT"),
    # This message.
    (S, "552 5.3.4 Message size exceeds fixed limit", "MESSAGE"),
    (S, "552 Message too large", "MESSAGE"),
    (C, "552 5.3.4 Message too big for system", "MESSAGE"),
    (C, "552 Message exceeds maximum fixed size", "MESSAGE"),
    (C, "550 5.6.0 Malformed message", "MESSAGE"),
    (C, "554 Looks like spam", "MESSAGE"),
    (C, "554 5.7.1 Spam message rejected", "MESSAGE"),
    (C, "552 5.7.0 This message was blocked", "MESSAGE"),
    (C, "550 5.7.1 Message contains a virus", "MESSAGE"),
    (C, "554 Transaction failed", "MESSAGE"),
    # The sender, the account, the server.
    (R, "554 5.7.1 <ann@example.com>: Relay access denied", "SETUP"),
    (R, "554 Relay access denied", "SETUP"),
    (R, "550 relay not permitted", "SETUP"),
    (R, "550 Relaying denied", "SETUP"),
    (R, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "SETUP"),
    (R, "530 5.7.0 Must issue a STARTTLS command first", "SETUP"),
    (R, "530 Authentication required", "SETUP"),
    (R, "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using a list", "SETUP"),
    (R, "550 Sender verify failed: unknown user", "SETUP"),
    (R, "550 Administrative prohibition", "SETUP"),
    (R, "550 5.1.8 Sender address rejected: Domain not found", "SETUP"),
    (R, "550 5.4.5 Daily sending quota exceeded", "SETUP"),
    (R, "503 Bad sequence of commands", "SETUP"),
    (R, "554 No SMTP service here", "SETUP"),
    (R, "554 5.3.2 System not accepting network messages", "SETUP"),
    (S, "550 5.1.8 Bad sender's system address", "SETUP"),
    (S, "550 5.1.0 Address rejected", "SETUP"),
    (S, "553 5.7.1 Sender address rejected: not owned by user", "SETUP"),
    (S, "530 5.7.1 Authentication required", "SETUP"),
    (S, "550 Spam source", "SETUP"),
    (C, "550 5.7.26 This mail is unauthenticated", "SETUP"),
    (C, "554 5.7.1 Relay access denied", "SETUP"),
    (C, "550 5.7.1 Your host is on a block list", "SETUP"),
    (C, "550 Sender is not authorised", "SETUP"),
    (Stage.LOGIN, "535 5.7.8 Authentication credentials invalid", "SETUP"),
    (Stage.LOGIN, "534 5.7.9 Application-specific password required", "SETUP"),
    (Stage.SESSION, "554 5.7.1 No mail from you", "SETUP"),
    (Stage.SESSION, "502 5.5.1 Command not implemented", "SETUP"),
    # Later.
    (R, "450 4.2.0 Greylisted, see you in five minutes", "LATER"),
    (R, "454 4.7.1 Relay access denied", "LATER"),
    (R, "452 4.2.2 Mailbox full", "LATER"),
    (S, "451 4.3.0 Try again", "LATER"),
    (C, "451 Try later", "LATER"),
    (C, "421 4.7.0 Too many connections", "LATER"),
    (Stage.LOGIN, "454 4.7.0 Temporary authentication failure", "LATER"),
    (Stage.SESSION, "421 Service not available", "LATER"),
    (Stage.SESSION, "-1 nonsense", "LATER"),
]


@pytest.mark.parametrize(("stage", "answer", "whose"), ANSWERS)
def test_an_answer_is_somebodys_fault(stage, answer, whose):
    code, _, words = answer.partition(" ")
    assert fault(stage, Reply.of(int(code), words)) is Fault[whose]


def test_a_servers_words_are_one_short_line():
    reply = Reply.of(550, "No\r\n\x1b[2Jsuch user " + "x" * 10_000)
    assert str(reply).startswith("550 No [2Jsuch user xxx")
    assert len(str(reply)) < 310
