//! When an epoch closes: the loop that timely and the simulation drive alike.
use crate::base::ambient::TransactionId;
use crate::base::clock::EpochClock;
use crate::base::error::{Error, Result};
use crate::base::groups::Groups;
use crate::base::heat::Heat;
use crate::base::ids::narrow;
use crate::base::storage_fault::StorageFault;
use crate::durable::checkpoints::Checkpoints;
use crate::durable::image::Image;
use crate::durable::journal::Journal;
use crate::durable::record::PartBytes;
use crate::durable::replay::Replay;
use crate::egress::outbox::{Outbox, without_sink};
use crate::entity::run::classes::Makers;
use crate::entity::run::saving::FromWorker;
use crate::entity::run::worker::Worker;
use crate::methods::table::Methods;
use crate::request::ingress::{Ingress, Inspect, Submission, Submitted};
use crate::sequence::marks::EpochMarks;
use crate::sequence::order::sequence;
use crate::sequence::parcel::Parcel;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Maximum epochs in flight. What is submitted meanwhile waits and is ordered together: each epoch has its price in
/// barriers, whatever is in it.
const IN_FLIGHT: u64 = 4;

/// The same while one of them may be undone: they are executed one after the other anyway.
const UNDOABLE_IN_FLIGHT: u64 = 1;

/// What the workers of an app that keeps a log have in common, too.
#[derive(Clone)]
pub(crate) struct Durable {
    pub(crate) journal: Arc<Journal>,
    pub(crate) replay: Arc<Replay>,
    /// The epoch that it shows, if it is a copy.
    pub(crate) copy: Option<u64>,
    /// If it takes checkpoints.
    pub(crate) checkpoints: Option<Arc<Checkpoints>>,
    /// The checkpoint that it begins with.
    pub(crate) image: Option<Arc<Image>>,
}

/// What the workers of an app have in common.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) ingress: Arc<Ingress>,
    pub(crate) methods: Arc<Methods>,
    pub(crate) makers: Makers,
    pub(crate) marks: Arc<EpochMarks>,
    pub(crate) groups: Groups,
    pub(crate) seed: u64,
    pub(crate) clock: Arc<EpochClock>,
    /// If the app keeps a log.
    pub(crate) durable: Option<Durable>,
    /// For how long a transaction may run before it is logged.
    pub(crate) slow: Duration,
    /// The stack that a method has when it starts.
    pub(crate) stack: usize,
}

impl Shared {
    /// One of the workers, without entities.
    pub(crate) fn worker(&self, index: usize) -> Rc<Worker> {
        let Self { groups, methods, makers, ingress, .. } = self;
        Worker::new(index, groups.clone(), (methods.clone(), makers), ingress.egress().clone())
    }

    /// The same with what it owns of the checkpoint that the app begins with. All workers do this at the same time.
    pub(crate) fn restored(&self, index: usize) -> Rc<Worker> {
        let worker = self.worker(index);
        if let Some(image) = self.durable.as_ref().and_then(|durable| durable.image.as_ref()) {
            if let Err(error) = image.read(&worker) {
                self.ingress.end(error);
            }
            if image.wait_until_read(|| self.ingress.has_failed()) {
                // No epoch is complete before this worker has ordered something.
                if index == 0 {
                    self.restore_outbox(image);
                }
                image.take(&worker);
            }
        }
        worker
    }
}

impl Shared {
    /// Puts the events back that no sink has taken.
    fn restore_outbox(&self, image: &Image) {
        let (events, next) = (image.take_events(), image.positions());
        let restored = match (&self.ingress.egress().outbox, events.first()) {
            (Some(outbox), _) => outbox.restore(next, events),
            (None, None) => Ok(()),
            (None, Some(event)) => Err(without_sink(&event.topic)),
        };
        restored.unwrap_or_else(|error| self.ingress.end(error));
    }
}

/// One worker's way through the epochs: it closes one when it has requests for it, and follows where others have closed
/// theirs.
pub(crate) struct EpochLoop {
    worker: usize,
    shared: Shared,
    /// The first epoch that this worker has not closed.
    open: Cell<u64>,
    /// The first epoch that is not over at all workers that have a part in it.
    passed: Cell<u64>,
    /// Whether there are too many epochs in flight to close another.
    full: Cell<bool>,
    /// What its requests have written much of late.
    heat: RefCell<Heat>,
}

