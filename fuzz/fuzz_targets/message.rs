//! Messages of any texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| postrider::fuzzing::message(data));
