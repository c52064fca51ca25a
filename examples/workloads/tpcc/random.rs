//! Chance: the specification's distributions over a stream of numbers that is the same on every machine.

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SYLLABLES: [&str; 10] =
    ["BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING"];

/// A splitmix64 stream.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Uniform in `low..=high`; `low` if there is nothing between.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        let width = u64::from(high.saturating_sub(low)) + 1;
        low + ((u128::from(self.word()) * u128::from(width)) >> 64) as u32
    }

    /// Uniform in `low..=high`, for numbers of districts and carriers.
    pub fn small(&mut self, low: u8, high: u8) -> u8 {
        self.between(low.into(), high.into()) as u8
    }

    /// Money or a rate, uniform in `low..=high`.
    pub fn amount(&mut self, low: u32, high: u32) -> i64 {
        self.between(low, high).into()
    }

    pub fn percent(&mut self, chance: u32) -> bool {
        self.between(1, 100) <= chance
    }

    /// An a-string (clause 4.3.2.2).
    pub fn letters(&mut self, low: u32, high: u32) -> String {
        let length = self.between(low, high);
        (0..length).map(|_| char::from(LETTERS[self.between(0, LETTERS.len() as u32 - 1) as usize])).collect()
    }

    /// An n-string (clause 4.3.2.2).
    pub fn digits(&mut self, length: u32) -> String {
        (0..length).map(|_| char::from(b'0' + self.small(0, 9))).collect()
    }

    /// The data of an item or a stock: a tenth of them holds `ORIGINAL` somewhere (clause 4.3.3.1).
    pub fn data(&mut self) -> String {
        let mut data = self.letters(26, 50);
        if self.percent(10) {
            let at = self.between(0, data.len() as u32 - 8) as usize;
            data.replace_range(at..at + 8, "ORIGINAL");
        }
        data
    }

    /// The numbers `1..=n` in a random order (clause 4.3.3.1).
    pub fn permutation(&mut self, n: u32) -> Vec<u32> {
        let mut numbers: Vec<u32> = (1..=n).collect();
        for at in (1..numbers.len()).rev() {
            numbers.swap(at, self.between(0, at as u32) as usize);
        }
        numbers
    }

    /// The non-uniform distribution over `low..=high` (clause 2.1.6).
    pub fn nurand(&mut self, a: u32, c: u32, low: u32, high: u32) -> u32 {
        ((self.between(0, a) | self.between(low, high)) + c) % (high - low + 1) + low
    }
}

/// The last name of a number below 1,000 (clause 4.3.2.3).
pub fn last_name(number: u32) -> String {
    [100, 10, 1].map(|place| SYLLABLES[(number / place % 10) as usize]).concat()
}

/// The constants of the non-uniform distributions, drawn once per run (clause 2.1.6.1).
pub struct Constants {
    pub name_at_load: u32,
    pub name: u32,
    pub customer: u32,
    pub item: u32,
}

impl Constants {
    pub fn draw(random: &mut Random) -> Self {
        // The two constants of names must differ by 65 to 119, but not by 96 or 112.
        let apart = loop {
            let apart = random.between(65, 119);
            if apart != 96 && apart != 112 {
                break apart;
            }
        };
        let lower = random.between(0, 255 - apart);
        let (name_at_load, name) =
            if random.percent(50) { (lower, lower + apart) } else { (lower + apart, lower) };
        Self { name_at_load, name, customer: random.between(0, 1_023), item: random.between(0, 8_191) }
    }
}