impl EpochLoop {
    pub(crate) fn new(worker: usize, shared: Shared) -> Self {
        let (open, passed, full) = (Cell::new(shared.ingress.first_epoch()), Cell::new(0), Cell::new(false));
        Self { worker, shared, open, passed, full, heat: RefCell::default() }
    }

    /// The first epoch that this worker has not closed: no parcels of earlier ones come from here.
    pub(crate) fn open(&self) -> u64 {
        self.open.get()
    }

    /// Learns from the executor how far all workers with a part in the epochs have come; whether a turn that had to wait
    /// can be taken now.
    pub(crate) fn learn(&self, passed: u64) -> bool {
        let before = self.passed.replace(passed);
        assert!(before <= passed, "epochs that are over stay over");
        before < passed && self.full.get()
    }

    /// Goes on to the first epoch that nobody has closed. What is replayed is not passed over.
    pub(crate) fn follow(&self) {
        let Shared { ingress, durable, .. } = &self.shared;
        let open = self.open.get();
        if let Some(Durable { journal, replay, .. }) = durable {
            if !replay.is_over(open) {
                return;
            }
            let next = open.max(ingress.open_epoch());
            self.leave(next);
            return self.tell(journal, next);
        }
        self.leave(open.max(ingress.open_epoch()));
    }

    /// This worker orders nothing before this epoch any more.
    fn leave(&self, next: u64) {
        if let Some(outbox) = self.outbox().filter(|_| self.open.get() != next) {
            outbox.left(self.worker, next);
        }
        self.open.set(next);
    }

    fn outbox(&self) -> Option<&Outbox> {
        self.shared.ingress.egress().outbox.as_ref()
    }

    /// The log learns that this worker orders nothing before this epoch any more.
    fn tell(&self, journal: &Journal, next: u64) {
        if let Err(error) = journal.left(self.worker, next) {
            self.shared.ingress.end(error);
        }
    }

    /// Closes the epoch with at most so many requests, if there are any and not too many epochs in flight; gives the
    /// parcels. `None` when there will never be another request. `see` is told of what goes into the epoch.
    pub(crate) fn turn(&self, most: usize, see: impl FnOnce(u64, &[Submitted])) -> Option<Vec<Parcel>> {
        let Self { worker, shared, .. } = self;
        let (ingress, epoch, passed) = (&shared.ingress, self.open(), self.passed.get());
        let in_flight = if shared.marks.any_from(passed) { UNDOABLE_IN_FLIGHT } else { IN_FLIGHT };
        // An epoch that another worker has closed already is no further one.
        self.full.set(epoch >= passed.saturating_add(in_flight) && ingress.open_epoch() <= epoch);
        if let Some(Durable { replay, .. }) = &shared.durable
            && !replay.is_over(epoch)
        {
            return Some(self.turn_back(replay, epoch, see));
        }
        // One that ends takes what has entered: it would wait for ever for a sink that fails.
        let is_full = || !ingress.is_closed() && self.outbox().is_some_and(Outbox::is_full);
        let held = is_full();
        let taken = ingress.take(*worker, if held || self.full.get() { 0 } else { most });
        // Who has made room meanwhile may have rung before the bell was listened to.
        if held && !is_full() {
            ingress.ring(*worker);
        }
        let ended = taken.is_none();
        let mut requests = taken.unwrap_or_default();
        requests.extend(self.cut(epoch));
        if ended && requests.is_empty() {
            if !self.may_end() {
                self.follow();
                return Some(Vec::new());
            }
            if let Some(Durable { journal, .. }) = &shared.durable {
                self.tell(journal, u64::MAX);
                ingress.ring(ingress.workers() - 1);
            }
            self.leave(u64::MAX);
            return None;
        }
        let mut parcels = Vec::new();
        if let Some(Durable { journal, .. }) = shared.durable.as_ref().filter(|_| !requests.is_empty())
            && !journal.has_room()
        {
            requests = self.refuse(requests);
        }
        if !requests.is_empty() {
            see(epoch, &requests);
            // A worker holds the epoch that it orders in, so those before `passed` are over.
            let now = shared.clock.at(epoch, passed);
            if let Some(Durable { journal, .. }) = &shared.durable {
                // What has no time is refused.
                let part = now.as_ref().map_or(Ok(PartBytes::default()), |_| PartBytes::of(&requests));
                match part {
                    Ok(part) => journal.part(epoch, *worker, now.as_ref().map_or(0, |now| *now), part),
                    Err(error) => ingress.end(error),
                }
            }
            self.tell_outbox(epoch, &now, &requests);
            parcels = self.sequence(epoch, &now, requests);
            ingress.close_epoch(epoch);
            // What did not fit is the next epoch's.
            ingress.ring_again(*worker);
        }
        self.follow();
        Some(parcels)
    }

