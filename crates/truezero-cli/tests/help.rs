//! Help and errors look as they did: `TRYCMD=overwrite cargo test -p truezero-cli --test help` writes
//! them anew.

#[test]
fn help_and_usage() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
