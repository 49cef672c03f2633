//! Messages on a connection that is ready for them.

use super::*;

#[test]
fn a_message_takes_two_flights_with_pipelining() {
    for recipients in [1, 50] {
        let mut dialogue = Dialogue::ready(OFFER);
        for message in 1..=3 {
            let wrote = dialogue.begin(to(recipients));
            assert!(wrote.starts_with("MAIL FROM:<anna@example.org> SIZE=42\r\nRCPT TO:<r1@"));
            assert_eq!(wrote.lines().count(), recipients + 2);
            assert!(wrote.ends_with("\r\nDATA\r\n"));
            let replies = "250 ok\r\n".repeat(recipients + 1) + "354 go on\r\n";
            assert_eq!(dialogue.say(&replies), CONTENT);
            assert_eq!(dialogue.say("250 queued\r\n"), "");
            assert!(dialogue.transaction().was_accepted());
            assert_eq!(dialogue.flights, 2 * message, "{recipients} recipients");
        }
    }
}

#[test]
fn a_message_takes_a_flight_for_each_command_without_pipelining() {
    for (recipients, flights) in [(1, 4), (50, 53)] {
        let mut dialogue = Dialogue::ready(LOCK_STEP_OFFER);
        assert_eq!(dialogue.begin(to(recipients)), "MAIL FROM:<anna@example.org>\r\n");
        for number in 1..=recipients {
            let wrote = dialogue.say("250 ok\r\n");
            assert_eq!(wrote, format!("RCPT TO:<r{number}@example.org>\r\n"));
        }
        assert_eq!(dialogue.say("250 ok\r\n"), "DATA\r\n");
        assert_eq!(dialogue.say("354 go on\r\n"), CONTENT);
        assert_eq!(dialogue.say("250 queued\r\n"), "");
        assert!(dialogue.transaction().was_accepted());
        assert_eq!(dialogue.flights, flights);
    }
}

#[test]
fn all_or_none_waits_for_every_recipient_before_data() {
    let all_or_none = || Envelope { all_or_none: true, ..to(3) };
    for refused in [false, true] {
        let mut dialogue = Dialogue::ready(OFFER);
        let wrote = dialogue.begin(all_or_none());
        assert!(wrote.ends_with("RCPT TO:<r3@example.org>\r\n"), "{wrote}");
        assert_eq!(dialogue.say("250 ok\r\n250 ok\r\n"), "");
        if refused {
            assert_eq!(dialogue.say("550 5.1.1 unknown\r\n"), "");
            assert_eq!(dialogue.say("250 ok\r\n"), "");
            let error = dialogue.transaction().error.unwrap();
            assert_eq!(error.status(), Status::Recipients);
            assert!(error.text().contains("1 of 3") && error.text().contains("r2@example.org"));
            assert!(dialogue.begin(to(1)).starts_with("RSET\r\nMAIL FROM:"));
        } else {
            assert_eq!(dialogue.say("250 ok\r\n"), "");
            assert_eq!(dialogue.say("250 ok\r\n"), "DATA\r\n");
            assert_eq!(dialogue.say("354 go on\r\n"), CONTENT);
        }
    }
    let mut dialogue = Dialogue::ready(LOCK_STEP_OFFER);
    dialogue.begin(all_or_none());
    dialogue.say("250 ok\r\n");
    assert_eq!(dialogue.say("550 unknown\r\n"), "", "the others are not asked for");
    assert!(dialogue.session.is_ready());
}

#[test]
fn one_that_only_asks_is_taken_back_and_never_reaches_data() {
    let only_asks = |count| Envelope { only_asks: true, ..to(count) };
    let mut dialogue = Dialogue::ready(OFFER);
    for _ in 0..2 {
        let wrote = dialogue.begin(only_asks(2));
        assert!(wrote.ends_with("RCPT TO:<r2@example.org>\r\n"), "{wrote}");
        let before = "250 ok\r\n".repeat(usize::from(wrote.starts_with("RSET")));
        assert_eq!(dialogue.say(&(before + "250 ok\r\n550 no\r\n250 ok\r\n")), "RSET\r\n");
        assert_eq!(dialogue.say("250 ok\r\n"), "");
        assert!(dialogue.session.is_ready() && !dialogue.transaction().was_accepted());
    }
    let mut dialogue = Dialogue::ready(LOCK_STEP_OFFER);
    assert!(dialogue.begin(only_asks(1)).starts_with("MAIL FROM"));
    assert!(dialogue.say("250 ok\r\n").starts_with("RCPT TO"));
    assert_eq!(dialogue.say("250 ok\r\n"), "RSET\r\n");
    assert_eq!(dialogue.say("250 ok\r\n"), "");
    // A second one takes back what the first may have left, and still asks.
    assert_eq!(dialogue.begin(only_asks(1)), "RSET\r\n");
    assert!(dialogue.say("250 ok\r\n").starts_with("MAIL FROM"));
    assert_eq!(dialogue.say("550 not you\r\n"), "RSET\r\n", "nobody else is asked for");
    assert_eq!(dialogue.say("250 ok\r\n"), "");
    assert_eq!(dialogue.transaction().error.unwrap().status(), Status::Sender);
}

