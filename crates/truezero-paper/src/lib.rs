//! The paper, whole: every table, figure and claim of Glorot, Bordes & Bengio, "Deep Sparse Rectifier
//! Neural Networks" (AISTATS 2011), measured again and written into one report.

#![forbid(unsafe_code)]

mod number;
pub mod report;
pub mod result;
