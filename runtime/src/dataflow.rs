//! The dataflow of a worker, drawn in timely: `sequence → execute`, and the loop of messages between workers.
//!
//! The timestamp is `(epoch, phase, hop)` in a `u64`. A worker keeps a capability for every epoch it is not through
//! with, at the phase it still works at. So the frontier of the loop says what is over at all workers: it is the only
//! barrier. This file alone names timely.
use crate::base::clock::EpochClock;
use crate::base::error::{Error, Result};
use crate::base::groups::Groups;
use crate::base::guard::survived;
use crate::base::ids::{Phase, Time};
use crate::base::thread::as_worker;
use crate::entity::run::classes::Makers;
use crate::entity::run::task::with_stack;
use crate::entity::run::worker::Worker;
use crate::execute::message::{Addressed, Stamped};
use crate::execute::{Executor, Outgoing};
use crate::methods::table::Methods;
use crate::request::ingress::Ingress;
use crate::sequence::order;
use crate::sequence::parcel::Parcel;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use timely::WorkerConfig;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::operators::{Capability, ConnectLoop, Feedback, Operator};
use timely::dataflow::{Scope, Stream};
use timely::worker::Worker as Timely;

/// The most requests a worker puts into one epoch, but for the rest of a batch; so many more wait for the next one.
pub(crate) const EPOCH_REQUESTS: usize = 4096;
/// The bits of a timestamp that count hops: a message is sent from hop 0, or answered from where it was received.
const HOP_BITS: u32 = 4;
/// The bits of a timestamp that tell the phase.
const PHASE_BITS: u32 = 16;

/// The most epochs that are in flight. What is submitted meanwhile waits and is ordered together: each epoch has its
/// price in barriers, whatever is in it.
const IN_FLIGHT: u64 = 4;
/// The same while one of them may be undone: they are executed one after the other anyway.
const UNDOABLE_IN_FLIGHT: u64 = 1;

/// What `execute` tells `sequence` on the same worker.
#[derive(Default)]
struct Pace {
    /// The first epoch that is not over at all workers.
    passed: Cell<u64>,
    /// Whether an epoch that is not over here may be undone.
    undoable: Cell<bool>,
    /// Whether `sequence` waits for this to go on.
    waits: Cell<bool>,
}

/// What the workers of an app have in common.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) ingress: Arc<Ingress>,
    pub(crate) methods: Arc<Methods>,
    pub(crate) makers: Makers,
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

fn pack(time: Time) -> u64 {
    ((time.epoch << PHASE_BITS) | u64::from(time.phase.0)) << HOP_BITS
}

fn unpack(stamp: u64) -> Time {
    let phase = (stamp >> HOP_BITS) & ((1 << PHASE_BITS) - 1);
    Time { epoch: stamp >> (HOP_BITS + PHASE_BITS), phase: Phase(phase as u16) }
}

/// The threads of an app.
pub(crate) struct Threads(timely::communication::WorkerGuards<()>);

impl Threads {
    /// Waits for the workers.
    pub(crate) fn join(self) -> Result<(), String> {
        self.0.join().into_iter().collect()
    }

    /// Whether all workers have ended.
    pub(crate) fn have_ended(&self) -> bool {
        self.0.guards().iter().all(std::thread::JoinHandle::is_finished)
    }

    /// Lets the workers end when they are done. For a worker, which cannot wait for itself.
    pub(crate) fn leave(self) {
        // Dropping the guards would wait; nothing else is lost with them.
        std::mem::forget(self);
    }
}

/// Starts the workers.
pub(crate) fn start(shared: Shared) -> Result<Threads> {
    let workers = shared.ingress.workers();
    let communication = if workers == 1 {
        timely::CommunicationConfig::Thread
    } else {
        timely::CommunicationConfig::Process(workers)
    };
    let config = timely::Config { communication, worker: WorkerConfig::default().idle_spin(spin(workers)) };
    let guards = timely::execute(config, move |timely| {
        as_worker(shared.stack, || with_stack(0, || run(timely, &shared)));
    });
    guards.map(Threads).map_err(Error::Start)
}

/// How long a worker looks for messages before it parks. That is quicker than to be woken, if there is a processor for
/// it; if there is none, it takes the time of the worker or the caller that it waits for, and a call to another worker
/// and back takes more than twice as long.
fn spin(workers: usize) -> Duration {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    if processors > workers {
        Duration::from_micros(WorkerConfig::DEFAULT_IDLE_SPIN_MICROS)
    } else {
        Duration::ZERO
    }
}

/// Runs a worker. If it comes to an end that nobody asked for, everybody is told, and the other workers end as well.
fn run(timely: &mut Timely, shared: &Shared) {
    let (ingress, index) = (&shared.ingress, timely.index());
    let ended = survived(|| {
        draw(timely, shared);
        while !ingress.has_failed() && timely.step_or_park(None) {}
    });
    match ended {
        Err(panic) => ingress.fail(format!("worker {index} panicked: {panic}")),
        Ok(()) if !ingress.is_closed() => ingress.fail(format!("worker {index} ended by itself")),
        Ok(()) => {}
    }
    if ingress.has_failed() {
        // The workers would wait for each other. What is dropped here is answered by that.
        for dataflow in timely.installed_dataflows() {
            if let Err(panic) = survived(|| timely.drop_dataflow(dataflow)) {
                ingress.fail(format!("worker {index} panicked while it ended: {panic}"));
            }
        }
    }
}

fn draw(timely: &mut Timely, shared: &Shared) {
    timely.dataflow::<u64, _, _>(|scope| {
        let pace = Rc::new(Pace::default());
        let parcels = sequence(scope, shared.clone(), pace.clone());
        let worker = shared.worker(scope.index());
        execute(scope, parcels, Executor::new(worker), shared.ingress.clone(), pace);
    });
}

