//! The entity that most programs call: one number, and a log that shows the order in which it was called.

use thalweg::prelude::*;

#[entity]
pub struct Cell {
    #[key]
    id: u64,
    value: i64,
    log: Vec<String>,
}

#[entity]
impl Cell {
    pub fn open(id: u64, value: i64) -> Self {
        Self { id, value, log: Vec::new() }
    }

    pub fn get(&self) -> i64 {
        self.value
    }

    /// Returns the old value.
    pub fn set(&mut self, value: i64) -> i64 {
        std::mem::replace(&mut self.value, value)
    }

    /// Returns the new value.
    pub fn add(&mut self, amount: i64) -> i64 {
        self.value += amount;
        self.value
    }

    pub fn positive(&self) -> bool {
        self.value > 0
    }

    /// A condition that leaves a trace of having been asked.
    pub fn asked(&mut self, answer: bool) -> bool {
        self.value += 1;
        answer
    }

    /// The value, unless it is negative.
    pub fn maybe(&self) -> Option<i64> {
        (self.value >= 0).then_some(self.value)
    }

    pub fn take(&mut self, amount: i64) -> Result<i64, String> {
        if amount > self.value {
            return Err(format!("cell {} has {}, not {amount}", self.id, self.value));
        }
        self.value -= amount;
        Ok(self.value)
    }

    pub fn note(&mut self, text: String) -> usize {
        self.log.push(text);
        self.log.len()
    }

    pub fn log(&self) -> Vec<String> {
        self.log.clone()
    }

    /// Writes, then panics if told to.
    pub fn burn(&mut self, now: bool) -> i64 {
        self.value += 1_000;
        assert!(!now, "cell {} burned", self.id);
        self.value
    }
}

/// Shorter to read in a script.
pub fn cell(id: u64) -> Ref<Cell> {
    Cell::at(id)
}
