//! What the protocol allows workers to send. Every bound is one of the workload's own calls to other workers, and so has
//! nothing to do with how many workers there are; but for wrong guesses.

use crate::cases::Guesses;
use crate::count::Counted;

/// Messages for a call to another worker: itself, its answer, and at the end a word to the worker it went to. With a
/// dynamic plan a scout makes the call once more, and then the worker gets its tickets: three for each of the two calls.
const PER_CALL: f64 = 3.0;
/// Workers that a plan names and the transaction does not call get an end all the same: some of smallbank's.
const NOT_CALLED: f64 = 0.25;
/// For each other worker, when a transaction is undone: that one was wrong, a share of that worker, and an end.
const WHEN_UNDONE: u64 = 3;

/// The first bound that is broken, if there is one.
pub fn broken(counted: &Counted, guesses: Guesses) -> Option<String> {
    let Counted { transactions, traffic, dynamic, wrong, undone, .. } = *counted;
    let others = counted.workers as u64 - 1;
    let by_calls = (PER_CALL + NOT_CALLED) * traffic.calls as f64;
    let by_wrong = (WHEN_UNDONE * undone * others) as f64;
    // A worker's part of an epoch goes only where something is to be known of it, if nothing in it is dynamic.
    let told = transactions + traffic.ends + traffic.answers;
    let bounds = [
        ("wrong guesses are not expected here", guesses == Guesses::SomeWrong || wrong + undone == 0),
        ("a call has one answer at most", traffic.answers <= traffic.calls),
        ("messages are bounded by calls to other workers", counted.messages() as f64 <= by_calls + by_wrong),
        (
            "a part of an epoch makes one parcel for each other worker at most",
            traffic.parcels <= traffic.parts * others,
        ),
        ("a parcel of a static plan tells somebody something", dynamic > 0 || traffic.parcels <= told),
    ];
    bounds.into_iter().find(|(_, holds)| !holds).map(|(bound, _)| bound.to_owned())
}
