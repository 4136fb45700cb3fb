//! A process forked from one that has helpers has their memory, but not the threads.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)]

use truezero_sparse::{ActiveBatch, DenseBatch, Engine, Inputs, Isa, PackedWeights};

#[test]
fn a_forked_child_multiplies_alone_and_lets_go_of_threads_it_has_not() {
    let (inputs, outputs) = (400, 300);
    let weights = PackedWeights::from_plain(inputs, outputs, &vec![0.5; inputs * outputs]);
    let mut x = ActiveBatch::new(inputs);
    (0..20).for_each(|_| x.push((0..inputs as u32).map(|input| (input, 1.0))));
    let bias = vec![1.0; outputs];
    let forward = |engine: &mut Engine| {
        let mut out = DenseBatch::default();
        engine.forward(Inputs::Active(&x), &weights, &bias, &mut out);
        out
    };
    // The threads of one have been started; the other begins them once there was enough work, in the child.
    let mut engine = Engine::with_isa(3, Isa::detect());
    let mut other = Engine::new(3);
    let expected = forward(&mut engine);
    // SAFETY: the child, of one thread, does no more than the products, and ends without running what is left of the test.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child");
    if child == 0 {
        // SAFETY: it takes no pointers. A child that waits for ever is ended by the signal.
        unsafe { libc::alarm(30) };
        let same = (0..20).all(|_| forward(&mut engine) == expected && forward(&mut other) == expected);
        drop(engine);
        drop(other);
        // SAFETY: it takes no pointers, and does not return.
        unsafe { libc::_exit(i32::from(!same)) };
    }
    let mut status = -1;
    // SAFETY: `status` is a place for one status.
    let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(ended, child);
    assert_eq!(status, 0, "the child came to the same and ended by itself");
    assert_eq!(forward(&mut engine), expected, "the parent has its threads still");
}
