//! Segments roll over, large epochs go in parts, old segments are released.
use crate::model::{
    Told, Truth, accept, append_and_wait, body, both_read, epochs, read, read_with, settings,
};
use thalweg_log::testing::{Draw, Fault, Faulty, Power};
use thalweg_log::{Disk, End, Epoch, Error, Kind, Settings, Witness};

fn segments(power: &Power) -> Vec<String> {
    power.files().into_iter().filter(|name| name.ends_with(".log")).collect()
}

#[test]
fn a_log_of_many_segments_reads_as_written() {
    let (power, told, mut draw) = (Power::new(), Told::default(), Draw::new(1));
    let log = accept(power.clone(), &told).unwrap();
    let bodies: Vec<_> =
        (0..300).map(|n| body(&mut draw, [0, 1, 8, 31, 4_000, 4_064, 4_096, 12_000][n % 8])).collect();
    for body in &bodies {
        log.append(log.next(), body.clone()).unwrap();
    }
    log.stop().unwrap();
    assert!(segments(&power).len() > 10);
    assert_eq!(epochs(&both_read(&power)), (1..).zip(bodies).collect::<Vec<_>>());
}

#[test]
fn an_epoch_may_be_larger_than_a_segment() {
    let (power, told, mut draw) = (Power::new(), Told::default(), Draw::new(2));
    let log = accept(power.clone(), &told).unwrap();
    let bodies: Vec<_> = [13_304, 13_305, 500_000, 0, 26_608].map(|bytes| body(&mut draw, bytes)).into();
    for body in &bodies {
        append_and_wait(&log, &told, body.clone()).unwrap();
    }
    drop(log);
    assert_eq!(epochs(&both_read(&power)), (1..).zip(bodies).collect::<Vec<_>>());
    let report = thalweg_log::verify(power, crate::model::settings(), Witness::default()).unwrap();
    assert!(report.frames.part > 37, "{report:?}");
}

#[test]
fn generations_follow_one_another() {
    let power = Power::new();
    for generation in 1..6 {
        let (told, settings) = (Told::default(), settings());
        let opened =
            thalweg_log::open(power.clone(), settings, Witness::default()).unwrap().finish().unwrap();
        assert_eq!((opened.generation(), opened.last()), (generation, Epoch(2 * (generation - 1))));
        let ends = [End::New, End::Open, End::Stopped]
            [if generation == 1 { 0 } else { 2 - generation as usize % 2 }];
        assert_eq!(opened.end(), if generation == 1 { End::New } else { ends });
        let log = opened.accept(&[generation as u8], told.hook()).unwrap();
        for _ in 0..2 {
            append_and_wait(&log, &told, vec![generation as u8; 100]).unwrap();
        }
        if generation % 2 == 1 {
            log.stop().unwrap();
        }
    }
    let records = both_read(&power);
    let starts: Vec<_> = records.iter().filter(|r| r.kind == Kind::Start).map(|r| r.body.clone()).collect();
    assert_eq!(starts, [[1], [2], [3], [4], [5]]);
}

#[test]
fn outcomes_ride_along() {
    let (power, told) = (Power::new(), Told::default());
    let log = accept(power.clone(), &told).unwrap();
    for n in 1..4 {
        append_and_wait(&log, &told, vec![n]).unwrap();
        log.outcome(log.durable(), vec![n; 3]).unwrap();
    }
    let most = log.outcome(log.durable(), vec![0; 1 << 20]);
    assert!(matches!(most, Err(Error::TooLarge { .. })));
    log.stop().unwrap();
    let records = both_read(&power);
    let outcomes = records.iter().filter(|record| record.kind == Kind::Outcome);
    let outcomes: Vec<_> = outcomes.map(|record| (record.epoch.0, record.body.clone())).collect();
    assert_eq!(outcomes, [(1, vec![1; 3]), (2, vec![2; 3]), (3, vec![3; 3])]);
}

