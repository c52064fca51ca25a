//! Directories with wrong bytes: damage is found, named, and is no reason to panic.
use crate::bank::{account, app, stopped};
use crate::folder::Folder;
use crate::moves::copy;
use std::fs;
use std::path::{Path, PathBuf};

/// A directory with two checkpoints, and some requests behind the second; the app was killed, as far as one can see.
fn prepared(folder: &Folder) -> PathBuf {
    let bank = app(&folder.dir("data")).start().expect("it starts");
    for _ in 0..2 {
        bank.call_blocking(account("Ann").deposit(1, None)).expect("answered");
        bank.checkpoint().expect("taken");
    }
    for _ in 0..3 {
        bank.call_blocking(account("Bo").deposit(1, None)).expect("answered");
    }
    // The app removes what is left of drafts when it finds the time.
    let is_tidy = || {
        drop(fs::remove_dir_all(folder.dir("whole")));
        copy(&folder.dir("data"), &folder.dir("whole"));
        let found = folder.json("verify whole");
        (found["checkpoints"].as_u64(), found["unnamed"].as_u64()) == (Some(2), Some(0))
    };
    assert!((0..50).any(|_| is_tidy()), "it is never tidy");
    bank.stop().expect("stopped");
    fs::remove_dir_all(folder.dir("data")).expect("removed");
    folder.dir("whole")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("read").path()).collect();
    files.sort();
    files
}

/// Changes a file of a copy of the directory, which is then called `data`.
fn change(folder: &Folder, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    drop(fs::remove_dir_all(folder.dir("data")));
    copy(&folder.dir("whole"), &folder.dir("data"));
    let path = folder.dir("data").join(file);
    let mut bytes = fs::read(&path).expect("read");
    change(&mut bytes);
    fs::write(&path, bytes).expect("written");
}

/// What `verify` finds in `data`: its problems, of which there are some.
fn problems(folder: &Folder) -> Vec<String> {
    let ran = folder.run("verify data --json");
    assert!(ran.code == Some(1) && ran.err.is_empty(), "{ran:?}");
    let found: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(found["sound"], false);
    let problems = found["problems"].as_array().expect("a list").iter();
    problems.map(|problem| folder.masked(problem.as_str().expect("a text"))).collect()
}

/// Everything that only looks ends, one way or the other.
fn look(folder: &Folder) {
    for words in
        ["inspect data", "log dump data", "log dump data --json", "log skip data 1.0", "export data there"]
    {
        let ran = folder.run(words);
        assert!(matches!(ran.code, Some(0 | 3)), "{words}: {ran:?}");
        drop(fs::remove_dir_all(folder.dir("there")));
    }
}

