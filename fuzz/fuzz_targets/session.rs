//! A server that says anything.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| postrider::fuzzing::session(data));
