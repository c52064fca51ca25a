//! The transfers every subject is given: made before the clock starts, and the same in every run.
use std::sync::Arc;

/// Which worker holds a key. A subject with a placement of its own gets an input made with that.
pub type Owner = fn(key: u64, workers: usize) -> usize;

/// How the targets are drawn; the sources are always uniform.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Uniform,
    /// Zipf with θ = 0.99; account 0 is the hottest and 1 the next, which is the hardest case for a placement by range.
    Zipf,
    /// So many percent of the transfers go to an account of another worker.
    Crossing(u32),
}

impl Kind {
    pub fn name(self) -> String {
        match self {
            Self::Uniform => "uniform".to_owned(),
            Self::Zipf => "zipf 0.99".to_owned(),
            Self::Crossing(percent) => format!("{percent} % crossing"),
        }
    }
}

/// Transfers of one between `accounts` accounts that all begin with `opening`.
#[derive(Clone)]
pub struct Input {
    pub accounts: u64,
    pub opening: i64,
    pub owner: Owner,
    /// Source and target; they differ.
    pub transfers: Arc<[(u64, u64)]>,
}

impl Input {
    /// Draws `transfers` transfers; only [`Kind::Crossing`] looks at `workers` and `owner`.
    pub fn new(kind: Kind, transfers: usize, accounts: u64, workers: usize, owner: Owner) -> Self {
        let mut random = Random(0x7468_616c_7765_6721);
        let zipf = matches!(kind, Kind::Zipf).then(|| Zipf::new(accounts, 0.99));
        let mut target = |from: u64| match kind {
            Kind::Uniform => random.below(accounts),
            Kind::Zipf => zipf.as_ref().map_or(0, |zipf| zipf.draw(&mut random)),
            Kind::Crossing(percent) => {
                let cross = random.below(100) < u64::from(percent);
                let mut to = random.below(accounts);
                while (owner(to, workers) != owner(from, workers)) != cross || to == from {
                    to = random.below(accounts);
                }
                to
            }
        };
        let mut sources = Random(0x736f_7572_6365_7321);
        let mut pair = || loop {
            let from = sources.below(accounts);
            let to = target(from);
            if from != to {
                return (from, to);
            }
        };
        Self { accounts, opening: 1_000_000, owner, transfers: (0..transfers).map(|_| pair()).collect() }
    }

    /// The same input, cut off after so many transfers.
    pub fn first(&self, transfers: usize) -> Self {
        let most = transfers.min(self.transfers.len());
        Self { transfers: self.transfers[..most].into(), ..self.clone() }
    }

    /// What all accounts hold together, before and after.
    pub fn sum(&self) -> i64 {
        self.accounts as i64 * self.opening
    }
}

/// A placement by hash: the upper half of a multiplied key, scaled to the workers without a division.
///
/// It stands for any placement that spreads dense keys evenly. Hash maps use the lower bits of a product, so the keys
/// of one worker do not crowd into a part of its map.
pub fn owner(key: u64, workers: usize) -> usize {
    let hash = key.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    ((hash * workers as u64) >> 32) as usize
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}

/// The exact distribution as a table of cumulated weights.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(items: u64, theta: f64) -> Self {
        let weights = (1..=items).map(|rank| (rank as f64).powf(-theta));
        let cumulated = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self(cumulated.collect())
    }
    fn draw(&self, random: &mut Random) -> u64 {
        let all = self.0.last().copied().unwrap_or_default();
        let point = (random.next() >> 11) as f64 / (1u64 << 53) as f64 * all;
        self.0.partition_point(|cumulated| *cumulated <= point).min(self.0.len() - 1) as u64
    }
}
