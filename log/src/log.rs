//! The handle to a log.
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::queue::{Ending, Queue};
use crate::worker::Worker;
use crate::write::{Item, Writer, part_size};
use crate::{Epoch, Position, Settings};
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

/// What the thread tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All epochs up to this one are durable, and so is everything below the position.
    Durable {
        /// The last durable epoch.
        epoch: Epoch,
        /// Kept elsewhere, it is a [`Witness`](crate::Witness).
        position: Position,
    },
    /// A write or a sync has failed. No further epoch will be durable, and none of those that wait may be called failed.
    Poisoned {
        /// What failed.
        what: String,
    },
}

pub(crate) type Hook = Box<dyn Fn(Progress) + Send>;

/// A log that is written. Dropping it without [`stop`](Self::stop) is like a crash of the process: the write in progress
/// is finished, and what waits is forgotten.
pub struct Log {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    // Behind the thread, so that nobody else gets the log while it still writes.
    _lock: Box<dyn Any + Send + Sync>,
}

impl Log {
    pub(crate) fn start<D: Disk>(
        writer: Writer<D>,
        lock: D::Lock,
        settings: &Settings,
        hook: Hook,
    ) -> Result<Self> {
        let queue = Arc::new(Queue::new(settings, writer.sealed(), writer.room()));
        let thread = Worker::start(writer, queue.clone(), hook);
        let thread =
            thread.map_err(|source| Error::Poisoned { what: format!("no thread for the log: {source}") })?;
        Ok(Self { queue, thread: Some(thread), _lock: Box::new(lock) })
    }

    /// The epoch that comes next.
    pub fn next(&self) -> Epoch {
        self.queue.state().last.next()
    }
    /// The last epoch that is durable.
    pub fn durable(&self) -> Epoch {
        self.queue.durable()
    }
    /// Whether epochs are taken, as far as the disk's space is concerned.
    pub fn has_room(&self) -> bool {
        self.queue.has_space()
    }

    /// Takes an epoch, which the hook will report. Waits while too many bytes wait, or while a segment is made.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::Poisoned`]; nothing was taken then.
    ///
    /// # Panics
    /// If the epoch is not the next one.
    pub fn append(&self, epoch: Epoch, body: Vec<u8>) -> Result<()> {
        self.queue.take(Item { outcome: false, epoch, body }, true)
    }

    /// As [`append`](Self::append), but never waits.
    ///
    /// # Errors
    /// Also [`Error::Busy`], when `append` would wait.
    ///
    /// # Panics
    /// If the epoch is not the next one.
    pub fn try_append(&self, epoch: Epoch, body: Vec<u8>) -> Result<()> {
        self.queue.take(Item { outcome: false, epoch, body }, false)
    }

    /// Takes what became of an epoch. It rides with a later write, and may be lost with no epoch missing.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Full`] and [`Error::Poisoned`]; nothing was taken then.
    ///
    /// # Panics
    /// If the epoch was never appended.
    pub fn outcome(&self, epoch: Epoch, body: Vec<u8>) -> Result<()> {
        let most = part_size(self.queue.segment_bytes());
        if body.len() > most {
            return Err(Error::TooLarge { bytes: body.len(), most });
        }
        self.queue.take(Item { outcome: true, epoch, body }, true)
    }

    /// Segments that have nothing later than this epoch may be removed: a durable checkpoint has it all. The segment in
    /// use stays.
    pub fn release(&self, epoch: Epoch) {
        self.queue.release(epoch);
    }

    /// Writes all that waits, ends the log in peace, and gives the lock back.
    ///
    /// # Errors
    /// [`Error::Poisoned`] if anything has failed, now or before.
    pub fn stop(mut self) -> Result<()> {
        self.end(Ending::Stop);
        match self.queue.state().poison.take() {
            Some(what) => Err(Error::Poisoned { what }),
            None => Ok(()),
        }
    }

    fn end(&mut self, how: Ending) {
        let Some(thread) = self.thread.take() else { return };
        self.queue.end(how);
        // A panic of it has poisoned the log.
        drop(thread.join());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.end(Ending::Abandon);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("next", &self.next())
            .field("durable", &self.durable())
            .finish_non_exhaustive()
    }
}
