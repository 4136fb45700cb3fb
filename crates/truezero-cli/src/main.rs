//! Placeholder

#![forbid(unsafe_code)]

#[cfg(test)]
mod tensorboard;

fn main() {}
