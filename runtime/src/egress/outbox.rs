//! Events on their way out: from the transactions that emitted them to the sinks.
//!
//! An event gets its offset when its epoch is *complete*: all workers have ordered their parts of it, all of its transactions
//! have ended, and all epochs before it are complete. So offsets are the same whenever the same log is executed. What no sink
//! has committed stays here, and goes into checkpoints.
//!
//! Invariants: epochs are complete in their order; the offsets of a topic are contiguous; a worker tells its part of an epoch
//! before it says that it has gone on.
use crate::base::emitted::{Emitted, Topics};
use crate::base::error::Error;
use crate::egress::witness::InPart;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use thalweg_sink::{OwnedEvent, Positions};

/// See the head of this file.
pub(crate) struct Outbox {
    topics: Arc<Topics>,
    /// Which sink takes each topic.
    sink_of: Vec<usize>,
    /// How many bytes may wait before no epoch is begun; none waits for sinks that are not there.
    limit: Option<usize>,
    /// How many do. It changes under the lock.
    bytes: AtomicUsize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The first epoch that each worker has not left.
    open: Vec<u64>,
    epochs: BTreeMap<u64, Tally>,
    /// The next offset of each topic.
    next: Vec<u64>,
    /// By sink: what it has not committed, in order.
    waiting: Vec<VecDeque<Arc<OwnedEvent>>>,
    /// The epoch after which a checkpoint is taken, and what was here then.
    cut: Option<u64>,
    content: Option<Content>,
    /// No further epoch comes.
    ending: bool,
}

/// What is known of an epoch that is not complete.
#[derive(Default)]
struct Tally {
    now: u64,
    /// How many transactions each worker has ordered.
    parts: BTreeMap<u32, u64>,
    counted: u64,
    events: Vec<(InPart, Emitted)>,
}

/// What is in the outbox at one place of the order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) epoch: u64,
    /// The next offset of each topic.
    pub(crate) next: Positions,
    pub(crate) waiting: Vec<Arc<OwnedEvent>>,
}

/// What an event takes beside its text.
const EVENT: usize = 128;

fn size(event: &OwnedEvent) -> usize {
    EVENT + event.topic.len() + event.body.len()
}

/// What is said of a topic that a checkpoint has events of, and no sink takes.
pub(crate) fn without_sink(topic: &str) -> Error {
    let what = "the data directory has events that it may not have taken; give the app a sink for the topic";
    Error::Sink { topics: format!("`{topic}`"), what: what.to_owned() }
}

impl Outbox {
    /// `sinks`: the topics of each. Without a limit, events are numbered and go nowhere.
    pub(crate) fn new(workers: usize, first: u64, sinks: &[Vec<String>], limit: Option<usize>) -> Self {
        let topics = Topics::new(sinks.iter().flatten().cloned().collect());
        let mut sink_of = vec![0; topics.len()];
        for (sink, names) in sinks.iter().enumerate() {
            let numbers = names.iter().filter_map(|name| topics.number(name));
            numbers.for_each(|number| sink_of[number as usize] = sink);
        }
        let state = State {
            open: vec![first; workers],
            epochs: BTreeMap::new(),
            next: vec![0; topics.len()],
            waiting: vec![VecDeque::new(); sinks.len()],
            cut: None,
            content: None,
            ending: false,
        };
        let (bytes, state, changed) = (AtomicUsize::new(0), Mutex::new(state), Condvar::new());
        Self { topics: Arc::new(topics), sink_of, limit, bytes, state, changed }
    }

