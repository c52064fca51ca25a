//! A part: written record by record, read block by block from its end.
use crate::format::{self, BLOCK, HEAD, HEADER, PART, u32_at, u64_at};
use crate::names::PartName;
use crate::record::{LEAST, Record};
use crate::{Error, Result};
use bytes::Bytes;

/// What a manifest says about a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: PartName,
    /// Belongs to the whole of its group; else it holds changes.
    pub(crate) whole: bool,
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    pub(crate) blocks: u32,
    pub(crate) digest: u32,
}

/// A part that is being written.
#[derive(Debug)]
pub(crate) struct Writer {
    name: PartName,
    bytes: Vec<u8>,
    /// Where the last block begins. It is open: its head is not yet written.
    block: usize,
    in_block: u32,
    blocks: u32,
    records: u64,
    digest: u32,
}

impl Writer {
    pub(crate) fn new(id: &[u8; 16], name: PartName) -> Self {
        let bytes = format::header(id, &name).to_vec();
        let digest = crc32c::crc32c(&bytes);
        Self { name, block: bytes.len(), bytes, in_block: 0, blocks: 0, records: 0, digest }
    }

    pub(crate) fn push(&mut self, record: &Record<'_>) {
        if self.in_block > 0 && self.bytes.len() + record.size() > self.block + HEAD + BLOCK {
            self.close();
        }
        if self.in_block == 0 {
            self.bytes.extend_from_slice(&[0; HEAD]);
        }
        record.encode(&mut self.bytes);
        self.in_block += 1;
        self.records += 1;
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    fn close(&mut self) {
        let (header, rest) = self.bytes.split_at_mut(HEADER);
        let (head, records) = rest[self.block - HEADER..].split_at_mut(HEAD);
        let length = u32::try_from(records.len()).expect("a record is much smaller");
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..8].copy_from_slice(&self.in_block.to_le_bytes());
        let sum = format::block_sum(header, self.block, head, records);
        head[8..].copy_from_slice(&sum.to_le_bytes());
        self.digest = crc32c::crc32c_append(self.digest, head);
        self.blocks += 1;
        (self.block, self.in_block) = (self.bytes.len(), 0);
    }

    /// The object, and what the manifest will say about it.
    pub(crate) fn finish(mut self) -> (Entry, Bytes) {
        if self.in_block > 0 {
            self.close();
        }
        let entry = Entry {
            name: self.name,
            whole: false,
            bytes: self.bytes.len() as u64,
            records: self.records,
            blocks: self.blocks,
            digest: self.digest,
        };
        (entry, self.bytes.into())
    }
}

/// A part that was read, and is what its manifest says.
#[derive(Debug)]
pub(crate) struct Part {
    object: String,
    bytes: Bytes,
    /// Where blocks begin.
    blocks: Vec<usize>,
}

impl Part {
    /// Checks everything but the records, which have verified checksums then. `object` is its name in messages.
    pub(crate) fn open(object: String, bytes: Bytes, entry: &Entry, id: &[u8; 16]) -> Result<Self> {
        let least = bytes.len().min(HEADER);
        format::check(&object, &bytes[..least], PART, HEADER)?;
        let found = format::id_at(&bytes, 16);
        if found != *id {
            return Err(Error::Foreign { object, found, wanted: *id });
        }
        let name = PartName {
            draft: u64_at(&bytes, 32),
            nonce: u64_at(&bytes, 40),
            group: u32_at(&bytes, 48),
            piece: u32_at(&bytes, 52),
        };
        if name != entry.name {
            return Err(Error::damaged(&object, 32, format!("it is another part: {name}")));
        }
        let mut part = Self { object, bytes, blocks: Vec::new() };
        let (records, digest) = part.walk()?;
        let found = (part.bytes.len() as u64, part.blocks.len() as u64, records, digest);
        let wanted = (entry.bytes, u64::from(entry.blocks), entry.records, entry.digest);
        if found != wanted {
            let what = format!(
                "it has {} bytes in {} blocks, {} records and digest {:08x}; its manifest says {}, {}, {} and {:08x}",
                found.0, found.1, found.2, found.3, wanted.0, wanted.1, wanted.2, wanted.3
            );
            return Err(part.damaged(HEADER, what));
        }
        Ok(part)
    }

