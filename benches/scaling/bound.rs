//! What the protocol allows workers to send. Every bound is one of what a transaction touches away from its home, and so
//! has nothing to do with how many workers there are; but for wrong guesses.

use crate::cases::Guesses;
use crate::count::Counted;

/// Messages for what a scout demands: the demand, what comes of it, and the tickets in the end.
const PER_DEMAND: u64 = 3;
/// For each other worker, when a transaction is undone: that one was wrong, a share of that worker, and an end.
const WHEN_UNDONE: u64 = 3;

/// The first bound that is broken, if there is one.
pub fn broken(counted: &Counted, guesses: Guesses) -> Option<String> {
    let Counted { transactions, traffic, dynamic, wrong, undone, .. } = *counted;
    let others = counted.workers as u64 - 1;
    let allowed =
        PER_DEMAND * (traffic.demands / 2) + traffic.grants + traffic.returns + WHEN_UNDONE * undone * others;
    // A worker's part of an epoch goes only where something is to be known of one of its transactions.
    let told = transactions + traffic.grants;
    let bounds = [
        ("wrong guesses are not expected here", guesses == Guesses::SomeWrong || wrong + undone == 0),
        ("nothing is shipped inside a group", traffic.calls + traffic.answers + traffic.ends == 0),
        ("a demand has one answer", traffic.demands.is_multiple_of(2)),
        (
            "what is lent comes back",
            traffic.grants == traffic.returns || (undone > 0 && traffic.grants < traffic.returns),
        ),
        ("an owner lends once to a transaction", undone > 0 || traffic.grants <= traffic.lent),
        ("a static plan demands nothing", dynamic > 0 || traffic.demands == 0),
        ("messages are bounded by what is lent and scouted", counted.messages() <= allowed),
        (
            "a part of an epoch makes one parcel for each other worker at most",
            traffic.parcels <= traffic.parts * others,
        ),
        ("a parcel tells somebody something", traffic.parcels <= told),
    ];
    bounds.into_iter().find(|(_, holds)| !holds).map(|(bound, _)| bound.to_owned())
}
