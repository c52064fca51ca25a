//! Who asks: the requests that enter at one worker, and a book of those without an answer.
use super::message::{Ack, Debit};
use crate::input::Input;
use std::ops::Range;

/// The requests of one epoch, of all workers together. An epoch is cut from the input without regard to the number of
/// workers, which makes the result independent of it.
pub const EPOCH: usize = 8192;

/// The requests of a worker in an epoch: a piece of the input without gaps.
pub fn requests(epoch: usize, worker: usize, workers: usize, all: usize) -> Range<usize> {
    let bound = |worker: usize| (epoch * EPOCH + EPOCH * worker / workers).min(all);
    bound(worker)..bound(worker + 1)
}

/// The book of one worker.
pub struct Client {
    entry: u32,
    open: Vec<bool>,
    pub unanswered: usize,
    pub done: u64,
    pub refused: u64,
}

impl Client {
    pub fn new(entry: usize, requests: usize) -> Self {
        Self { entry: entry as u32, open: vec![false; requests], unanswered: 0, done: 0, refused: 0 }
    }

    /// Puts requests down as open.
    pub fn ask<'a>(
        &mut self,
        input: &'a Input,
        numbers: Range<usize>,
    ) -> impl Iterator<Item = Debit> + use<'a> {
        self.unanswered += numbers.len();
        self.open[numbers.clone()].fill(true);
        let entry = self.entry;
        let first = numbers.start as u32;
        (first..).zip(&input.transfers[numbers]).map(move |(number, (from, to))| Debit {
            number,
            entry,
            from: *from as u32,
            to: *to as u32,
            amount: 1,
        })
    }

    /// Closes the request of an answer.
    ///
    /// # Panics
    /// When it is not open here.
    pub fn answer(&mut self, ack: &Ack) {
        let open = std::mem::replace(&mut self.open[ack.number as usize], false);
        assert!(open && ack.entry == self.entry, "an answer nobody waits for: request {}", ack.number);
        self.unanswered -= 1;
        match ack.result {
            Ok(()) => self.done += 1,
            Err(held) => {
                assert!(held < 1, "refused with {held} in the account");
                self.refused += 1;
            }
        }
    }
}
