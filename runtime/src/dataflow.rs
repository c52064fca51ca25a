//! The dataflow of a worker, drawn in timely: `sequence → execute`, and the loop of calls and returns.
//!
//! The timestamp is `(epoch, hop)` in a `u64`. When the frontier of `sequence` has passed an epoch, every ticket of
//! the epoch has arrived: the frontier is the only barrier. This file alone names timely.
use crate::Error;
use crate::ambient::Ambient;
use crate::error::Result;
use crate::ingress::{Ingress, Submitted, Work};
use crate::line::{Line, Ticket};
use crate::message::{Addressed, Ordered, TxnId};
use crate::worker::Worker;
use std::collections::BTreeMap;
use std::sync::Arc;
use timely::WorkerConfig;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::operators::{Capability, ConnectLoop, Feedback, Operator};
use timely::dataflow::{Scope, Stream};
use timely::worker::Worker as Timely;

/// The most requests a worker puts into one epoch; so many more wait for the next one.
const EPOCH_REQUESTS: usize = 4096;
/// The bits of a timestamp that count hops.
const HOP_BITS: u32 = 20;

/// What the workers of an app have in common.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) ingress: Arc<Ingress>,
    pub(crate) seed: u64,
    pub(crate) clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// The threads of an app; dropping it waits for them.
pub(crate) struct Threads(#[allow(dead_code)] timely::communication::WorkerGuards<()>);

/// Starts the workers.
pub(crate) fn start(shared: Shared) -> Result<Threads> {
    let workers = shared.ingress.workers();
    let communication = if workers == 1 {
        timely::CommunicationConfig::Thread
    } else {
        timely::CommunicationConfig::Process(workers)
    };
    let config = timely::Config { communication, worker: WorkerConfig::default() };
    let guards = timely::execute(config, move |timely| {
        draw(timely, &shared);
        while timely.step_or_park(None) {}
    });
    guards.map(Threads).map_err(Error::Start)
}

fn draw(timely: &mut Timely, shared: &Shared) {
    timely.dataflow::<u64, _, _>(|scope| {
        let ordered = sequence(scope, shared.clone());
        let worker = Worker::new(scope.index(), scope.peers());
        execute(scope, ordered, Line::new(worker, shared.ingress.clone()));
    });
}

/// Gives every request its place: closes an epoch whenever there is something in it.
fn sequence<'s>(scope: Scope<'s, u64>, shared: Shared) -> Stream<'s, u64, Vec<Ordered>> {
    let (index, peers) = (scope.index(), scope.peers());
    source(scope, "sequence", move |capability, info| {
        let wake = scope.worker().sync_activator_for(info.address.to_vec());
        // Waking fails only when the worker is gone, and then nobody waits for it.
        shared.ingress.hang_bell(index, Box::new(move || _ = wake.activate()));
        let mut open = Some((0, capability));
        move |output| {
            let Some((epoch, capability)) = &mut open else { return };
            let Some(requests) = shared.ingress.take(index, EPOCH_REQUESTS) else {
                // The other workers may still have requests; they need no epochs from here.
                open = None;
                return;
            };
            if !requests.is_empty() {
                let now = (shared.clock)();
                let places = (0u32..).map(|seq| TxnId { epoch: *epoch, worker: index, seq });
                let mut session = output.session(&*capability);
                for (txn, request) in places.zip(requests) {
                    order(txn, request, now, shared.seed, peers, |ordered| session.give(ordered));
                }
                shared.ingress.close_epoch(*epoch);
                // What did not fit is the next epoch's.
                shared.ingress.ring_again(index);
            }
            *epoch = (*epoch).max(shared.ingress.open_epoch());
            capability.downgrade(&(*epoch << HOP_BITS));
        }
    })
}

/// A request's ticket for every worker.
fn order(txn: TxnId, request: Submitted, now: u64, seed: u64, peers: usize, mut give: impl FnMut(Ordered)) {
    match request.work {
        Work::Transaction(work) => {
            let root = work.owner(peers);
            let others = (0..peers).filter(|to| *to != root);
            others.for_each(|to| give(Ordered::Ticket { txn, to }));
            let ambient = Ambient { id: request.id, now, seed, draws: 0 };
            give(Ordered::Root { txn, to: root, ambient, request: work });
        }
        Work::Look(look) => (0..peers).for_each(|to| give(Ordered::Look { txn, to, look: look.clone() })),
    }
}

/// Runs the transactions, and exchanges their calls and returns with the other workers.
fn execute<'s>(scope: Scope<'s, u64>, ordered: Stream<'s, u64, Vec<Ordered>>, mut line: Line) {
    let (handle, messages) = scope.feedback::<Vec<Addressed>>(1);
    let by_address = Exchange::new(|ordered: &Ordered| address(ordered) as u64);
    let by_worker = Exchange::new(|addressed: &Addressed| addressed.0 as u64);
    let mut epochs: BTreeMap<u64, Epoch> = BTreeMap::new();
    let sent = ordered.binary_frontier::<_, CapacityContainerBuilder<Vec<Addressed>>, _, _, _, _>(
        messages,
        by_address,
        by_worker,
        "execute",
        |_, _| {
            move |(ordered, frontier), (messages, _), output| {
                ordered.for_each_stamp(|capability, data| {
                    let Some(capability) = capability.retain_least(output.output_index()) else { return };
                    let epoch = epochs.entry(*capability.time() >> HOP_BITS);
                    let epoch =
                        epoch.or_insert_with(|| Epoch { capability, tickets: Vec::new(), whole: false });
                    epoch.tickets.extend(data.flat_map(|batch| batch.drain(..)).map(ticket));
                });
                for (number, epoch) in epochs.iter_mut().filter(|(_, epoch)| !epoch.whole) {
                    if frontier.less_equal(&(number << HOP_BITS)) {
                        break;
                    }
                    epoch.whole = true;
                    epoch.tickets.sort_unstable_by_key(|(txn, _)| *txn);
                    line.extend(epoch.tickets.drain(..));
                }
                messages.for_each_stamp(|_, data| {
                    data.flat_map(|batch| batch.drain(..))
                        .for_each(|Addressed(_, message)| line.receive(message));
                });
                line.run();
                for (epoch, to, message) in line.out.drain(..) {
                    // The capability of an epoch is kept until its last transaction has left the line.
                    if let Some(epoch) = epochs.get(&epoch) {
                        output.session(&epoch.capability).give(Addressed(to, message));
                    }
                }
                let done = line.first_epoch();
                epochs.retain(|number, epoch| !epoch.whole || done.is_some_and(|first| first <= *number));
            }
        },
    );
    sent.connect_loop(handle);
}

/// An epoch with transactions that have not all left the line.
struct Epoch {
    capability: Capability<u64>,
    tickets: Vec<(TxnId, Ticket)>,
    /// Whether all tickets have arrived and stand in the line.
    whole: bool,
}

fn address(ordered: &Ordered) -> usize {
    match ordered {
        Ordered::Root { to, .. } | Ordered::Ticket { to, .. } | Ordered::Look { to, .. } => *to,
    }
}

fn ticket(ordered: Ordered) -> (TxnId, Ticket) {
    match ordered {
        Ordered::Root { txn, ambient, request, .. } => (txn, Ticket::Root(ambient, request)),
        Ordered::Ticket { txn, .. } => (txn, Ticket::Elsewhere),
        Ordered::Look { txn, look, .. } => (txn, Ticket::Look(look)),
    }
}
