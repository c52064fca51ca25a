//! The workloads at the sizes at which they are counted, with keys enough for the most workers.

use crate::tpcc::scale::Scale;
use crate::workload::Workload;
use crate::{hotel, movie, smallbank, tpcc, ycsb};
use thalweg::Result;

const SEED: u64 = 1;
const KEYS: u64 = 2_000;
/// One for each of the most workers; everything else of a company is as small as it can be.
const COMPANY: Scale = Scale { warehouses: 64, districts: 4, customers: 9, items: 30 };

/// A workload under the name that tells its settings.
pub struct Case {
    pub name: &'static str,
    pub guesses: Guesses,
    pub make: fn() -> Result<Box<dyn Workload>>,
}

/// What scouts find of the dynamic transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Guesses {
    Right,
    /// Some touch what another one of their epoch has made: the epoch is undone and run again.
    SomeWrong,
}

pub const CASES: &[Case] = &[
    right("ycsb", || Ok(Box::new(ycsb::Ycsb::new(KEYS, ycsb::OPENING, 0.0, SEED)?))),
    right("ycsb, Zipf 0.99", || Ok(Box::new(ycsb::Ycsb::new(KEYS, ycsb::OPENING, 0.99, SEED)?))),
    right("smallbank", || Ok(Box::new(smallbank::Smallbank::new(KEYS, 0, None, SEED)?))),
    right("smallbank, to 16", || Ok(Box::new(smallbank::Smallbank::new(KEYS, 0, Some(16), SEED)?))),
    right("hotel", || Ok(Box::new(hotel::Travel::new(hotel::HOTELS, None, false, SEED)))),
    right("movie", || Ok(Box::new(movie::Reviews::new(movie::TITLES, SEED)))),
    right("tpcc", || Ok(Box::new(tpcc::Tpcc::new(COMPANY, SEED)))),
    right("tpcc-51-49", || Ok(Box::new(tpcc::Tpcc::two_kinds(COMPANY, SEED)))),
    // The key of a reservation is how many its user has had.
    Case {
        name: "hotel, reserve",
        guesses: Guesses::SomeWrong,
        make: || Ok(Box::new(hotel::Travel::new(hotel::HOTELS, None, true, SEED))),
    },
];

const fn right(name: &'static str, make: fn() -> Result<Box<dyn Workload>>) -> Case {
    Case { name, guesses: Guesses::Right, make }
}
