use thalweg::prelude::*;

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Bits(i64);

impl Bits {
    fn contains(self, bit: i64) -> bool {
        self.0 & bit != 0
    }
}

#[entity]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
    bits: Box<Bits>,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, balance: 0, bits: Box::new(Bits(1)) }
    }
    pub fn balance(&self) -> i64 {
        self.balance
    }
    pub fn add(&mut self, amount: i64) -> i64 {
        self.balance += amount;
        self.balance
    }
    pub async fn ask(&mut self, other: Ref<Account>) -> bool {
        self.bits.contains(other.balance().await)
    }
}

fn main() {}
