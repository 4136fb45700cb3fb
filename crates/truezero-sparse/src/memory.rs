//! Memory that is there, and what happens where it is not enough.
//!
//! Large arrays are [`AlignedVec`](crate::AlignedVec)s, which ask here before they are allocated: a system that promises
//! more than it has would otherwise end the process once the pages are written. What is not there is an
//! [`OutOfMemory`], which [`catch`] makes a result of.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// Arrays from so many bytes on are compared with the memory there is: below, asking would take longer than the array is
/// worth.
pub(crate) const LARGE: u64 = 64 << 20;

/// Memory that was asked for and is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not enough memory: {} more were needed", shown(*bytes))]
pub struct OutOfMemory {
    /// What was asked for.
    pub bytes: u64,
}

impl OutOfMemory {
    /// Ends what the calling thread is at, without a message, as far as the next [`catch`].
    pub(crate) fn unwind(self) -> ! {
        resume_unwind(Box::new(self))
    }
}

/// Does something for which memory may not be enough.
///
/// # Errors
/// [`OutOfMemory`], after which what was being computed is gone.
pub fn catch<T>(compute: impl FnOnce() -> T) -> Result<T, OutOfMemory> {
    catch_unwind(AssertUnwindSafe(compute)).map_err(|payload| match payload.downcast::<OutOfMemory>() {
        Ok(error) => *error,
        Err(panic) => resume_unwind(panic),
    })
}

/// Bytes that this process can still take, as far as the system tells: of the machine's memory, within the limits of
/// its control group (a container's) and of its address space.
pub fn available() -> Option<u64> {
    [machine(), control_group(), address_space()].into_iter().flatten().min()
}

/// An empty vector with room for so many values.
///
/// If there is not enough memory, this unwinds as far as [`catch`].
pub fn room<T>(values: usize) -> Vec<T> {
    let bytes = (values as u64).saturating_mul(size_of::<T>() as u64);
    let error = OutOfMemory { bytes };
    let mut room = Vec::new();
    if bytes >= LARGE && check(bytes).is_err() || room.try_reserve_exact(values).is_err() {
        error.unwind()
    }
    room
}

/// The numbers below `count`, such as those of all examples.
///
/// If there is not enough memory, this unwinds as far as [`catch`].
pub fn numbers(count: usize) -> Vec<usize> {
    let mut numbers = room(count);
    numbers.extend(0..count);
    numbers
}

/// Whether so many bytes are there, as far as is known.
///
/// # Errors
/// If they are not.
pub fn check(bytes: u64) -> Result<(), OutOfMemory> {
    match available() {
        Some(available) if bytes > available => Err(OutOfMemory { bytes }),
        _ => Ok(()),
    }
}

/// Held while a large array is checked and written, so that two threads do not both take the last memory.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static LARGE_ARRAYS: Mutex<()> = Mutex::new(());
    LARGE_ARRAYS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left of the machine's memory.
fn machine() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    // 0 is what is answered where nothing is known.
    Some(system.available_memory()).filter(|&bytes| bytes > 0)
}

/// What is left of the memory of the process's control group.
fn control_group() -> Option<u64> {
    let mut system = System::new().ok()?;
    let pid = get_current_pid().ok()?;
    let kind = ProcessRefreshKind::nothing();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
    let limits = system.process(pid)?.cgroup_limits()?;
    // What the group calls free leaves out the files in the system's cache, which make room for what is needed.
    Some(limits.total_memory.saturating_sub(limits.rss))
}

/// What is left of the addresses that the process may use (`ulimit -v`).
#[cfg(target_os = "linux")]
fn address_space() -> Option<u64> {
    use std::fs::read_to_string;

    let limits = read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?; // or "unlimited"
    let status = read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let used: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(used * 1024))
}

#[cfg(not(target_os = "linux"))]
fn address_space() -> Option<u64> {
    None
}

/// Bytes as people read them: "1 byte", "640 MiB", "59.6 TiB".
pub fn shown(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    match (bytes, unit) {
        (1, _) => "1 byte".to_owned(),
        (_, 0) => format!("{bytes} bytes"),
        _ if size < 99.95 => format!("{size:.1} {}", UNITS[unit]),
        _ => format!("{size:.0} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlignedVec, DenseBatch, PackedWeights};

    #[test]
    fn what_no_machine_has_is_an_error() {
        assert!(available().is_none_or(|bytes| bytes > 0));
        assert_eq!(check(u64::MAX).is_err(), available().is_some());
        for values in [usize::MAX, usize::MAX / 4, 1 << 58] {
            let error = AlignedVec::try_zeros(values).unwrap_err();
            assert_eq!(catch(|| AlignedVec::zeros(values)).unwrap_err(), error);
        }
        // Sizes that multiply beyond what a number holds.
        assert!(catch(|| PackedWeights::zeros(usize::MAX, 1 << 24)).is_err());
        assert!(catch(|| DenseBatch::zeros(1 << 40, 1 << 40)).is_err());
        let mut batch = DenseBatch::zeros(1, 1);
        assert!(catch(|| batch.reset(1 << 40, 1 << 20)).is_err());
        assert_eq!(catch(|| AlignedVec::zeros(16).len()), Ok(16));
        for values in [usize::MAX, usize::MAX / 8, 1 << 58] {
            assert!(catch(|| room::<f32>(values)).is_err());
        }
        assert!(catch(|| room::<f64>(3)).unwrap().capacity() >= 3);
        assert!(catch(|| numbers(usize::MAX)).is_err());
        assert_eq!(catch(|| numbers(3)), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn another_panic_is_not_caught() {
        let caught = catch_unwind(|| catch(|| resume_unwind(Box::new("another"))));
        assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "another");
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_suits() {
        let told: Vec<String> = [0, 1, 1023, 1536, 640 << 20, u64::MAX].map(shown).into();
        assert_eq!(told, ["0 bytes", "1 byte", "1023 bytes", "1.5 KiB", "640 MiB", "16.0 EiB"]);
    }
}
