//! The entities that are measured.

use crate::heap::Heap;
use std::sync::Mutex;
use thalweg::prelude::*;

/// Two numbers, and nothing on the heap.
#[entity]
pub struct Account {
    #[key]
    pub id: u64,
    pub balance: u64,
}

#[entity]
impl Account {
    pub fn open(id: u64, balance: u64) -> Self {
        Self { id, balance }
    }

    /// Waits for its answer at the hub.
    pub async fn pay(&mut self, hub: Ref<Hub>, amount: u64) -> u64 {
        self.balance -= amount;
        hub.take(amount).await
    }
}

/// A number and a text.
#[entity]
pub struct Person {
    #[key]
    pub id: u64,
    pub name: String,
}

#[entity]
impl Person {
    pub fn join(id: u64, name: String) -> Self {
        Self { id, name }
    }
}

/// Where everybody pays.
#[entity(auto)]
pub struct Hub {
    #[key]
    pub id: u64,
    pub money: u64,
}

#[entity]
impl Hub {
    pub fn new(id: u64) -> Self {
        Self { id, money: 0 }
    }

    pub fn take(&mut self, amount: u64) -> u64 {
        self.money += amount;
        self.money
    }

    /// Keeps everybody else waiting while it asks somebody so many times, and then measures the heap.
    pub async fn hold(&mut self, far: Ref<Far>, times: u64) {
        for _ in 0..times {
            far.echo().await;
        }
        far.measure().await;
        self.money += 1;
    }
}

/// The heap, when everybody waited for [`Hub::hold`].
pub static HELD: Mutex<Option<Heap>> = Mutex::new(None);

/// An entity of another worker.
#[entity(auto)]
pub struct Far {
    #[key]
    pub id: u64,
}

#[entity]
impl Far {
    pub fn new(id: u64) -> Self {
        Self { id }
    }

    pub fn echo(&self) -> u64 {
        self.id
    }

    pub fn measure(&self) -> u64 {
        *HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Heap::now());
        self.id
    }
}
