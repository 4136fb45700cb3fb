#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = truezero_data::fuzzing::parse_labels("fuzz", bytes);
});
