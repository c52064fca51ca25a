//! The numbers of classes.

/// The number of a class: a hash of where its struct stands, and so the same in every process of one build.
///
/// An app whose classes have not all numbers of their own does not start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(u32);

impl ClassId {
    /// The number of the struct with this path at this line and column of a file.
    pub const fn new(path: &str, file: &str, place: [u32; 2]) -> Self {
        // FNV-1a, and the last step of SplitMix64, so that the upper bits are as good as the lower ones.
        let mut hash = 0xcbf2_9ce4_8422_2325;
        hash = fnv(fnv(hash, path.as_bytes()), file.as_bytes());
        hash = fnv(fnv(hash, &place[0].to_le_bytes()), &place[1].to_le_bytes());
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((hash >> 32) as u32)
    }

    /// What makes the locks of classes differ.
    pub(crate) fn salt(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

const fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// Something for each class of an app, quick to find: at most every fourth place is taken.
#[derive(Clone, Debug)]
pub(crate) struct ByClass<T> {
    places: Box<[Option<(ClassId, T)>]>,
    /// Leaves the upper bits of a number, as many as tell the places apart.
    shift: u32,
}

impl<T> ByClass<T> {
    /// Of these, whose numbers differ.
    pub(crate) fn new(all: Vec<(ClassId, T)>) -> Self {
        let bits = (4 * all.len().max(1)).next_power_of_two().trailing_zeros();
        let places = std::iter::repeat_with(|| None).take(1 << bits).collect();
        let mut by_class = Self { places, shift: u32::BITS - bits };
        for (class, it) in all {
            let place = by_class.places(class).find(|place| by_class.places[*place].is_none());
            let place = place.unwrap_or_else(|| unreachable!("most places are free"));
            by_class.places[place] = Some((class, it));
        }
        by_class
    }

    /// The places where a class may be, one after the other.
    fn places(&self, class: ClassId) -> impl Iterator<Item = usize> + use<T> {
        let (first, all) = ((class.0 >> self.shift) as usize, self.places.len());
        (first..all).chain(0..first)
    }

    #[inline]
    pub(crate) fn get(&self, class: ClassId) -> Option<&T> {
        for place in self.places(class) {
            match &self.places[place] {
                Some((known, it)) if *known == class => return Some(it),
                Some(_) => {}
                None => return None,
            }
        }
        None
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ClassId, &T)> {
        self.places.iter().flatten().map(|(class, it)| (*class, it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_same_in_every_build() {
        assert_eq!(ClassId::new("shop::User", "src/main.rs", [3, 1]), ClassId(1_233_177_549));
        assert_ne!(ClassId::new("a", "", [1, 2]), ClassId::new("a", "", [2, 1]));
    }

    #[test]
    fn every_class_is_found() {
        // All of them want the last place.
        let ids: Vec<_> = (0..100).map(|number| ClassId(u32::MAX - number)).collect();
        let by_class = ByClass::new(ids.iter().map(|id| (*id, *id)).collect());
        assert!(ids.iter().all(|id| by_class.get(*id) == Some(id)));
        assert_eq!(by_class.get(ClassId(0)), None);
        assert_eq!(by_class.iter().count(), 100);
        assert_eq!(ByClass::<()>::new(Vec::new()).get(ids[0]), None);
    }
}
