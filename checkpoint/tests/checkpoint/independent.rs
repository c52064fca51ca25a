//! A reader of its own, written after the page about the format and nothing else: it reads objects forwards, and shares no
//! code with the crate.
use crate::support::{Group, ID, State};
use std::collections::BTreeMap;

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }
    fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }
    fn size(&mut self, bytes: usize) -> usize {
        usize::try_from(self.number(bytes)).expect("small")
    }
    fn varint(&mut self) -> usize {
        let byte = self.size(1);
        byte & 0x7f | if byte & 0x80 == 0 { 0 } else { self.varint() << 7 }
    }
}

/// CRC-32C, by a table.
fn crc(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    let table: Vec<u32> = (0..256).map(|byte| (0..8).fold(byte, bit)).collect();
    let step = |crc: u32, byte: u8| crc >> 8 ^ table[usize::from(crc.to_le_bytes()[0] ^ byte)];
    u64::from(!bytes.into_iter().fold(u32::MAX, step))
}

/// The first 16 bytes of an object, with a checksum over what is given.
fn check(object: &[u8], magic: &[u8; 8]) {
    let sum = crc([&magic[..], &[1, 0, 0, 0], &[0; 4], &object[16..]].concat());
    assert_eq!(
        object[..16],
        [&magic[..], &[1, 0, 0, 0], &u32::try_from(sum).expect("32 bits").to_le_bytes()[..]].concat()
    );
}

/// The state that this manifest names.
pub fn state(objects: &BTreeMap<String, Vec<u8>>, number: u64) -> State {
    let manifest = &objects[&format!("manifests/{number:020}")];
    check(manifest, b"THALWEGm");
    let mut bytes = Bytes(&manifest[16..]);
    assert_eq!((bytes.size(8), bytes.number(8)), (manifest.len(), number));
    bytes.take(8);
    assert_eq!(bytes.take(16), ID);
    bytes.take(8);
    let (groups, info) = (bytes.size(4), bytes.size(4));
    bytes.take(info);
    let state = (0..groups).map(|group| self::group(objects, group, &mut bytes)).collect();
    assert!(bytes.0.is_empty());
    state
}

fn group(objects: &BTreeMap<String, Vec<u8>>, group: usize, manifest: &mut Bytes<'_>) -> Group {
    let mut state = Group::new();
    let mut changes = false;
    for _ in 0..manifest.number(4) {
        let [draft, nonce, piece, whole, size, records] =
            [8, 8, 4, 4, 8, 8].map(|bytes| manifest.number(bytes));
        let (blocks, digest) = (manifest.number(4), manifest.number(4));
        let part = &objects[&format!("parts/{draft:020}-{nonce:016x}-{group:05}-{piece:05}")];
        let header = [&ID[..], &draft.to_le_bytes(), &nonce.to_le_bytes()].concat();
        let places = [group as u64, piece].map(|number| u32::try_from(number).expect("small").to_le_bytes());
        assert_eq!(part[16..56], [header, places.concat()].concat());
        check(&part[..56], b"THALWEGp");
        assert!(whole == 0 || !changes, "a whole behind changes");
        changes |= whole == 0;
        let mut summed = part[..56].to_vec();
        let (mut found_blocks, mut found) = (0, 0);
        let mut bytes = Bytes(&part[56..]);
        while !bytes.0.is_empty() {
            let offset = (part.len() - bytes.0.len()) as u64;
            let head = bytes.take(12);
            let mut fields = Bytes(head);
            let (length, count, sum) = (fields.size(4), fields.number(4), fields.number(4));
            let payload = bytes.take(length);
            assert_eq!(crc([&part[..56], &offset.to_le_bytes(), &head[..8], payload].concat()), sum);
            assert!(length <= 64 << 10 || count == 1);
            summed.extend(head);
            found_blocks += 1;
            found += count;
            replay(&mut state, payload, count);
        }
        assert_eq!((found_blocks, found, part.len() as u64, crc(summed)), (blocks, records, size, digest));
    }
    state
}

fn replay(state: &mut Group, payload: &[u8], count: u64) {
    let mut bytes = Bytes(payload);
    for _ in 0..count {
        let kind = bytes.number(1);
        let key = bytes.varint();
        let value = if kind == 1 { bytes.varint() } else { 0 };
        let (key, value) = (bytes.take(key).to_vec(), bytes.take(value).to_vec());
        match kind {
            1 => drop(state.insert(key, value)),
            2 => drop(state.remove(&key)),
            3 => state.retain(|other, _| !other.starts_with(&key)),
            _ => panic!("kind {kind}"),
        }
    }
    assert!(bytes.0.is_empty());
}
