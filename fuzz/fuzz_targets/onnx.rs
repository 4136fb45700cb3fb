#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = truezero::onnx::import(bytes.to_vec(), None, &Default::default());
});
