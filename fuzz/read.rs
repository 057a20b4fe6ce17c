//! The libFuzzer target: passes its input to [`input::read`].

#![no_main]

mod input;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    input::read(bytes);
});
