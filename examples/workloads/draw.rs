//! Chance for the workloads: the same on every platform and in every run with the same seed.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Zipf};

pub struct Draw(ChaCha8Rng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The stream of request `number`, for a book that draws a request once more instead of keeping it.
    pub fn of_request(seed: u64, number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        Self(random)
    }

    /// A whole number from 0 to `n` - 1; 0 if there is none.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0.random_range(0..n.max(1))
    }

    /// True `n` times in a thousand.
    pub fn permille(&mut self, n: u64) -> bool {
        self.below(1_000) < n
    }

    /// Lower-case letters.
    pub fn letters(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(self.0.random_range(b'a'..=b'z'))).collect()
    }
}

/// Items of which some are asked for more often: item 0 most, the others after it in their order.
pub struct Popularity {
    items: u64,
    law: Zipf<f64>,
}

impl Popularity {
    /// With `theta` 0 all items are equally popular.
    pub fn new(items: u64, theta: f64) -> thalweg::Result<Self> {
        let law = Zipf::new(items as f64, theta).map_err(|error| error.to_string())?;
        Ok(Self { items, law })
    }

    pub fn item(&self, draw: &mut Draw) -> u64 {
        (self.law.sample(&mut draw.0) as u64).clamp(1, self.items) - 1
    }
}
