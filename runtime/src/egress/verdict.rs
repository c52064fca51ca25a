//! What becomes of transactions, and of an epoch as the log has it.
use crate::base::digest::Digest;
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::base::varint;

/// What became of a transaction. Its number is part of the format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict(pub(super) u8);

impl Verdict {
    pub(crate) const COMMITTED: Self = Self(0);
    pub(super) const OWN_ERR: Self = Self(1);

    /// What an outcome says; `Ok` of whether it is the method's own `Err`.
    pub(crate) fn of(outcome: Option<Result<bool, &Error>>) -> Self {
        Self(match outcome {
            Some(Ok(false)) => return Self::COMMITTED,
            Some(Ok(true)) => return Self::OWN_ERR,
            Some(Err(Error::Missing { .. })) => 2,
            Some(Err(Error::AlreadyExists { .. })) => 3,
            Some(Err(Error::WrongKey { .. })) => 4,
            Some(Err(Error::Panicked { .. })) => 5,
            Some(Err(Error::TooDeep { .. })) => 6,
            Some(Err(Error::NotPortable { .. })) => 7,
            Some(Err(Error::NotInApp { .. })) => 8,
            Some(Err(Error::Nondeterministic { .. })) => 9,
            Some(Err(Error::NoSink { .. })) => 10,
            Some(Err(Error::BadEvent { .. })) => 11,
            Some(Err(Error::Skipped)) => 12,
            Some(Err(_)) | None => 255,
        })
    }

    /// For people.
    pub(crate) fn text(self) -> &'static str {
        match self.0 {
            0 => "committed",
            1 => "was aborted by the method's own `Err`",
            2 => "met an entity that does not exist",
            3 => "met an entity that exists already",
            4 => "gave an entity another key",
            5 => "panicked",
            6 => "nested calls too deep",
            7 => "met something that has no bytes",
            8 => "met a class that is not part of the app",
            9 => "differed from run to run",
            10 => "emitted to a topic that no sink takes",
            11 => "emitted an event that has no JSON",
            12 => "was skipped",
            _ => "failed",
        }
    }
}

/// What became of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Of each transaction, by their places in the epoch.
    pub(crate) digests: Vec<Digest>,
    /// Those that did not commit.
    pub(crate) failures: Vec<(u64, Verdict)>,
}

/// A transaction that came out in another way than it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) epoch: u64,
    pub(crate) transaction: u64,
    /// What became of it, for people.
    pub(crate) recorded: &'static str,
    pub(crate) replayed: &'static str,
}

/// What the log says of an epoch, for people: its transactions that did not commit, by their places.
///
/// # Errors
/// When the bytes say nothing.
pub(crate) fn failures(epoch: u64, bytes: &[u8]) -> Result<Vec<(u64, &'static str)>> {
    let outcome = Outcome::read(epoch, bytes)?;
    Ok(outcome.failures.into_iter().map(|(place, verdict)| (place, verdict.text())).collect())
}

/// The first transaction of an epoch that came out in another way than it was recorded.
pub(super) fn difference(epoch: u64, recorded: &Outcome, found: &Outcome) -> Option<Difference> {
    let places = recorded.failures.iter().chain(&found.failures).map(|(place, _)| *place);
    let failed = places.filter(|place| recorded.verdict(*place) != found.verdict(*place)).min();
    let answers = recorded.digests.iter().zip(&found.digests).position(|(one, other)| one != other);
    match (failed, answers.map(|place| place as u64)) {
        (Some(transaction), answers) if answers.is_none_or(|answers| transaction <= answers) => {
            let [recorded, replayed] = [recorded, found].map(|of| of.verdict(transaction).text());
            Some(Difference { epoch, transaction, recorded, replayed })
        }
        (_, Some(transaction)) => {
            let (recorded, replayed) = ("gave or emitted one thing", "gives or emits another");
            Some(Difference { epoch, transaction, recorded, replayed })
        }
        _ => None,
    }
}

impl Outcome {
    fn verdict(&self, place: u64) -> Verdict {
        let known = self.failures.binary_search_by_key(&place, |(known, _)| *known);
        known.map_or(Verdict::COMMITTED, |at| self.failures[at].1)
    }

    /// How many transactions there are, the digest of each, and those that failed.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        varint::write(self.digests.len() as u64, bytes);
        self.digests.iter().for_each(|Digest(digest)| bytes.extend(digest.to_le_bytes()));
        let mut next = 0;
        for (place, Verdict(verdict)) in &self.failures {
            varint::write(place - next, bytes);
            bytes.push(*verdict);
            next = place + 1;
        }
    }

    /// What the log says of an epoch.
    ///
    /// # Errors
    /// When the bytes say nothing.
    pub(super) fn read(epoch: u64, bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes).ok_or_else(|| {
            let what = format!("the log's outcome of epoch {epoch} cannot be read; another release wrote it");
            Error::storage(StorageFault::Release, what)
        })
    }

    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let count = usize::try_from(varint::read(&mut bytes)?).ok()?;
        let (digests, mut bytes) = bytes.split_at_checked(count.checked_mul(2)?)?;
        let digests =
            digests.chunks_exact(2).map(|two| Digest(u16::from_le_bytes([two[0], two[1]]))).collect();
        let (mut failures, mut next) = (Vec::new(), 0_u64);
        while !bytes.is_empty() {
            let place = next.checked_add(varint::read(&mut bytes)?)?;
            let (verdict, rest) = bytes.split_first()?;
            failures.push((place, Verdict(*verdict)));
            (bytes, next) = (rest, place.checked_add(1)?);
        }
        Some(Self { digests, failures })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::egress) fn bytes(digests: &[u16], failures: &[(u64, Verdict)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let digests = digests.iter().copied().map(Digest).collect();
        Outcome { digests, failures: failures.to_vec() }.write(&mut bytes);
        bytes
    }

    #[test]
    fn an_answer_that_differs_is_found_where_it_comes_first() {
        let outcome = |bytes: &[u8]| Outcome::read(1, bytes).expect("it was written");
        let recorded = outcome(&bytes(&[1, 2, 3], &[(2, Verdict(5))]));
        let found = |digests: &[u16], failures: &[(u64, Verdict)]| {
            difference(1, &recorded, &outcome(&bytes(digests, failures))).map(|found| found.transaction)
        };
        assert_eq!(found(&[1, 2, 3], &[(2, Verdict(5))]), None);
        assert_eq!(found(&[1, 9, 3], &[(2, Verdict(5))]), Some(1));
        assert_eq!(found(&[1, 9, 3], &[(0, Verdict(5))]), Some(0));
        assert_eq!(found(&[1, 9, 3], &[]), Some(1));
        assert_eq!(found(&[1, 2, 9], &[]), Some(2));
        assert!(Outcome::read(1, &[2, 0, 0, 0]).is_err(), "cut");
    }
}