    /// The outbox learns of this worker's part of an epoch. What has no time is refused.
    fn tell_outbox(&self, epoch: u64, now: &Result<u64>, requests: &[Submitted]) {
        let (Some(outbox), Ok(now)) = (self.outbox(), now) else { return };
        let transactions = requests.iter().map(|submitted| match &submitted.work {
            Submission::Transactions(request) => request.len(),
            Submission::Inspect(_) => 0,
        });
        outbox.part(epoch, narrow(self.worker), *now, transactions.sum());
    }

    /// Whether a worker without requests may end: the last one waits for the others, and for the last checkpoint.
    fn may_end(&self) -> bool {
        let Self { worker, shared, .. } = self;
        let Some(Durable { journal, checkpoints: Some(checkpoints), .. }) = &shared.durable else {
            return true;
        };
        let last = worker + 1 == shared.ingress.workers();
        !last || shared.ingress.has_failed() || (journal.others_have_ended(*worker) && checkpoints.drained())
    }

    /// A cut that is to be given its place, if this worker is the one that does so.
    fn cut(&self, epoch: u64) -> Option<Submitted> {
        let Self { worker, shared, full, .. } = self;
        let checkpoints = shared.durable.as_ref()?.checkpoints.as_ref()?;
        if worker + 1 < shared.ingress.workers() || full.get() {
            return None;
        }
        let cut = checkpoints.take()?;
        let _ = cut.to.send(FromWorker::Cut(epoch));
        self.outbox().into_iter().for_each(|outbox| outbox.cut_after(epoch));
        let look: Inspect = Arc::new(move |worker: &Worker| worker.cut(&cut));
        Some(Submitted { id: TransactionId::default(), work: Submission::Inspect(look) })
    }

    /// As a turn, with this worker's run of an epoch of the log.
    fn turn_back(&self, replay: &Replay, epoch: u64, see: impl FnOnce(u64, &[Submitted])) -> Vec<Parcel> {
        let Self { worker, shared, .. } = self;
        shared.ingress.listen(*worker);
        if self.full.get() {
            return Vec::new();
        }
        let Some((now, requests)) = replay.take(*worker, epoch) else { return Vec::new() };
        see(epoch, &requests);
        self.tell_outbox(epoch, &Ok(now), &requests);
        let parcels = self.sequence(epoch, &Ok(now), requests);
        shared.clock.go_on_from(now);
        shared.ingress.close_epoch(epoch);
        self.leave(epoch + 1);
        shared.ingress.ring(*worker);
        parcels
    }

    /// Gives requests their places in an epoch.
    fn sequence(&self, epoch: u64, now: &Result<u64>, requests: Vec<Submitted>) -> Vec<Parcel> {
        let Self { worker, shared, .. } = self;
        let known = (&*shared.methods, &**shared.ingress.egress());
        let groups = (&shared.groups, &mut *self.heat.borrow_mut());
        let (parcels, marks) = sequence(known, groups, (epoch, *worker), (now, shared.seed), requests);
        marks.into_iter().for_each(|marks| shared.marks.mark(epoch, marks));
        parcels
    }

    /// The disk is full: nothing gets a place in the order, and what looks on stays.
    fn refuse(&self, requests: Vec<Submitted>) -> Vec<Submitted> {
        let Self { worker, shared, .. } = self;
        let error = Error::storage(
            StorageFault::Full,
            "the disk has no space for the log, so requests are refused; free some",
        );
        let egress = shared.ingress.egress();
        let mut looks = Vec::new();
        for Submitted { id, work } in requests {
            match work {
                Submission::Transactions(request) => request.refuse(&error, &shared.methods, *worker, egress),
                look @ Submission::Inspect(_) => looks.push(Submitted { id, work: look }),
            }
        }
        looks
    }
}
