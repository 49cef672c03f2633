//! Lists of addresses as people, and others, write them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| postrider::fuzzing::address_list(data));
