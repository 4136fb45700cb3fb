#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = truezero::Model::from_bytes(std::path::Path::new("fuzzed"), bytes.to_vec());
});