fn name_of(file: &Path) -> String {
    file.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn flipped_bits_in_the_log() {
    let folder = Folder::new("log");
    let whole = prepared(&folder);
    let segment = format!("log/{}", name_of(files(&whole.join("log")).iter().min().expect("one")));
    let bytes = fs::read(whole.join(&segment)).expect("read");
    // What is zero may never have been written. Nobody knows of the last frames that they were durable.
    let written: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    let places = written[..written.len() * 7 / 10].iter().copied();
    // In the header, in the first frame, and here and there behind it.
    let places = places.clone().step_by(7).take(3).chain(places.skip_while(|at| *at < 4_096).step_by(97));
    let mut dumped = 0;
    for place in places {
        change(&folder, &segment, |bytes| bytes[place] ^= 0x10);
        let problems = problems(&folder);
        assert!(problems.iter().any(|problem| problem.contains(&segment)), "{place}: {problems:?}");
        look(&folder);
        // What stands before the damage is shown.
        let ran = folder.run("log dump data");
        assert!(ran.code == Some(3) && ran.err.contains(&segment), "{place}: {ran:?}");
        dumped = dumped.max(ran.out.lines().count());
    }
    assert!(dumped > 1, "{dumped}");
    change(&folder, &segment, |bytes| bytes[4_130] ^= 1);
    let ran = folder.run("verify data");
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(folder.masked(&ran.out), @r#"
        log          SEGMENTS, epochs up to 0; damaged
        checkpoints  2 whole; 2 parts with 2 records
        verdict      1 problem
        problem      data/log/00000000000000000001.log: damage at offset 4096: no sound frame at position 0, but everything below POSITION was durable; nothing was changed; restore this file from a copy
    "#);
    let (fault, what) = folder.refused("inspect data");
    assert_eq!(fault, "Damaged");
    insta::assert_snapshot!(what, @"data/log/00000000000000000001.log: damage at offset 4096: no sound frame at position 0, but everything below POSITION was durable; nothing was changed; restore this file from a copy");
    change(&folder, &segment, |bytes| bytes.truncate(bytes.len() / 2));
    insta::assert_snapshot!(problems(&folder).join("\n"), @"data/log/00000000000000000001.log: damage at offset 8388608: the file has 8388608 bytes, its header says 16777216; nothing was changed; restore this file from a copy");
    look(&folder);
    change(&folder, &segment, Vec::clear);
    insta::assert_snapshot!(problems(&folder).join("\n"), @"data/log/00000000000000000001.log: damage at offset 0: the file ends within its header; nothing was changed; restore this file from a copy");
    look(&folder);
    // The last frame may be one that was not finished.
    let last = *written.last().expect("something");
    change(&folder, &segment, |bytes| bytes[last] ^= 1);
    let verified = folder.json("verify data");
    assert_eq!((&verified["sound"], &verified["log_ends"]), (&true.into(), &"torn".into()));
}

#[test]
fn damaged_checkpoints() {
    let folder = Folder::new("checkpoint");
    let whole = prepared(&folder);
    let parts = files(&whole.join("checkpoints/parts"));
    let part = format!("checkpoints/parts/{}", name_of(parts.last().expect("one")));
    let manifests = files(&whole.join("checkpoints/manifests"));
    let manifest = |index: usize| format!("checkpoints/manifests/{}", name_of(&manifests[index]));
    let newest = manifests.len() - 1;
    assert_eq!(newest, 1, "{manifests:?}");
    let length = fs::metadata(whole.join(&part)).expect("there").len() as usize;
    for place in [0, 13, length / 2, length - 1] {
        change(&folder, &part, |bytes| bytes[place] ^= 1);
        let problems = problems(&folder);
        assert!(problems.len() == 1 && problems[0].contains(&part), "{place}: {problems:?}");
        look(&folder);
    }
    change(&folder, &part, |bytes| bytes.truncate(length / 2));
    let found = problems(&folder);
    assert!(found.len() == 1 && found[0].contains(&part), "{found:?}");
    look(&folder);
    for index in [0, newest] {
        for length in [0, 11, 40, 100] {
            change(&folder, &manifest(index), |bytes| bytes.truncate(length));
            let found = problems(&folder);
            assert!(found.len() == 1 && found[0].contains(&manifest(index)), "{length}: {found:?}");
            look(&folder);
        }
    }
    change(&folder, &manifest(newest), |bytes| bytes.truncate(40));
    let (fault, what) = folder.refused("inspect data");
    assert_eq!(fault, "Damaged");
    insta::assert_snapshot!(what, @"data/checkpoints/manifests/00000000000000000002: damage at offset 40: the header of 72 bytes is cut off; nothing was changed; restore this object from a copy, or, to fall back to an older checkpoint, remove the manifests that need it");
    let ran = folder.run("verify data");
    // An event that the sink had not taken at the first checkpoint is a record there.
    let out = folder.masked(&ran.out).replace("2 parts with 2 records", "1 part with 1 record");
    insta::assert_snapshot!(out, @r#"
        log          SEGMENTS, epochs up to 7; ends without a stop: the last run was killed
        checkpoints  1 whole; 1 part with 1 record
                     PARTS that no readable checkpoint needs
        verdict      1 problem
        problem      data/checkpoints/manifests/00000000000000000002: damage at offset 40: the header of 72 bytes is cut off; nothing was changed; restore this object from a copy, or, to fall back to an older checkpoint, remove the manifests that need it
    "#);
    change(&folder, &part, |_| {});
    fs::remove_file(folder.dir("data").join(&part)).expect("removed");
    let found = problems(&folder);
    assert!(found.len() == 1 && found[0].contains("missing"), "{found:?}");
    look(&folder);
}

#[test]
fn what_is_gone_as_a_whole() {
    let folder = Folder::new("gone");
    prepared(&folder);
    for gone in ["log", "checkpoints", "checkpoints/manifests", "checkpoints/parts"] {
        change(&folder, "log/LOCK", |_| {});
        fs::remove_dir_all(folder.dir("data").join(gone)).expect("removed");
        let ran = folder.run("verify data");
        // A log that goes back to the first epoch is enough.
        let sound = gone == "checkpoints" || gone == "checkpoints/manifests";
        assert_eq!(ran.code, Some(i32::from(!sound)), "{gone}: {ran:?}");
        look(&folder);
    }
}

#[test]
fn a_state_with_wrong_bytes_is_not_exported() {
    let folder = Folder::new("half");
    stopped(&folder.dir("whole"));
    let parts = files(&folder.dir("whole/checkpoints/parts"));
    let part = format!("checkpoints/parts/{}", name_of(parts.last().expect("one")));
    change(&folder, &part, |bytes| *bytes.last_mut().expect("some") ^= 1);
    let (fault, what) = folder.refused("export data there");
    assert!(fault == "Damaged" && what.contains(&part), "{what}");
    let (fault, _) = folder.refused("import new there");
    assert_eq!(fault, "Absent", "what was begun does not count");
    // Nor is it in the way.
    folder.done("export whole there");
    folder.done("import new there");
    folder.done("export whole elsewhere");
    let parts = files(&folder.dir("elsewhere/parts"));
    fs::remove_file(parts.last().expect("one")).expect("removed");
    let (fault, what) = folder.refused("import newer elsewhere");
    assert!(fault == "Damaged" && what.contains("missing"), "{what}");
}
