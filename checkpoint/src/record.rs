//! Records: what has happened to a key.

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    Put(&'a [u8], &'a [u8]),
    Delete(&'a [u8]),
    DeletePrefix(&'a [u8]),
}

const PUT: u8 = 1;
const DELETE: u8 = 2;
const DELETE_PREFIX: u8 = 3;

/// The fewest bytes of a record.
pub(crate) const LEAST: usize = 2;

impl<'a> Record<'a> {
    fn pieces(&self) -> (u8, &'a [u8], Option<&'a [u8]>) {
        match *self {
            Self::Put(key, value) => (PUT, key, Some(value)),
            Self::Delete(key) => (DELETE, key, None),
            Self::DeletePrefix(prefix) => (DELETE_PREFIX, prefix, None),
        }
    }

    /// How many bytes the caller gave.
    pub(crate) fn given(&self) -> usize {
        let (_, key, value) = self.pieces();
        key.len().saturating_add(value.map_or(0, <[u8]>::len))
    }

    /// How many bytes are written.
    pub(crate) fn size(&self) -> usize {
        let (_, key, value) = self.pieces();
        1 + varint_size(key.len())
            + key.len()
            + value.map_or(0, |value| varint_size(value.len()) + value.len())
    }

    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        let (kind, key, value) = self.pieces();
        bytes.push(kind);
        put_varint(bytes, key.len());
        if let Some(value) = value {
            put_varint(bytes, value.len());
        }
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value.unwrap_or_default());
    }

    /// The record that these bytes begin with; they are moved behind it. None if they do not begin with one.
    pub(crate) fn decode(bytes: &mut &'a [u8]) -> Option<Self> {
        let mut rest = *bytes;
        let (&kind, after) = rest.split_first()?;
        rest = after;
        let key = varint(&mut rest)?;
        let value = if kind == PUT { varint(&mut rest)? } else { 0 };
        let (key, after) = rest.split_at_checked(key)?;
        let (value, after) = after.split_at_checked(value)?;
        *bytes = after;
        match kind {
            PUT => Some(Self::Put(key, value)),
            DELETE => Some(Self::Delete(key)),
            DELETE_PREFIX => Some(Self::DeletePrefix(key)),
            _ => None,
        }
    }
}

fn varint_size(number: usize) -> usize {
    (number.max(1).ilog2() / 7 + 1) as usize
}

fn put_varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(0x80 | low(number));
        number >>= 7;
    }
    bytes.push(low(number));
}

/// The lowest 7 bits.
fn low(number: usize) -> u8 {
    u8::try_from(number & 0x7f).expect("7 bits")
}

fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = usize::from(byte & 0x7f);
        number |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_come_back() {
        for number in (0..63).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).chain([usize::MAX]) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            assert_eq!(bytes.len(), varint_size(number), "{number}");
            assert_eq!(varint(&mut bytes.as_slice()), Some(number));
            assert_eq!(varint(&mut &bytes[..bytes.len() - 1]), None, "cut off");
        }
    }

    #[test]
    fn a_length_that_is_too_large_is_none() {
        assert_eq!(varint(&mut [0xff; 11].as_slice()), None, "endless");
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&mut most.as_slice()), Some(usize::MAX));
        let more = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(varint(&mut more.as_slice()), None, "65 bits");
    }

    #[test]
    fn a_record_needs_all_its_bytes() {
        for record in [Record::Put(b"key", b"value"), Record::Delete(b"key"), Record::DeletePrefix(b"")] {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            assert_eq!(bytes.len(), record.size());
            assert_eq!(Record::decode(&mut bytes.as_slice()), Some(record));
            assert_eq!(Record::decode(&mut &bytes[..bytes.len() - 1]), None);
            bytes[0] = 4;
            assert_eq!(Record::decode(&mut bytes.as_slice()), None, "an unknown kind");
        }
    }
}
