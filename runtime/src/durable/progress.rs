//! How far a start is, for whoever waits for it: a bar on a terminal, and a line in the log now and then otherwise.
//!
//! A start that takes less than a second says nothing.
use crate::base::error::{Error, Result};
use crate::durable::image::Image;
use crate::durable::replay::Replay;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
/// Between two lines in the log.
const LINES: Duration = Duration::from_secs(5);

/// A thread that says how far a start is; it ends when this is dropped.
pub(crate) struct Progress {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How far it is: what was read, and how much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Far {
    /// Groups of the checkpoint.
    groups: (u64, u64),
    /// Bytes of the log, whose epochs have been executed, but for a few.
    log: (u64, u64),
}

impl Progress {
    /// Begins to look.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn of(image: Option<Arc<Image>>, replay: Arc<Replay>) -> Result<Self> {
        let look = move || Far {
            groups: image.as_ref().map_or((0, 0), |image| image.groups_read()),
            log: replay.bytes_read(),
        };
        let (over, ends) = mpsc::channel();
        let thread = std::thread::Builder::new().name("thalweg-progress".to_owned());
        let thread = thread
            .spawn(move || watch(&ends, look))
            .map_err(|error| Error::Start(format!("no thread to say how far the start is: {error}")))?;
        Ok(Self { over: Some(over), thread: Some(thread) })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.over.take());
        // A panic of it has been printed, and harms nothing.
        self.thread.take().map(JoinHandle::join);
    }
}

fn goes_on(ends: &Receiver<()>, most: Duration) -> bool {
    matches!(ends.recv_timeout(most), Err(RecvTimeoutError::Timeout))
}

fn watch(ends: &Receiver<()>, look: impl Fn() -> Far) {
    if !goes_on(ends, FIRST) {
        return;
    }
    #[cfg(feature = "progress")]
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        return bar(ends, look);
    }
    loop {
        tracing::info!("the app starts: {}", look().text());
        if !goes_on(ends, LINES) {
            return;
        }
    }
}

#[cfg(feature = "progress")]
fn bar(ends: &Receiver<()>, look: impl Fn() -> Far) {
    use indicatif::{ProgressBar, ProgressStyle};
    const BETWEEN_DRAWS: Duration = Duration::from_millis(100);
    let bar = ProgressBar::new(1000);
    bar.set_style(
        ProgressStyle::with_template("starting {bar:40} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    while goes_on(ends, BETWEEN_DRAWS) {
        let far = look();
        bar.set_position(far.thousandths());
        bar.set_message(far.text());
    }
    bar.finish_and_clear();
}

impl Far {
    fn text(&self) -> String {
        let percent = |(done, all): (u64, u64)| done * 100 / all.max(1);
        match (self.groups, self.log) {
            ((done, all), _) if done < all => format!("{} % of the checkpoint is read", percent((done, all))),
            (_, (done, all)) if done < all => {
                format!("{} % of the log is executed again", percent((done, all)))
            }
            _ => "the last epochs are executed again".to_owned(),
        }
    }

    /// Each of both is half of it, if there are both.
    #[cfg(any(feature = "progress", test))]
    fn thousandths(&self) -> u64 {
        let of = |(done, all): (u64, u64), share: u64| done * share / all.max(1);
        match (self.groups.1, self.log.1) {
            (0, _) => of(self.log, 1000),
            (_, 0) => of(self.groups, 1000),
            _ => of(self.groups, 500) + of(self.log, 500),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Far;

    #[test]
    fn it_says_how_far_it_is() {
        let far = |groups, log| {
            let far = Far { groups, log };
            (far.text(), far.thousandths())
        };
        assert_eq!(far((64, 256), (0, 100)), ("25 % of the checkpoint is read".to_owned(), 125));
        assert_eq!(far((256, 256), (50, 100)), ("50 % of the log is executed again".to_owned(), 750));
        assert_eq!(far((0, 0), (50, 100)), ("50 % of the log is executed again".to_owned(), 500));
        assert_eq!(far((4, 4), (7, 7)), ("the last epochs are executed again".to_owned(), 1000));
        assert_eq!(far((0, 0), (0, 0)).1, 0);
    }
}
