//! The `jit` binary.
fn main() {}
