//! Which offset is next.
use crate::{Event, SinkError};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The next offset of each topic. A topic that is not named is at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, u64>); // none of them is 0, so that equal is equal

impl Positions {
    /// All topics are at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next offset of a topic; 0 if it is not known.
    pub fn get(&self, topic: &str) -> u64 {
        self.0.get(topic).copied().unwrap_or(0)
    }

    /// Says which offset of a topic is next.
    pub fn set(&mut self, topic: &str, next: u64) {
        if next == 0 {
            self.0.remove(topic);
        } else if let Some(known) = self.0.get_mut(topic) {
            *known = next;
        } else {
            self.0.insert(topic.to_owned(), next);
        }
    }

    /// Goes on behind an event.
    ///
    /// # Errors
    /// [`SinkError::Order`] if it is not the next one of its topic. Nothing has changed then.
    pub fn advance(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let next = following(event.topic, self.get(event.topic), event.offset)?;
        self.set(event.topic, next);
        Ok(())
    }

    /// The topics that are beyond 0, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(topic, &next)| (topic.as_str(), next))
    }

    /// Whether all topics are at 0.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every topic is here at least as far as there.
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|(topic, next)| self.get(topic) >= next)
    }

    /// Takes over what the other one names.
    pub(crate) fn take(&mut self, moved: &mut Self) {
        self.0.append(&mut moved.0);
    }

    /// Whether `next` is what these positions and what `moved` names on top of them come to.
    pub(crate) fn verify(&self, moved: &Self, next: &Self) -> Result<(), SinkError> {
        for (topic, found) in next.iter().chain(moved.iter().map(|(topic, _)| (topic, next.get(topic)))) {
            let expected = moved.get(topic).max(self.get(topic));
            if found != expected {
                return Err(SinkError::Order { topic: topic.to_owned(), expected, found });
            }
        }
        Ok(())
    }

    pub(crate) fn as_map(&self) -> &BTreeMap<String, u64> {
        &self.0
    }
}

/// The offset after this one, if this one is the expected one.
pub(crate) fn following(topic: &str, expected: u64, found: u64) -> Result<u64, SinkError> {
    let next = if found == expected { found.checked_add(1) } else { None };
    next.ok_or_else(|| SinkError::Order { topic: topic.to_owned(), expected, found })
}

impl FromIterator<(String, u64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (String, u64)>>(positions: I) -> Self {
        Self(positions.into_iter().filter(|(_, next)| *next > 0).collect())
    }
}

/// Greater is what has more of some topics and less of none.
impl PartialOrd for Positions {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.covers(other), other.covers(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(list: &[(&str, u64)]) -> Positions {
        list.iter().map(|&(topic, next)| (topic.to_owned(), next)).collect()
    }

    #[test]
    fn zero_is_the_same_as_unknown() {
        let mut one = positions(&[("a", 0), ("b", 2)]);
        assert_eq!(one, positions(&[("b", 2)]));
        one.set("b", 0);
        assert!(one.is_empty() && one == Positions::new() && one.get("b") == 0);
    }

    #[test]
    fn they_are_compared_topic_by_topic() {
        let (one, two) = (positions(&[("a", 1)]), positions(&[("a", 1), ("b", 1)]));
        assert!(one < two && two.covers(&one) && !one.covers(&two) && one.covers(&one));
        assert_eq!(two.partial_cmp(&positions(&[("a", 2)])), None);
    }

    #[test]
    fn they_go_on_one_by_one() {
        let event = |offset| Event { topic: "a", offset, epoch: 1, ordinal: 0, now: 0, body: "1" };
        let mut one = positions(&[("a", 3)]);
        for wrong in [0, 2, 4, u64::MAX] {
            let refused = one.advance(&event(wrong));
            assert!(
                matches!(refused, Err(SinkError::Order { expected: 3, found, .. }) if found == wrong),
                "{refused:?}"
            );
        }
        one.advance(&event(3)).unwrap();
        assert_eq!(one.iter().collect::<Vec<_>>(), [("a", 4)]);
        one.set("a", u64::MAX);
        assert!(one.advance(&event(u64::MAX)).is_err());
    }

    #[test]
    fn a_commit_names_what_moved() {
        let (before, moved) = (positions(&[("a", 3), ("b", 1)]), positions(&[("b", 2)]));
        for right in [&[("b", 2)][..], &[("a", 3), ("b", 2)]] {
            before.verify(&moved, &positions(right)).unwrap();
        }
        for wrong in [&[][..], &[("b", 1)], &[("b", 3)], &[("a", 4), ("b", 2)], &[("b", 2), ("c", 1)]] {
            assert!(before.verify(&moved, &positions(wrong)).is_err(), "{wrong:?}");
        }
    }
}
