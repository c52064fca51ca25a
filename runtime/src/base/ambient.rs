//! The only door to time and randomness inside an entity: both belong to the transaction, not to the machine.
use crate::base::ids::MethodId;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

/// The identity of a transaction: the run of its app, the handle it was submitted by, and its number there.
///
/// It does not depend on timing or on the number of workers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct TransactionId {
    /// The run of the app: 0 for the first, and one more after each restart from a data directory.
    #[serde(default)]
    pub run: u64,
    /// The number of the handle: 0 for the one `start` gave, then in the order of cloning. No number comes twice in a run.
    pub handle: u64,
    /// The number of the request at its handle, from 0.
    pub number: u64,
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.run, self.handle, self.number)
    }
}

/// What a transaction knows of the world; travels with its calls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ambient {
    pub(crate) id: TransactionId,
    pub(crate) now: u64,
    pub(crate) seed: u64,
    /// The method that it began with.
    pub(crate) method: MethodId,
}

/// A running method among those of its transaction: the way of calls that led to it, and how many random numbers it
/// has drawn. So what it draws depends on no other method, and calls may run side by side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Activation {
    pub(crate) path: u64,
    pub(crate) draws: u64,
}

impl Activation {
    pub(crate) fn new(path: u64) -> Self {
        Self { path, draws: 0 }
    }
}

/// The method that runs on this thread.
pub(crate) fn activation() -> Activation {
    ACTIVATION.get()
}

/// The way to the call number `n` of the method that `path` leads to.
#[inline]
pub(crate) fn call_path(path: u64, n: u64) -> u64 {
    let product = u128::from(path ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * 0xd6e8_feb8_6659_fd93_u128;
    (product as u64) ^ ((product >> 64) as u64) ^ path.rotate_left(23)
}

thread_local! {
    static CURRENT: Cell<Option<Ambient>> = const { Cell::new(None) };
    static ACTIVATION: Cell<Activation> = const { Cell::new(Activation { path: 0, draws: 0 }) };
}

/// From here on, this thread runs for this transaction.
#[inline]
pub(crate) fn set(ambient: Option<Ambient>) {
    CURRENT.set(ambient);
}

/// From here on, this thread runs this method; gives the one it ran.
#[inline]
pub(crate) fn enter(activation: Activation) -> Activation {
    ACTIVATION.replace(activation)
}

/// Runs something as an activation of its own.
pub(crate) fn within<T>(activation: Activation, run: impl FnOnce() -> T) -> T {
    let outer = enter(activation);
    let value = run();
    enter(outer);
    value
}

/// Runs something that must not change what the running method draws: how often a state is copied is not the program's.
pub(crate) fn aside<T>(run: impl FnOnce() -> T) -> T {
    within(ACTIVATION.get(), run)
}

/// The activation in which the call that `path` leads to makes an entity on first use.
pub(crate) fn first_use(path: u64) -> Activation {
    Activation::new(call_path(path, u64::MAX))
}

/// The transaction that runs on this thread.
///
/// # Panics
/// If there is none.
pub(crate) fn current(what: &str) -> Ambient {
    CURRENT.get().unwrap_or_else(|| panic!("thalweg::{what}() was called outside a transaction"))
}

/// The time of the transaction in microseconds since the Unix epoch: one value for the whole transaction.
///
/// It is never smaller than that of a transaction before it in the order, at any number of workers, and whatever the
/// machine's clock does, also across restarts. Transactions that are ordered together, in one epoch, have the same; with the
/// machine's clock those of the next epoch have a larger one.
///
/// # Panics
/// Outside a method of an entity.
pub fn now() -> u64 {
    current("now").now
}

/// The next random number of the running method.
///
/// What is drawn depends on the seed of the app, the transaction, the way of calls to the method and how many numbers the
/// method has drawn, and on nothing else: it is the same at any number of workers, and when the transaction runs again.
/// Each start has a fresh seed unless [`crate::App::seed`] sets one, and an app that keeps its state in a directory keeps its
/// seed there; [`crate::Handle::seed`] tells it, so that a failing test can be run again.
///
/// It is not for secrets. The seed has 64 bits, and whoever learns it knows every number: make passwords, keys and
/// tokens outside, with a generator that is made for them, and pass them as arguments.
///
/// # Panics
/// Outside a method of an entity.
pub fn random() -> u64 {
    let ambient = current("random");
    let Activation { path, draws } = ACTIVATION.get();
    ACTIVATION.set(Activation { path, draws: draws + 1 });
    let mut seed = [0; 32];
    let words = [ambient.seed, ambient.id.handle, path, ambient.id.run];
    seed.chunks_exact_mut(8).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
    let mut stream = ChaCha8Rng::from_seed(seed);
    stream.set_stream(ambient.id.number);
    stream.set_word_pos(u128::from(draws) * 2);
    stream.next_u64()
}

/// The identity of the transaction.
///
/// # Panics
/// Outside a method of an entity.
pub fn transaction() -> TransactionId {
    current("transaction").id
}

/// A seed that no other start has, as far as chance can promise it.
pub(crate) fn fresh_seed() -> u64 {
    // The keys of std's hashers come from the system; the standard library has no other way to ask it.
    RandomState::new().build_hasher().finish()
}

/// Microseconds since the Unix epoch, by the machine's clock.
#[allow(clippy::disallowed_methods)]
pub(crate) fn machine_clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_bit_of_an_identity_counts() {
        let id = |handle, number| TransactionId { run: 0, handle, number };
        let runs = (0..64).map(|bit| TransactionId { run: 1 << bit, ..id(0, 0) });
        let ids = (0..64).flat_map(|bit| [id(1 << bit, 0), id(0, 1 << bit)]).chain(runs).chain([id(0, 0)]);
        let seeds = (0..64).map(|bit| (1 << bit, id(0, 0), 0));
        let paths = (0..64).map(|bit| (0, id(0, 0), 1 << bit));
        let all = ids.map(|id| (0, id, 0)).chain(seeds).chain(paths);
        let mut drawn = BTreeSet::new();
        for (seed, id, path) in all {
            set(Some(Ambient { id, seed, ..Ambient::default() }));
            within(Activation::new(path), || drawn.extend([random(), random()]));
        }
        set(None);
        assert_eq!(drawn.len(), 2 * (193 + 64 + 64));
    }
}
