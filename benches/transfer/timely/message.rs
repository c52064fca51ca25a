//! What travels between the workers: 24 bytes each.
use serde::{Deserialize, Serialize};

/// A request on its way to the owner of the source.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Debit {
    /// Its place in the whole input.
    pub number: u32,
    /// The worker where it entered, and where its answer goes.
    pub entry: u32,
    pub from: u32,
    pub to: u32,
    pub amount: i64,
}

/// The second leg, on its way to the owner of the target.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Credit {
    pub number: u32,
    pub entry: u32,
    /// The worker of the first leg.
    pub payer: u32,
    pub to: u32,
    pub amount: i64,
}

/// The answer to a request.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Ack {
    pub number: u32,
    pub entry: u32,
    /// The balance that was too little.
    pub result: Result<(), i64>,
}