    /// Finds and checks all blocks. How many records they have, and their digest.
    fn walk(&mut self) -> Result<(u64, u32)> {
        let header = &self.bytes[..HEADER];
        let (mut at, mut records, mut digest) = (HEADER, 0, crc32c::crc32c(header));
        while at < self.bytes.len() {
            let Some((head, rest)) = self.bytes[at..].split_at_checked(HEAD) else {
                return Err(self.damaged(at, "a block is cut off"));
            };
            let (length, count) = (u32_at(head, 0) as usize, u32_at(head, 4) as usize);
            let Some(bytes) = rest.get(..length) else {
                return Err(self.damaged(at, format!("a block of {length} bytes is cut off")));
            };
            if format::block_sum(header, at, head, bytes) != u32_at(head, 8) {
                return Err(self.damaged(at, "the checksum of a block is wrong"));
            }
            let fits = count.checked_mul(LEAST).is_some_and(|least| least <= length);
            if count == 0 || !fits || (length > BLOCK && count > 1) {
                return Err(self.damaged(at, format!("a block says {count} records in {length} bytes")));
            }
            digest = crc32c::crc32c_append(digest, head);
            records += count as u64;
            self.blocks.push(at);
            at += HEAD + length;
        }
        Ok((records, digest))
    }

    /// Shows all records, the last one first.
    pub(crate) fn backwards<E: From<Error>>(
        &self,
        mut show: impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut starts = Vec::new();
        for &at in self.blocks.iter().rev() {
            let records = self.records(at, &mut starts)?;
            for &start in starts.iter().rev() {
                let record = Record::decode(&mut &records[start as usize..]);
                show(record.expect("it was decoded before"))?;
            }
        }
        Ok(())
    }

    /// Where records begin in a block, at most 64 KiB of them or one. Returns the block's records.
    fn records(&self, at: usize, starts: &mut Vec<u32>) -> Result<&[u8]> {
        let (length, count) = (u32_at(&self.bytes, at) as usize, u32_at(&self.bytes, at + 4) as usize);
        let records = &self.bytes[at + HEAD..][..length];
        let mut rest = records;
        starts.clear();
        while !rest.is_empty() {
            let start = length - rest.len();
            starts.push(u32::try_from(start).expect("a block's length is one"));
            if Record::decode(&mut rest).is_none() {
                return Err(self.damaged(at + HEAD + start, "no record"));
            }
        }
        if starts.len() != count {
            return Err(self.damaged(at, format!("a block says {count} records and has {}", starts.len())));
        }
        Ok(records)
    }

