//! Replies of any kind, in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| postrider::fuzzing::reply(data));
