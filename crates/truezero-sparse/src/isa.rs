//! Which instruction set the kernels run on: the one place where this is chosen.

use std::fmt;

#[cfg(target_arch = "aarch64")]
use crate::lanes::neon::Neon;
use crate::lanes::{Kernel, Lanes, scalar::Scalar};
#[cfg(target_arch = "x86_64")]
use crate::lanes::{avx2::Avx2, avx512::Avx512};

/// The environment variable that names the instruction set to use, for tests and for comparison.
const VARIABLE: &str = "TRUEZERO_ISA";

/// An instruction set that this machine has. Results are the same bits on all of them.
#[derive(Clone, Copy, Debug)]
pub struct Isa(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    Scalar(Scalar),
}

impl Isa {
    /// All that this machine has, the fastest first; `scalar`, the last, is everywhere.
    pub fn available() -> Vec<Self> {
        let kinds = [
            #[cfg(target_arch = "x86_64")]
            Avx512::detect().map(Kind::Avx512),
            #[cfg(target_arch = "x86_64")]
            Avx2::detect().map(Kind::Avx2),
            #[cfg(target_arch = "aarch64")]
            Neon::detect().map(Kind::Neon),
            Some(Kind::Scalar(Scalar)),
        ];
        kinds.into_iter().flatten().map(Self).collect()
    }

    /// The fastest, or the one that the environment variable `TRUEZERO_ISA` names if this machine has
    /// it.
    pub fn detect() -> Self {
        let wanted = std::env::var(VARIABLE).unwrap_or_default();
        let available = Self::available();
        *available.iter().find(|isa| isa.name() == wanted).unwrap_or(&available[0])
    }

    /// `avx512`, `avx2`, `neon` or `scalar`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            Kind::Scalar(_) => "scalar",
        }
    }

    /// Runs a kernel on this instruction set.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(lanes) => lanes.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(lanes) => lanes.run(kernel),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(lanes) => lanes.run(kernel),
            Kind::Scalar(lanes) => lanes.run(kernel),
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
