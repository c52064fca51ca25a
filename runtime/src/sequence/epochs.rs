//! When an epoch closes: the loop that timely and the simulation drive alike.
use crate::base::clock::EpochClock;
use crate::base::groups::Groups;
use crate::base::heat::Heat;
use crate::entity::run::classes::Makers;
use crate::entity::run::worker::Worker;
use crate::methods::table::Methods;
use crate::request::ingress::{Ingress, Submitted};
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
        let (open, passed, full) = (Cell::new(0), Cell::new(0), Cell::new(false));
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

    /// Goes on to the first epoch that nobody has closed.
    pub(crate) fn follow(&self) {
        self.open.set(self.open.get().max(self.shared.ingress.open_epoch()));
    }

    /// Closes the epoch with at most so many requests, if there are any and not too many epochs in flight; gives the
    /// parcels. `None` when there will never be another request. `see` is told of what goes into the epoch.
    pub(crate) fn turn(&self, most: usize, see: impl FnOnce(u64, &[Submitted])) -> Option<Vec<Parcel>> {
        let Self { worker, shared, .. } = self;
        let (ingress, epoch, passed) = (&shared.ingress, self.open(), self.passed.get());
        let in_flight = if shared.marks.any_from(passed) { UNDOABLE_IN_FLIGHT } else { IN_FLIGHT };
        // An epoch that another worker has closed already is no further one.
        self.full.set(epoch >= passed.saturating_add(in_flight) && ingress.open_epoch() <= epoch);
        let requests = ingress.take(*worker, if self.full.get() { 0 } else { most })?;
        let mut parcels = Vec::new();
        if !requests.is_empty() {
            see(epoch, &requests);
            // A worker holds the epoch that it orders in, so those before `passed` are over.
            let now = shared.clock.at(epoch, passed);
            let known = (&*shared.methods, &**ingress.egress());
            let groups = (&shared.groups, &mut *self.heat.borrow_mut());
            let (sequenced, marks) = sequence(known, groups, (epoch, *worker), (&now, shared.seed), requests);
            parcels = sequenced;
            marks.into_iter().for_each(|marks| shared.marks.mark(epoch, marks));
            ingress.close_epoch(epoch);
            // What did not fit is the next epoch's.
            ingress.ring_again(*worker);
        }
        self.follow();
        Some(parcels)
    }
}
