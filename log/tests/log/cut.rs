//! Files that are too short, missing, twice there, or in each other's place.
use crate::flip::small_log;
use crate::model::{Told, accept, append_and_wait, both_read, epochs, read};
use thalweg_log::testing::Power;
use thalweg_log::{Error, Kind};

const FILE: &str = "00000000000000000001.log";

#[test]
fn a_file_is_cut_at_each_length() {
    let (disk, used) = small_log();
    let file = disk.get(FILE);
    for length in (0..used).chain((used..file.len()).step_by(97)) {
        disk.put(FILE, file[..length].to_vec());
        let read = read(&disk);
        let Err(Error::Damaged { file, offset, .. }) = &read else { panic!("length {length}: {read:?}") };
        assert!(file.ends_with(FILE) && *offset == length as u64, "length {length}: {offset}");
    }
}

/// A log of several segments, the last of which is a spare one.
fn large_log() -> (Power, Vec<String>) {
    let (power, told) = (Power::new(), Told::default());
    let log = accept(power.clone(), &told).unwrap();
    for n in 0..24 {
        append_and_wait(&log, &told, vec![n; 11_000]).unwrap();
    }
    while power.files().iter().any(|name| name.ends_with(".new")) {
        std::thread::yield_now();
    }
    log.stop().unwrap();
    let files: Vec<_> = power.files().into_iter().filter(|name| name.ends_with(".log")).collect();
    assert!(files.len() > 5, "{files:?}");
    (power, files)
}

/// Segments without frames.
fn is_spare(power: &Power, name: &str) -> bool {
    power.get(name)[4096..].iter().all(|&byte| byte == 0)
}

#[test]
fn a_segment_is_missing() {
    let (power, files) = large_log();
    for (n, name) in files.iter().enumerate() {
        let (disk, spare) = (power.copy(), is_spare(&power, name));
        disk.take(name);
        match read(&disk) {
            Ok(_) => assert!(spare, "{name}"),
            Err(Error::Lost { .. }) => assert_eq!(n, 0),
            Err(Error::Missing { file }) => {
                assert!(n > 0 && file.ends_with(name), "{name} {}", file.display())
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn a_segment_stands_for_another() {
    let (power, files) = large_log();
    let before = epochs(&both_read(&power));
    for a in &files {
        for b in files.iter().filter(|b| *b != a) {
            for swap in [false, true] {
                let disk = power.copy();
                disk.put(b, power.get(a));
                if swap {
                    disk.put(a, power.get(b));
                }
                let read = read(&disk);
                assert!(matches!(read, Err(Error::Damaged { .. })), "{a} as {b}: {read:?}");
            }
        }
        let (disk, next) = (power.copy(), format!("{:020}.log", files.len() + 1));
        disk.put(&next, power.get(a));
        assert!(matches!(read(&disk), Err(Error::Damaged { file, .. }) if file.ends_with(next)));
    }
    assert_eq!(epochs(&both_read(&power)), before);
}

#[test]
fn a_segment_of_another_log_is_refused() {
    let (power, files) = large_log();
    let other = Power::new();
    let settings = thalweg_log::Settings { id: [1; 16], ..crate::model::settings() };
    let opened = thalweg_log::open(other.clone(), settings, thalweg_log::Witness::default()).unwrap();
    drop(opened.finish().unwrap().accept(b"", |_| {}).unwrap());
    power.put(&files[0], other.get(FILE));
    assert!(matches!(read(&power), Err(Error::Damaged { offset: 16, .. })));
}

#[test]
fn a_stopped_log_says_so() {
    let (disk, _) = small_log();
    assert_eq!(both_read(&disk).last().map(|record| record.kind), Some(Kind::Stop));
    let report =
        thalweg_log::verify(disk.clone(), crate::model::settings(), thalweg_log::Witness::default()).unwrap();
    assert_eq!(report.end.unwrap(), thalweg_log::End::Stopped);
    assert_eq!((report.frames.epoch, report.frames.start, report.frames.stop), (40, 1, 1));
    assert_eq!((report.first.map(|epoch| epoch.0), report.last.0), (Some(1), 40));
    let mut file = disk.get(FILE);
    file[2 * 4096 + 5] ^= 1;
    disk.put(FILE, file);
    let report =
        thalweg_log::verify(disk, crate::model::settings(), thalweg_log::Witness::default()).unwrap();
    assert!(matches!(report.end, Err(Error::Damaged { offset: 8192, .. })), "{report:?}");
    assert_eq!((report.last.0, report.offset), (0, 8192));
}
