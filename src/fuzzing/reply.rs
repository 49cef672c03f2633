//! Replies, read in pieces.

use crate::error::Stage;
use crate::smtp::{Reply, ReplyBuffer};

/// Replies are the same wherever they are cut, and hold nothing that harms a log.
/// The first digit is the size of the pieces, 0 for one octet each.
pub fn reply(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    let size = usize::from(super::option(&[*size], 0)).max(1);
    let whole = read(bytes.chunks(bytes.len().max(1)));
    assert_eq!(read(bytes.chunks(size)), whole, "in pieces of {size}");
    for reply in &whole.replies {
        assert!((200..600).contains(&reply.code()));
        assert!(reply.text().chars().all(|c| c == '\n' || !c.is_control()));
        let shown = reply.to_string();
        assert!(!shown.contains(char::is_control), "{shown:?}");
        let codes = format!("{} {}", reply.code(), reply.enhanced_code());
        assert!(shown.starts_with(codes.trim_end()), "{shown:?}");
    }
}

#[derive(Debug, Default, PartialEq)]
struct Read {
    replies: Vec<Reply>,
    failed: bool,
    unread: bool,
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Read {
    let mut buffer = ReplyBuffer::default();
    let mut read = Read::default();
    for piece in pieces {
        buffer.push(piece);
        loop {
            match buffer.next(Stage::Hello, &mut |line| assert!(!line.contains(&b'\n'))) {
                Ok(Some(reply)) => read.replies.push(reply),
                Ok(None) => break,
                // How much was unread by then depends on the pieces.
                Err(_) => return Read { failed: true, unread: false, ..read },
            }
        }
        read.unread = !buffer.is_empty();
    }
    read
}
