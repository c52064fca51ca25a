//! The dataflow of a worker, drawn in timely: `sequence → execute`, and the loop of messages between workers.
//!
//! The timestamp is `(epoch, phase, hop)` in a `u64`. A worker keeps a capability for every epoch it is not through
//! with, at the phase it still works at. So the frontier of the loop says what is over at all who have a part in it: it is the
//! only barrier. A worker without a part may lag behind it. This file alone names timely.
use crate::base::emitted;
use crate::base::error::{Error, Result};
use crate::base::guard::survived;
use crate::base::hash::SHARDS;
use crate::base::ids::{Phase, Time};
use crate::base::thread::as_worker;
use crate::egress::outbox::Outbox;
use crate::entity::run::task::with_stack;
use crate::entity::run::worker::Worker;
use crate::execute::Executor;
use crate::execute::message::Envelope;
use crate::request::ingress::Ingress;
use crate::sequence::epochs::{EpochLoop, Shared};
use crate::sequence::parcel::Parcel;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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

/// Maximum requests per worker and epoch. A batch is never split, so an epoch may exceed it.
pub(crate) const EPOCH_REQUESTS: usize = 4096;
/// The bits of a timestamp that count hops. A worker without a parcel of an epoch sends from where the first message about
/// the phase reached it, so hops add up, to as many as there are workers; there are at most [`SHARDS`].
const HOP_BITS: u32 = 13;
/// The bits of a timestamp that tell the phase; an epoch stands after a few.
const PHASE_BITS: u32 = 5;
const _: () = assert!(SHARDS < 1 << HOP_BITS);

fn pack(time: Time) -> u64 {
    debug_assert!(time.phase.0 < 1 << PHASE_BITS, "{time:?} has a place of its own");
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
        emitted::set_topics(ingress.egress().outbox.as_ref().map(Outbox::topics));
        let worker = shared.restored(index);
        draw(timely, shared, &worker);
        while !ingress.has_failed() && timely.step_or_park(None) {}
        while !ingress.has_failed() && worker.save_some() {}
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

fn draw(timely: &mut Timely, shared: &Shared, worker: &Rc<Worker>) {
    timely.dataflow::<u64, _, _>(|scope| {
        let epochs = Rc::new(EpochLoop::new(scope.index(), shared.clone()));
        let parcels = sequence(scope, shared.ingress.clone(), epochs.clone());
        let executor = Executor::new(worker.clone(), shared.marks.clone());
        execute(scope, parcels, executor, shared.ingress.clone(), epochs);
    });
}

/// Gives every request its place: closes an epoch whenever there is something in it, and room for it.
fn sequence<'s>(
    scope: Scope<'s, u64>,
    ingress: Arc<Ingress>,
    epochs: Rc<EpochLoop>,
) -> Stream<'s, u64, Vec<Parcel>> {
    let index = scope.index();
    source(scope, "sequence", move |mut capability, info| {
        capability.downgrade(&pack(Time { epoch: epochs.open(), phase: Phase::TICKET }));
        let wake = scope.worker().sync_activator_for(info.address.to_vec());
        // Waking fails only when the worker is gone, and then nobody waits for it.
        ingress.hang_bell(index, Box::new(move || _ = wake.activate()));
        let mut open = Some(capability);
        move |output| {
            let Some(capability) = &mut open else { return };
            let Some(parcels) = epochs.turn(EPOCH_REQUESTS, |_, _| {}) else {
                // The other workers may still have requests; they need no epochs from here.
                open = None;
                return;
            };
            if !parcels.is_empty() {
                let mut session = output.session(&*capability);
                parcels.into_iter().for_each(|parcel| session.give(parcel));
            }
            capability.downgrade(&pack(Time { epoch: epochs.open(), phase: Phase::TICKET }));
        }
    })
}

/// Runs the transactions, and exchanges messages with the other workers.
fn execute<'s>(
    scope: Scope<'s, u64>,
    parcels: Stream<'s, u64, Vec<Parcel>>,
    mut executor: Executor,
    ingress: Arc<Ingress>,
    epochs: Rc<EpochLoop>,
) {
    let index = scope.index();
    let (handle, messages) = scope.feedback::<Vec<Envelope>>(1);
    let by_owner = Exchange::new(|parcel: &Parcel| u64::from(parcel.to));
    let by_worker = Exchange::new(|envelope: &Envelope| u64::from(envelope.to));
    let mut capabilities: BTreeMap<u64, Capability<u64>> = BTreeMap::new();
    let sent = parcels.binary_frontier::<_, CapacityContainerBuilder<Vec<Envelope>>, _, _, _, _>(
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
                    data.flat_map(|batch| batch.drain(..))
                        .for_each(|Envelope { at, message, .. }| executor.message(at, message));
                });
                let first = |frontier: Option<&u64>| frontier.map_or(Time::END, |stamp| unpack(*stamp));
                let sequenced = first(sequencing.frontier().first()).epoch;
                let passed = first(passing.frontier().first());
                executor.advance(sequenced, passed);
                let more = executor.run();
                if executor.worker().save_some() || more {
                    again.activate();
                }
                if epochs.learn(passed.epoch) {
                    ingress.ring(index);
                }
                // A session for each message would be a batch for each message.
                let mut out = executor.out().peekable();
                while let Some(epoch) = out.peek().map(|envelope| envelope.at.epoch) {
                    let same = std::iter::from_fn(|| out.next_if(|envelope| envelope.at.epoch == epoch));
                    match capabilities.get(&epoch) {
                        Some(capability) => output.session(capability).give_iterator(same),
                        None => unreachable!("a worker keeps the capabilities of epochs that it sends in"),
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
in_process!(Parcel, Envelope);