    fn damaged(&self, offset: usize, what: impl Into<String>) -> Error {
        Error::damaged(&self.object, offset, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::block_sum;

    const ID: [u8; 16] = [7; 16];
    const NAME: PartName = PartName { draft: 3, nonce: 4, group: 5, piece: 6 };

    fn write(name: PartName, records: &[Record<'_>]) -> (Entry, Vec<u8>) {
        let mut writer = Writer::new(&ID, name);
        records.iter().for_each(|record| writer.push(record));
        let (entry, bytes) = writer.finish();
        (entry, bytes.to_vec())
    }

    /// A part with these blocks, and an entry that fits: all checksums are right.
    fn forge(blocks: &[(u32, u32, &[u8])]) -> (Entry, Vec<u8>) {
        let mut bytes = format::header(&ID, &NAME).to_vec();
        let mut digest = crc32c::crc32c(&bytes);
        let mut count = 0;
        for (length, records, payload) in blocks {
            let mut head = [length.to_le_bytes(), records.to_le_bytes(), [0; 4]].concat();
            let sum = block_sum(&bytes[..HEADER], bytes.len(), &head, payload);
            head[8..].copy_from_slice(&sum.to_le_bytes());
            digest = crc32c::crc32c_append(digest, &head);
            bytes.extend([head.as_slice(), payload].concat());
            count += u64::from(*records);
        }
        let (size, blocks) = (bytes.len() as u64, u32::try_from(blocks.len()).expect("few"));
        (Entry { name: NAME, whole: false, bytes: size, records: count, blocks, digest }, bytes)
    }

    fn read(entry: &Entry, bytes: Vec<u8>) -> Result<Vec<String>> {
        let part = Part::open("part".to_owned(), bytes.into(), entry, &ID)?;
        let mut found = Vec::new();
        part.backwards(|record| {
            found.push(format!("{record:?}"));
            Ok::<(), Error>(())
        })?;
        found.reverse();
        Ok(found)
    }

    #[test]
    fn records_come_back_from_blocks_of_at_most_64_kib_or_one_record() {
        let values: Vec<_> =
            [0, 10, 30_000, 30_000, 30_000, 70_000, 0, 65_530].map(|size| vec![1; size]).into();
        let records: Vec<_> = values.iter().map(|value| Record::Put(b"key", value)).collect();
        let (entry, bytes) = write(NAME, &records);
        assert_eq!(entry.blocks, 5);
        let wanted: Vec<_> = records.iter().map(|record| format!("{record:?}")).collect();
        assert_eq!(read(&entry, bytes).expect("whole"), wanted);
    }

    #[test]
    fn a_block_of_another_part_or_place_is_damage() {
        let record = [Record::Put(b"key", &[1; 40_000])];
        let records = [record[0], record[0]];
        let (entry, good) = write(NAME, &records);
        assert_eq!(entry.blocks, 2);
        let block = (good.len() - HEADER) / 2;
        let mut swapped = good.clone();
        swapped[HEADER..].rotate_left(block);
        assert_ne!(swapped, good, "the same records have another checksum in another place");
        for name in [
            PartName { draft: 9, ..NAME },
            PartName { nonce: 9, ..NAME },
            PartName { group: 9, ..NAME },
            PartName { piece: 9, ..NAME },
        ] {
            let (_, other) = write(name, &records);
            let moved = [&good[..HEADER], &other[HEADER..]].concat();
            let error = read(&entry, other.clone()).expect_err("another part");
            assert!(error.to_string().contains(&format!("it is another part: {name}")), "{error}");
            for bytes in [moved, swapped.clone()] {
                assert!(matches!(read(&entry, bytes), Err(Error::Damaged { .. })), "{name:?}");
            }
        }
        assert!(read(&entry, good).is_ok());
    }

    #[test]
    fn what_was_forged_with_right_checksums_is_damage_or_is_read() {
        let put = [1, 1, 1, b'k', b'v'];
        let (entry, bytes) = forge(&[(5, 1, &put)]);
        assert_eq!(read(&entry, bytes).expect("as it is written").len(), 1);
        let many = [2, 0].repeat(BLOCK);
        let cases: [&[(u32, u32, &[u8])]; 12] = [
            &[(5, 0, &put)],
            &[(5, 2, &put)],
            &[(5, 3, &put)],
            &[(u32::MAX, 1, &put)],
            &[(u32::MAX, u32::MAX, &put)],
            &[(6, 1, &put)],
            &[(4, 1, &put[..4])],
            &[(5, 1, &[9, 1, 1, b'k', b'v'])],
            &[(0, 0, &[])],
            &[(11, 1, &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1])],
            &[(5, 1, &put), (2, 1, &[2, 1])],
            &[(2 * 65536, 65536, &many)],
        ];
        for blocks in cases {
            let (entry, bytes) = forge(blocks);
            assert!(matches!(read(&entry, bytes), Err(Error::Damaged { .. })), "{blocks:?}");
        }
    }

    #[test]
    fn a_part_is_what_its_manifest_says() {
        let (entry, bytes) = write(NAME, &[Record::Put(b"key", b"value"), Record::Delete(b"key")]);
        for wrong in [
            Entry { bytes: entry.bytes + 1, ..entry.clone() },
            Entry { records: entry.records + 1, ..entry.clone() },
            Entry { blocks: entry.blocks + 1, ..entry.clone() },
            Entry { digest: entry.digest ^ 1, ..entry.clone() },
        ] {
            assert!(matches!(read(&wrong, bytes.clone()), Err(Error::Damaged { .. })), "{wrong:?}");
        }
        let foreign = Part::open("part".to_owned(), bytes.clone().into(), &entry, &[8; 16]);
        assert!(matches!(foreign, Err(Error::Foreign { found: ID, .. })));
        let mut newer = bytes;
        newer[8] = 2;
        newer[12..16].copy_from_slice(&[0; 4]);
        let sum = crc32c::crc32c(&newer[..HEADER]);
        newer[12..16].copy_from_slice(&sum.to_le_bytes());
        assert!(matches!(read(&entry, newer), Err(Error::Format { found: 2, known: 1, .. })));
    }
}
