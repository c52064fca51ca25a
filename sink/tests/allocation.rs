//! What is in a file does not decide how much memory is taken.
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use thalweg_sink::{Event, JsonLines, Positions, Sink};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// All that was ever allocated meanwhile is counted: a file is gone through up to three times, in pieces.
#[test]
fn opening_and_reading_take_no_more_than_the_file_has() {
    let dir = std::env::temp_dir().join(format!("thalweg-sink-allocation-{}", std::process::id()));
    let path = dir.join("e.jsonl");
    let (mut sink, mut next) = (JsonLines::new(&path), Positions::new());
    sink.open(1).unwrap();
    for offset in 0..3 {
        let event = Event { topic: "t", offset, epoch: 1, ordinal: 0, now: 0, body: r#"{"n":[1,2]}"# };
        sink.write(&[event]).unwrap();
        next.advance(&event).unwrap();
        sink.commit(&next).unwrap();
    }
    drop(sink);
    let data = std::fs::read(&path).unwrap();
    let text = String::from_utf8(data.clone()).unwrap();
    let mut changed: Vec<Vec<u8>> = Vec::new();
    // Numbers as large as they can be, one line without end, and each byte changed.
    changed.push(text.replace("\"bytes\":", "\"bytes\":18446744073709551615").into());
    changed.push(text.replace("\"offset\":", "\"offset\":1844674407370955161").into());
    changed.push(text.replace('\n', " ").into());
    changed.push("{\"topic\":\"".repeat(20_000).into());
    changed.push("[".repeat(200_000).into());
    changed.push(text.replace("\"before\":{}", &format!("\"before\":{}", "{\"a\":".repeat(20_000))).into());
    for at in 0..data.len() {
        for change in [1, 0x80, 0xff] {
            changed.push(
                data.iter()
                    .enumerate()
                    .map(|(n, byte)| if n == at { byte ^ change } else { *byte })
                    .collect(),
            );
        }
    }
    for hint in [true, false] {
        for bytes in &changed {
            if !hint {
                drop(std::fs::remove_file(dir.join(".e.jsonl.hint")));
            }
            std::fs::write(&path, bytes).unwrap();
            let region = Region::new(GLOBAL);
            drop(JsonLines::new(&path).open(1));
            let opening = region.change();
            let region = Region::new(GLOBAL);
            drop(JsonLines::read(&path).map(|reading| reading.map(drop_body).count()));
            for (what, stats) in [("open", opening), ("read", region.change())] {
                let taken = stats.bytes_allocated + stats.bytes_reallocated.max(0).unsigned_abs();
                assert!(taken <= 3 * bytes.len() + (1 << 20), "{what}: {taken} bytes for {}", bytes.len());
            }
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
}

fn drop_body(event: Result<thalweg_sink::OwnedEvent, thalweg_sink::SinkError>) {
    drop(event);
}