#[test]
fn released_segments_go_and_later_epochs_stay() {
    for release in 1..=24 {
        let (power, told, mut truth) = (Power::new(), Told::default(), Truth::default());
        let log = accept(power.clone(), &told).unwrap();
        let mut draw = Draw::new(release);
        for n in 1..=24 {
            // Some begin in one segment and end in the next.
            truth.bodies.push(body(&mut draw, [9_000, 30_000][n % 2]));
            append_and_wait(&log, &told, truth.bodies[n - 1].clone()).unwrap();
        }
        log.release(Epoch(release));
        log.stop().unwrap();
        (truth.released, truth.durable) = (release, told.heard());
        let records = read_with(power.clone(), truth.witness()).unwrap();
        crate::model::compare(&power, &records);
        truth.check(&records);
        assert_eq!(records.last().map(|record| record.kind), Some(Kind::Stop));
        // Nothing is kept that could go: the oldest segment has an epoch that is needed, or is the one in use.
        let first = epochs(&records).first().map_or(25, |(epoch, _)| *epoch);
        assert!(
            (release.saturating_sub(4)..=release + 1).contains(&first),
            "{first} is first, {release} released"
        );
    }
}

/// The sync behind a removal failed, a later one did not, and the power went: the first segment is there again, and the
/// second is not.
#[test]
fn a_removal_that_comes_back_is_no_gap() {
    let (power, told) = (Power::new(), Told::default());
    let log = accept(power.clone(), &told).unwrap();
    for n in 1..=24 {
        append_and_wait(&log, &told, vec![n; 30_000]).unwrap();
    }
    log.stop().unwrap();
    let witness = |epoch| Witness { epoch: Epoch(epoch), position: told.heard().position };
    let files = segments(&power);
    // There may be two behind it that were made ahead.
    let end = thalweg_log::verify(power.copy(), settings(), Witness::default()).unwrap().file.unwrap();
    let last = files.iter().position(|file| end.ends_with(file)).unwrap();
    let mut accepted = 0;
    for gone in 1..=last {
        let disk = power.copy();
        disk.take(&files[gone]);
        let missing = read_with(disk.clone(), witness(0));
        assert!(matches!(missing, Err(Error::Missing { file }) if file.ends_with(&files[gone])));
        match read_with(disk.clone(), witness(24)) {
            Ok(records) => {
                assert!(epochs(&records).last().is_none_or(|(epoch, _)| *epoch == 24));
                let opened = thalweg_log::open(disk.clone(), settings(), witness(24)).unwrap();
                opened.finish().unwrap().accept(b"again", |_| {}).unwrap().stop().unwrap();
                assert!(!segments(&disk).contains(&files[0]), "what was released is removed");
                accepted += 1;
            }
            // Only a spare one stands behind the gap.
            Err(error) => assert!(matches!(error, Error::Missing { .. }), "{error}"),
        }
    }
    assert!(accepted > 3);
}

#[test]
fn all_is_released_but_the_segment_in_use() {
    let (power, told) = (Power::new(), Told::default());
    let log = accept(power.clone(), &told).unwrap();
    for n in 0..30 {
        append_and_wait(&log, &told, vec![n; 11_000]).unwrap();
    }
    let before = segments(&power).len();
    log.release(Epoch(30));
    while segments(&power).len() > 3 {
        std::thread::yield_now();
    }
    assert!(before > 6);
    append_and_wait(&log, &told, vec![30; 100]).unwrap();
    drop(log);
    let known = |epoch| Witness { epoch: Epoch(epoch), ..Witness::default() };
    let records = read_with(power.clone(), known(30)).unwrap();
    assert_eq!(epochs(&records).last(), Some(&(31, vec![30; 100])));
    assert!(matches!(read(&power), Err(Error::Lost { epoch: Epoch(0), .. })));
    // The next generation goes on from there.
    let opened = thalweg_log::open(power.clone(), settings(), known(30)).unwrap().finish().unwrap();
    let told = Told::default();
    let log = opened.accept(b"", told.hook()).unwrap();
    log.release(Epoch(31));
    append_and_wait(&log, &told, vec![31; 100]).unwrap();
    log.stop().unwrap();
    assert_eq!(epochs(&read_with(power, known(31)).unwrap()), [(32, vec![31; 100])]);
}