#[test]
fn a_content_that_nobody_gets_is_ended_at_once() {
    let mut dialogue = Dialogue::ready(OFFER);
    dialogue.begin(to(2));
    assert_eq!(dialogue.say("250 ok\r\n550 no\r\n550 no\r\n354 go on\r\n"), ".\r\n");
    assert_eq!(dialogue.say("554 5.5.1 no valid recipients\r\n"), "");
    let transaction = dialogue.transaction();
    assert!(!transaction.was_accepted());
    let error = transaction.error.unwrap();
    assert_eq!((error.status(), error.outcome()), (Status::Recipients, Outcome::NotSent));
    assert!(dialogue.begin(to(1)).starts_with("RSET\r\n"));
}

#[test]
fn after_a_refused_sender_every_reply_is_read_and_the_next_message_begins_with_rset() {
    let mut dialogue = Dialogue::ready(OFFER);
    dialogue.begin(to(2));
    for reply in ["550 5.7.60 not yours\r\n", "503 no\r\n", "503 no\r\n"] {
        assert_eq!(dialogue.say(reply), "");
        assert!(!dialogue.session.is_ready());
    }
    assert_eq!(dialogue.say("503 no\r\n"), "");
    assert!(dialogue.session.is_ready() && !dialogue.session.has_unread());
    let error = dialogue.transaction().error.unwrap();
    assert_eq!((error.status(), error.cause()), (Status::Sender, Cause::SenderRefused));

    assert!(dialogue.begin(to(1)).starts_with("RSET\r\nMAIL FROM:"));
    assert_eq!(dialogue.say("250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n"), CONTENT);
    dialogue.say("250 queued\r\n");
    assert!(dialogue.transaction().was_accepted());
    assert!(dialogue.begin(to(1)).starts_with("MAIL FROM:"), "nothing is left to be reset");
}

#[test]
fn a_421_ends_the_session_within_a_group_an_empty_content_and_a_content() {
    let mut group = Dialogue::ready(OFFER);
    group.begin(to(2));
    let error = group.fail("250 ok\r\n250 ok\r\n421 bye\r\n");
    assert_eq!((error.status(), error.stage()), (Status::Unavailable, Stage::Recipients));

    let mut empty = Dialogue::ready(OFFER);
    empty.begin(to(1));
    empty.say("250 ok\r\n550 no\r\n354 go on\r\n");
    assert_eq!(empty.fail("421 bye\r\n").status(), Status::Unavailable);

    let mut content = Dialogue::ready(OFFER);
    content.streams_content = false;
    content.begin(to(1));
    content.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    assert_eq!(content.fail("421 bye\r\n").status(), Status::Unavailable);
}

#[test]
fn a_positive_reply_that_the_command_does_not_have_ends_the_session() {
    for replies in ["354 go on\r\n", "250 ok\r\n354 go on\r\n", "250 ok\r\n250 ok\r\n250 ok\r\n"] {
        let mut dialogue = Dialogue::ready(OFFER);
        dialogue.begin(to(1));
        let error = dialogue.fail(replies);
        assert_eq!((error.status(), error.outcome()), (Status::Protocol, Outcome::NotSent));
    }
}

#[test]
fn a_reply_within_the_content_ends_the_session() {
    for (reply, status) in [
        ("552 5.3.4 too large\r\n", Status::TooLarge),
        ("554 5.6.0 no\r\n", Status::Message),
        ("250 queued already\r\n", Status::Protocol),
    ] {
        let mut dialogue = Dialogue::ready(OFFER);
        dialogue.streams_content = false;
        dialogue.begin(to(1));
        dialogue.say("250 ok\r\n250 ok\r\n354 go on\r\n");
        let error = dialogue.fail(reply);
        assert_eq!((error.status(), error.outcome()), (status, Outcome::NotSent), "{reply}");
        assert!(!dialogue.transaction().was_accepted());
    }
}

#[test]
fn a_final_reply_that_is_neither_yes_nor_no_leaves_the_outcome_unknown() {
    let mut dialogue = Dialogue::ready(OFFER);
    dialogue.begin(to(1));
    dialogue.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    let error = dialogue.fail("354 go on\r\n");
    assert_eq!((error.status(), error.outcome()), (Status::Protocol, Outcome::Unknown));
    assert!(!dialogue.transaction().was_accepted());
}

#[test]
fn a_message_that_the_server_cannot_carry_is_not_begun() {
    let mut dialogue = Dialogue::ready(OFFER);
    assert_eq!(dialogue.begin(Envelope { size: 1001, ..to(1) }), "");
    assert_eq!(dialogue.transaction().error.unwrap().status(), Status::TooLarge);
    assert!(dialogue.begin(to(1)).starts_with("MAIL FROM:"));
}
