//! Replies and texts of logs, and what they mean.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| postrider::fuzzing::explanation(data));