#[test]
fn reading_changes_nothing_and_needs_no_space() {
    let (power, told) = (Power::new(), Told::default());
    let log = accept(power.clone(), &told).unwrap();
    for n in 0..30 {
        append_and_wait(&log, &told, vec![n; 11_000]).unwrap();
    }
    drop(log);
    power.put("00000000000000000099.new", vec![1; 100]);
    power.limit(Some(0));
    let before: Vec<_> = power.list().unwrap().iter().map(|name| power.get(name)).collect();
    assert_eq!(epochs(&both_read(&power)).len(), 30);
    assert!(matches!(accept(power.clone(), &told), Err(Error::Full)));
    assert_eq!(epochs(&both_read(&power)).len(), 30);
    power.take("00000000000000000099.new");
    for (name, bytes) in power.files().iter().zip(before) {
        assert!(power.get(name) == bytes, "{name}");
    }
    power.limit(None);
    accept(power, &Told::default()).unwrap().stop().unwrap();
}

#[test]
fn a_new_log_begins_behind_what_a_checkpoint_has() {
    let power = Power::new();
    let behind = Settings { behind: Epoch(41), ..settings() };
    let brought = Witness { epoch: Epoch(41), ..Witness::default() };
    let told = Told::default();
    let open = || thalweg_log::open(power.clone(), behind.clone(), brought).unwrap().finish().unwrap();
    assert_eq!(open().last(), Epoch(41));
    let log = open().accept(b"start", told.hook()).unwrap();
    assert_eq!(log.next(), Epoch(42));
    log.append(Epoch(42), b"a".to_vec()).unwrap();
    assert!(told.wait(Epoch(42)));
    log.stop().unwrap();
    assert_eq!(open().last(), Epoch(42));
    assert_eq!(epochs(&read_with(power, brought).unwrap()), [(42, b"a".to_vec())]);
    // Without being told so, nothing there is a loss.
    let lost = read_with(Power::new(), brought);
    assert!(matches!(lost, Err(Error::Lost { .. })), "{lost:?}");
}

#[test]
fn reading_only_needs_no_lock_and_changes_nothing() {
    let power = Power::new();
    let told = Told::default();
    let log = accept(power.clone(), &told).unwrap();
    append_and_wait(&log, &told, b"a".to_vec()).unwrap();
    let before = power.list().unwrap();
    let mut reading = thalweg_log::open_read_only(power.clone(), settings(), Witness::default()).unwrap();
    let bodies: Vec<_> = reading.by_ref().map(|record| record.unwrap().body).collect();
    assert!(bodies.contains(&b"a".to_vec()), "{bodies:?}");
    assert_eq!(power.list().unwrap(), before);
    let accepted = reading.finish().unwrap().accept(b"start", |_| {});
    assert!(matches!(accepted, Err(Error::ReadOnly { .. })), "{accepted:?}");
    log.stop().unwrap();
}

/// The first start of a log that begins behind an epoch is cut anywhere: the next one begins there as well.
#[test]
fn a_new_log_behind_an_epoch_may_be_cut_when_it_is_made() {
    let behind = Settings { behind: Epoch(41), ..settings() };
    let brought = Witness { epoch: Epoch(41), ..Witness::default() };
    let mut cut = 0;
    for at in 0..40 {
        let power = Power::new();
        let disk = Faulty::new(power.clone(), at, Fault::Off);
        let first = thalweg_log::open(disk.clone(), behind.clone(), brought)
            .and_then(|reading| reading.finish())
            .and_then(|opened| opened.accept(b"start", |_| {}));
        drop(first);
        cut += u64::from(disk.injected());
        power.cut(at);
        let opened = thalweg_log::open(power.clone(), behind.clone(), brought).unwrap().finish().unwrap();
        assert_eq!(opened.last(), Epoch(41), "cut at {at}");
        let log = opened.accept(b"start", |_| {}).unwrap();
        assert_eq!(log.next(), Epoch(42), "cut at {at}");
        log.stop().unwrap();
    }
    assert!(cut > 5, "{cut} were cut");
}
