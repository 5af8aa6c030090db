//! The lock of what the sockets of a tenant share. In the tests that try many orders of events (`hub/seeds.rs`) somebody else may come in
//! between wherever it is taken; everywhere else it is `parking_lot`'s.

#[cfg(not(test))]
pub(crate) use parking_lot::Mutex;
#[cfg(test)]
pub(crate) use scheduled::Mutex;

#[cfg(test)]
pub(crate) mod scheduled {
    use std::cell::Cell;

    use parking_lot::MutexGuard;
    use shuttle::thread::yield_now;

    thread_local! {
        /// Whether a scheduler decides who is next on this thread.
        static SCHEDULED: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs something under a scheduler: the seed decides who is next, and every number drawn.
    pub(crate) fn under(seed: u64, scene: impl Fn() + Send + Sync + 'static) {
        let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(seed, 1);
        SCHEDULED.set(true);
        shuttle::Runner::new(scheduler, shuttle::Config::default()).run(scene);
        SCHEDULED.set(false);
    }

    /// A lock before which the scheduler may let others go first.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(inner: T) -> Self {
            Self(parking_lot::Mutex::new(inner))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            if !SCHEDULED.get() {
                return self.0.lock();
            }
            yield_now();
            loop {
                if let Some(guard) = self.0.try_lock() {
                    return guard;
                }
                yield_now();
            }
        }
    }
}
