//! What must not compile, and what the compiler says about it.

#[test]
fn incomplete_and_mistyped_resources_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
