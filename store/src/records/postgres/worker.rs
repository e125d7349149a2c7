//! A thread that owns a connection, so that calls block outside of any async runtime.

use core::{future::Future, mem::ManuallyDrop, pin::Pin};
use std::{
    process,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use pollster::block_on;
use tenantseal::{Error, StoreError};
use tokio::{
    runtime::Builder,
    sync::{mpsc, oneshot},
    time::timeout_at,
};

use super::line::Line;

type Job = Box<dyn for<'l> FnOnce(&'l mut Line) -> Pin<Box<dyn Future<Output = ()> + 'l>> + Send>;

/// Runs jobs on a connection of its own, one after the other, and closes it when it is dropped.
pub(crate) struct Worker {
    /// There until it is dropped.
    jobs: Option<mpsc::UnboundedSender<Job>>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

impl Worker {
    pub(crate) fn start(mut line: Line) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (sender, mut jobs) = mpsc::unbounded_channel::<Job>();
        let work = move || {
            runtime.block_on(async {
                while let Some(job) = jobs.recv().await {
                    job(&mut line).await;
                }
                line.end().await;
            });
            // A name that is still being looked up is waited for by nobody.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("tenantseal-records".to_owned()).spawn(work)?;
        Ok(Self { jobs: Some(sender), thread: Some(thread), process: process::id() })
    }

    /// Runs `job` and waits for what it returns, for `deadline` at most: with one duration for all jobs, earlier jobs end
    /// earlier.
    ///
    /// # Errors
    ///
    /// Those of `job`; [`Error::Store`] with `Busy` after the deadline.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        deadline: Duration,
        job: impl AsyncFnOnce(&mut Line) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let now = Instant::now();
        let end = now.checked_add(deadline).unwrap_or(now + FOR_EVER);
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |line| {
            Box::pin(async move {
                let result = match timeout_at(end.into(), job(&mut *line)).await {
                    Ok(result) => result,
                    Err(_) => {
                        // Where it stands is not known.
                        line.close();
                        Err(Error::Store(StoreError::Busy))
                    }
                };
                // Whoever asked waits for this.
                let _ = sender.send(result);
            })
        });
        let closed = Error::Store(StoreError::Closed);
        self.jobs.as_ref().ok_or(closed)?.send(job).map_err(|_| closed)?;
        block_on(receiver).map_err(|_| closed)?
    }
}

impl Drop for Worker {
    /// Waits until the connection is closed.
    fn drop(&mut self) {
        let jobs = self.jobs.take();
        if process::id() != self.process {
            // A child after a fork does not have the thread, and must not wake its parent's.
            let _leaked = ManuallyDrop::new((jobs, self.thread.take()));
            return;
        }
        drop(jobs);
        if let Some(thread) = self.thread.take() {
            // A panic there was an error here: the call that it broke was told that the worker is closed.
            let _ = thread.join();
        }
    }
}

/// A deadline that is not met in the life of a process, for durations that clocks cannot add.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