    pub(crate) fn topics(&self) -> Arc<Topics> {
        self.topics.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of the user's runs under this lock; a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts back what a checkpoint has.
    ///
    /// # Errors
    /// When it has events of a topic that no sink takes.
    pub(crate) fn restore(&self, next: &Positions, mut waiting: Vec<OwnedEvent>) -> Result<(), Error> {
        let state = &mut *self.state();
        for (topic, offset) in next.iter() {
            if let Some(number) = self.topics.number(topic) {
                state.next[number as usize] = offset;
            }
        }
        waiting.sort_by_key(|event| (event.epoch, event.ordinal, event.offset));
        for event in waiting {
            match self.topics.number(&event.topic) {
                Some(number) => self.push(state, number, Arc::new(event)),
                None if self.limit.is_none() => {}
                None => return Err(without_sink(&event.topic)),
            }
        }
        Ok(())
    }

    fn push(&self, state: &mut State, topic: u32, event: Arc<OwnedEvent>) {
        if self.limit.is_none() {
            return;
        }
        self.bytes.fetch_add(size(&event), Ordering::SeqCst);
        state.waiting[self.sink_of[topic as usize]].push_back(event);
    }

    /// Whether so much waits that no epoch is to be begun.
    pub(crate) fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.bytes.load(Ordering::SeqCst) >= limit)
    }

    /// A worker's part of an epoch, which it has not left: so many transactions. `now` is the time of the epoch.
    pub(crate) fn part(&self, epoch: u64, worker: u32, now: u64, transactions: usize) {
        let state = &mut *self.state();
        assert!(state.open[worker as usize] <= epoch, "who tells of a part is still there");
        let tally = state.epochs.entry(epoch).or_default();
        tally.now = tally.now.max(now);
        let before = tally.parts.insert(worker, transactions as u64);
        assert!(before.is_none(), "a part is told of once");
    }

    /// A worker has left all epochs before this one.
    pub(crate) fn left(&self, worker: usize, open: u64) {
        let state = &mut *self.state();
        assert!(state.open[worker] <= open, "who has left an epoch does not come back");
        state.open[worker] = open;
        self.complete(state);
    }

    /// So many transactions of an epoch have ended, and these of them have emitted something.
    pub(crate) fn ended(&self, epoch: u64, count: usize, emitted: impl Iterator<Item = (InPart, Emitted)>) {
        let state = &mut *self.state();
        let tally = state.epochs.entry(epoch).or_default();
        tally.counted += count as u64;
        tally.events.extend(emitted);
        self.complete(state);
    }

    /// A checkpoint is taken behind this epoch, which no worker has left.
    pub(crate) fn cut_after(&self, epoch: u64) {
        let state = &mut *self.state();
        (state.cut, state.content) = (Some(epoch), None);
        // An epoch with nothing but the cut has to be seen.
        state.epochs.entry(epoch).or_default();
    }

    /// Gives offsets to what epochs have emitted, as far as they are complete.
    fn complete(&self, state: &mut State) {
        let left = state.open.iter().min().copied().unwrap_or(0);
        let mut told = false;
        while let Some(first) = state.epochs.first_entry().filter(|first| *first.key() < left) {
            let tally = first.get();
            let all: u64 = tally.parts.values().sum();
            assert!(tally.counted <= all, "a transaction is counted once");
            if tally.counted < all {
                break;
            }
            let (epoch, Tally { now, parts, mut events, .. }) = first.remove_entry();
            events.sort_by_key(|(place, _)| *place);
            for (place, emitted) in events {
                let before: u64 = parts.range(..place.from).map(|(_, part)| part).sum();
                let ordinal = before + u64::from(place.index);
                for (topic, body) in emitted.in_order() {
                    let next = &mut state.next[topic as usize];
                    let offset = std::mem::replace(next, *next + 1);
                    let topic_name = self.topics.name(topic).to_owned();
                    let event = OwnedEvent { topic: topic_name, offset, epoch, ordinal, now, body };
                    self.push(state, topic, Arc::new(event));
                    told = true;
                }
            }
            if state.cut == Some(epoch) {
                state.cut = None;
                state.content = Some(self.content(state, epoch));
                told = true;
            }
        }
        if told {
            self.changed.notify_all();
        }
    }

    fn content(&self, state: &State, epoch: u64) -> Content {
        let named = |(topic, next): (u32, &u64)| (self.topics.name(topic).to_owned(), *next);
        let next = (0..).zip(&state.next).map(named).collect();
        let waiting = state.waiting.iter().flatten().cloned().collect();
        Content { epoch, next, waiting }
    }

    /// What was here at the cut behind this epoch, when that is complete; `None` when the app has failed.
    pub(crate) fn content_after(&self, epoch: u64, failed: impl Fn() -> bool) -> Option<Content> {
        let mut state = self.state();
        loop {
            if let Some(content) = state.content.take_if(|content| content.epoch == epoch) {
                return Some(content);
            }
            if failed() {
                return None;
            }
            state = self.wait(state);
        }
    }

    /// The first offset of each topic that no sink has committed.
    fn first_waiting(&self, state: &State) -> Vec<u64> {
        let mut first = state.next.clone();
        // The offsets of a topic stand in order, so the last that is seen from behind counts.
        for event in state.waiting.iter().flatten().rev() {
            if let Some(topic) = self.topics.number(&event.topic) {
                first[topic as usize] = event.offset;
            }
        }
        first
    }

    /// Those of these events that no sink has committed by now.
    pub(crate) fn still_waiting(&self, mut events: Vec<Arc<OwnedEvent>>) -> Vec<Arc<OwnedEvent>> {
        let first = self.first_waiting(&self.state());
        events.retain(|event| {
            let topic = self.topics.number(&event.topic);
            topic.is_some_and(|topic| event.offset >= first[topic as usize])
        });
        events
    }

    /// Waits until the sinks have committed everything, or so long.
    pub(crate) fn wait_until_taken(&self, most: Duration) {
        let waits = |state: &mut State| state.waiting.iter().any(|waiting| !waiting.is_empty());
        drop(self.changed.wait_timeout_while(self.state(), most, waits));
    }

    /// Waits until all epochs up to this one are complete; `false` when the app has failed.
    pub(crate) fn wait_until_complete(&self, last: u64, failed: impl Fn() -> bool) -> bool {
        /// It is asked once, when a log has been executed again.
        const AGAIN: Duration = Duration::from_millis(2);
        let through = |state: &State| {
            let open = state.epochs.first_key_value().is_some_and(|(first, _)| *first <= last);
            !open && state.open.iter().all(|open| *open > last)
        };
        let mut state = self.state();
        while !through(&state) {
            if failed() {
                return false;
            }
            state = self.changed.wait_timeout(state, AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        /// Whoever changes something tells, so this is a net and no more.
        const AGAIN: Duration = Duration::from_millis(100);
        self.changed.wait_timeout(state, AGAIN).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Lets those who wait look again.
    pub(crate) fn tell(&self) {
        drop(self.state());
        self.changed.notify_all();
    }

    /// No further epoch comes.
    pub(crate) fn end(&self) {
        self.state().ending = true;
        self.changed.notify_all();
    }

    /// Whether no further epoch comes.
    pub(crate) fn is_ending(&self) -> bool {
        self.state().ending
    }

    /// Waits for so long, or until no further epoch comes.
    pub(crate) fn pause(&self, most: Duration) {
        let ended = self.changed.wait_timeout_while(self.state(), most, |state| !state.ending);
        drop(ended.unwrap_or_else(PoisonError::into_inner));
    }

    /// The next events for a sink, about so many bytes of them, all of epochs that are `durable`. Waits for them; there are
    /// none when no further epoch comes, or the app has failed.
    pub(crate) fn batch(
        &self,
        sink: usize,
        most: usize,
        durable: impl Fn() -> u64,
        failed: impl Fn() -> bool,
    ) -> Vec<Arc<OwnedEvent>> {
        let mut state = self.state();
        loop {
            let (mut bytes, durable) = (0, durable());
            let fits = |event: &&Arc<OwnedEvent>| {
                bytes += size(event);
                event.epoch <= durable && bytes <= most.max(size(event))
            };
            let batch: Vec<_> = state.waiting[sink].iter().take_while(fits).cloned().collect();
            // All workers have ended, and nothing is left: whoever dropped the app does not wait.
            let over = state.epochs.is_empty() && state.open.iter().all(|open| *open == u64::MAX);
            let over = over && state.waiting[sink].is_empty();
            if !batch.is_empty() || over || state.ending || failed() {
                return batch;
            }
            state = self.wait(state);
        }
    }

    /// A sink has committed so many of its events, those in front; whether there is room again.
    pub(crate) fn committed(&self, sink: usize, count: usize) -> bool {
        let has_room = self.let_go(|| self.state().waiting[sink].drain(..count).collect());
        self.changed.notify_all();
        has_room
    }

    /// Whether there is room again when these events are gone.
    fn let_go(&self, events: impl FnOnce() -> Vec<Arc<OwnedEvent>>) -> bool {
        let was_full = self.is_full();
        let freed = events().iter().map(|event| size(event)).sum();
        self.bytes.fetch_sub(freed, Ordering::SeqCst);
        was_full && !self.is_full()
    }

    /// A sink says that these are its positions, and goes on from there; whether there is room again.
    ///
    /// # Errors
    /// When it has events that the app does not know, or lacks some that the app does not have any more.
    pub(crate) fn accept(&self, sink: usize, positions: &Positions) -> Result<bool, Error> {
        let state = &mut *self.state();
        let first = self.first_waiting(state);
        let of_sink = |topic: &usize| self.sink_of[*topic] == sink;
        for topic in (0..self.topics.len()).filter(of_sink) {
            let name = self.topics.name(u32::try_from(topic).unwrap_or_default());
            let (found, next) = (positions.get(name), state.next[topic]);
            let kept = first[topic];
            let what = if found > next {
                format!(
                    "it has {found} events, and the app has emitted {next}; it belongs to another data directory, or to a \
                     later state of this one: give the app the right directory, or the topic a new sink"
                )
            } else if found < kept {
                format!(
                    "it has {found} events, and had committed {kept}; bring back what it has lost, or give it a topic of \
                     another name"
                )
            } else {
                continue;
            };
            return Err(Error::Sink { topics: format!("`{name}`"), what });
        }
        // Those of one transaction that come from a checkpoint stand by their offsets, so one that is committed may stand behind
        // one of another topic that is not.
        let (committed, waiting): (Vec<_>, _) = std::mem::take(&mut state.waiting[sink])
            .into_iter()
            .partition(|event| event.offset < positions.get(&event.topic));
        state.waiting[sink] = waiting.into();
        Ok(self.let_go(|| committed))
    }

    /// How many events of a sink wait.
    pub(crate) fn waiting(&self, sink: usize) -> usize {
        self.state().waiting[sink].len()
    }
}

#[cfg(test)]
mod tests;
