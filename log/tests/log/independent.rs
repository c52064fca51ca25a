//! A second reader of the format, after its description only. It finds records and judges nothing.
use thalweg_log::testing::Power;

/// Kind, epoch and body, as the format numbers them.
pub(crate) type Found = (u8, u64, Vec<u8>);

pub(crate) fn read(disk: &Power) -> Vec<Found> {
    let (mut found, mut parts, mut next, mut generation) = (Vec::new(), None, String::new(), 0);
    let mut before = Vec::new();
    for name in disk.files().iter().filter(|name| name.ends_with(".log")) {
        // What stands before a gap was released, unless nothing was written behind it.
        if *name != next {
            (before, found, parts, generation) = (found, Vec::new(), None, 0);
        }
        next = format!("{:020}.log", name[..20].parse::<u64>().unwrap() + 1);
        let file = disk.get(name);
        let (number, mut at) = (|at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap()), 4096);
        // What was made ahead for a generation that is over.
        if number(40) < generation {
            break;
        }
        generation = number(40);
        let seeds = [&file[16..32], &file[40..48]].concat();
        while at + 32 <= file.len() {
            let seed = [&seeds[..], &(number(48) + at as u64 - 4096).to_le_bytes()].concat();
            let crc = |bytes: &[u8]| u64::from(crc32c::crc32c(&[&seed, bytes].concat()));
            let (kind, length) = (file[at + 4], (number(at + 8) & 0xffff_ffff) as usize);
            if crc(&file[at + 4..at + 32]) != number(at) & 0xffff_ffff || at + 32 + length > file.len() {
                break;
            }
            let body = &file[at + 32..at + 32 + length];
            if kind != 6 && crc(body) != number(at + 8) >> 32 {
                break;
            }
            match (kind, file[at + 5]) {
                (2, 0) => parts = Some(body.to_vec()),
                (2, _) => parts = parts.map(|parts| [&parts, body].concat()),
                (3, 1) => {
                    found.extend(parts.take().map(|parts| (3, number(at + 16), [&parts, body].concat())))
                }
                (4 | 6, _) => {}
                _ => found.push((kind, number(at + 16), body[if kind == 1 { 24 } else { 0 }..].to_vec())),
            }
            at += 32 + length.next_multiple_of(8);
        }
    }
    if found.is_empty() { before } else { found }
}