/// Gives every request its place: closes an epoch whenever there is something in it, and room for it.
fn sequence<'s>(scope: Scope<'s, u64>, shared: Shared, pace: Rc<Pace>) -> Stream<'s, u64, Vec<Parcel>> {
    let index = scope.index();
    source(scope, "sequence", move |capability, info| {
        let wake = scope.worker().sync_activator_for(info.address.to_vec());
        // Waking fails only when the worker is gone, and then nobody waits for it.
        shared.ingress.hang_bell(index, Box::new(move || _ = wake.activate()));
        let mut open = Some((0, capability));
        move |output| {
            let Some((epoch, capability)) = &mut open else { return };
            // An epoch that another worker has closed already is no further one.
            let most = if pace.undoable.get() { UNDOABLE_IN_FLIGHT } else { IN_FLIGHT };
            let full = *epoch >= pace.passed.get().saturating_add(most);
            pace.waits.set(full && shared.ingress.open_epoch() <= *epoch);
            let most = if pace.waits.get() { 0 } else { EPOCH_REQUESTS };
            let Some(requests) = shared.ingress.take(index, most) else {
                // The other workers may still have requests; they need no epochs from here.
                open = None;
                return;
            };
            if !requests.is_empty() {
                // A worker holds the epoch that it orders in, so those before `passed` are over.
                let now = shared.clock.at(*epoch, pace.passed.get());
                let world = (&now, shared.seed);
                let known = (&*shared.methods, &**shared.ingress.egress());
                let parcels = order::sequence(known, &shared.groups, (*epoch, index), world, requests);
                let mut session = output.session(&*capability);
                parcels.into_iter().for_each(|parcel| session.give(parcel));
                drop(session);
                shared.ingress.close_epoch(*epoch);
                // What did not fit is the next epoch's.
                shared.ingress.ring_again(index);
            }
            *epoch = (*epoch).max(shared.ingress.open_epoch());
            capability.downgrade(&pack(Time { epoch: *epoch, phase: Phase::TICKET }));
        }
    })
}

/// Runs the transactions, and exchanges messages with the other workers.
fn execute<'s>(
    scope: Scope<'s, u64>,
    parcels: Stream<'s, u64, Vec<Parcel>>,
    mut executor: Executor,
    ingress: Arc<Ingress>,
    pace: Rc<Pace>,
) {
    let index = scope.index();
    let (handle, messages) = scope.feedback::<Vec<Stamped>>(1);
    let by_owner = Exchange::new(|parcel: &Parcel| u64::from(parcel.to));
    let by_worker = Exchange::new(|stamped: &Stamped| u64::from(stamped.1.0));
    let mut capabilities: BTreeMap<u64, Capability<u64>> = BTreeMap::new();
    let sent = parcels.binary_frontier::<_, CapacityContainerBuilder<Vec<Stamped>>, _, _, _, _>(
        messages,
        by_owner,
        by_worker,
        "execute",
        |_, info| {
            let again = scope.worker().activator_for(info.address);
            move |(parcels, sequencing), (messages, passing), output| {
                parcels.for_each_stamp(|capability, data| {
                    let Some(capability) = capability.retain_least(output.output_index()) else { return };
                    capabilities.entry(unpack(*capability.time()).epoch).or_insert(capability);
                    data.flat_map(|batch| batch.drain(..)).for_each(|parcel| executor.parcel(parcel));
                });
                messages.for_each_stamp(|capability, data| {
                    if let Some(capability) = capability.retain_least(output.output_index()) {
                        // An epoch without a parcel for this worker may still ask something of it.
                        capabilities.entry(unpack(*capability.time()).epoch).or_insert(capability);
                    }
                    data.flat_map(|batch| batch.drain(..)).for_each(
                        |Stamped(phase, Addressed(_, message))| {
                            executor.message(phase, message);
                        },
                    );
                });
                let first = |frontier: Option<&u64>| frontier.map_or(Time::END, |stamp| unpack(*stamp));
                let sequenced = first(sequencing.frontier().first()).epoch;
                let passed = first(passing.frontier().first());
                executor.advance(sequenced, passed);
                if executor.run() {
                    again.activate();
                }
                pace.undoable.set(executor.has_undoable());
                if pace.passed.replace(passed.epoch) < passed.epoch && pace.waits.get() {
                    ingress.ring(index);
                }
                // A session for each message would be a batch for each message.
                let mut out = executor.out().peekable();
                while let Some(epoch) = out.peek().map(|outgoing| outgoing.at.epoch) {
                    let same = std::iter::from_fn(|| out.next_if(|outgoing| outgoing.at.epoch == epoch));
                    let messages =
                        same.map(|Outgoing { at, to, message }| Stamped(at, Addressed(to, message)));
                    match capabilities.get(&epoch) {
                        Some(capability) => output.session(capability).give_iterator(messages),
                        None => messages.for_each(drop),
                    }
                }
                drop(out);
                capabilities.retain(|epoch, capability| match executor.works_at(*epoch) {
                    None => false,
                    Some(phase) => {
                        let time = pack(Time { epoch: *epoch, phase }).max(*capability.time());
                        capability.downgrade(&time);
                        true
                    }
                });
            }
        },
    );
    sent.connect_loop(handle);
}

// All workers are threads of one process, so messages move as they are. The serde traits are what timely asks of
// everything it might send to another process; there is none, and they say so.
macro_rules! in_process {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("workers of one app are threads of one process"))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Err(serde::de::Error::custom("workers of one app are threads of one process"))
            }
        }
    )+};
}
in_process!(Parcel, Stamped);
