//! The Open Inference Protocol, version 2, as JSON and with its binary tensor extension.

pub(crate) mod answer;
pub(crate) mod data;
pub(crate) mod datatype;
pub(crate) mod inputs;
pub(crate) mod metadata;
pub(crate) mod question;

/// The header that tells where JSON ends and binary tensors begin.
pub(crate) const JSON_LENGTH: &str = "inference-header-content-length";
