//! A real directory, and what else may be in it; and the texts that say where a store is.
use crate::support::{load_group, small};
use std::fs;
use std::path::{Path, PathBuf};
use thalweg_checkpoint::{Error, Location, Manifest, Settings, Store};

/// A directory that is removed.
#[derive(Debug)]
pub struct Dir(PathBuf);

impl Dir {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("thalweg-checkpoint-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn commit(store: &Store, base: Option<&Manifest>, key: &[u8]) -> Manifest {
    let mut draft = store.begin(base).expect("the newest");
    draft.put(0, key, b"value").expect("uploaded");
    draft.commit(1, b"info").expect("committed")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        }
        files.push(path);
    }
    files.sort();
    files
}

#[test]
fn a_directory_is_made_and_read_back() {
    let dir = Dir::new("made");
    let path = dir.path().join("a/b c");
    let location: Location = path.to_str().expect("UTF-8").parse().expect("a path");
    let store = Store::open(&location, small(2)).expect("made");
    assert!(path.is_dir());
    let first = commit(&store, None, b"a");
    let second = commit(&store, Some(&first), b"b");
    let url = format!("file://{}", path.to_str().expect("UTF-8").replace(' ', "%20"));
    let reader = Store::open_read_only(&url.parse().expect("a URL"), small(2)).expect("there");
    assert_eq!(reader.newest().expect("read"), Some(second.clone()));
    assert_eq!(load_group(&reader, &second, 0).expect("whole").len(), 2);
    commit(&store, Some(&second), b"c");
    assert_eq!(store.retire().expect("removed").manifests, 1);
    let again = Store::open(&location, small(2)).expect("there");
    let newest = again.newest().expect("read").expect("three");
    assert_eq!((newest.number(), newest.info()), (3, b"info".as_slice()));
    assert_eq!(load_group(&again, &newest, 0).expect("whole").len(), 3);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let dir = Dir::new("foreign");
    let location = Location::directory(dir.path());
    let store = Store::open(&location, Settings { keep: 1, ..small(1) }).expect("made");
    commit(&store, None, b"a");
    let part =
        files(&dir.path().join("parts"))[0].file_name().expect("a file").to_str().expect("UTF-8").to_owned();
    let strange = [
        "readme",
        "manifests/readme",
        "manifests/9",
        "manifests/+0000000000000000009",
        "manifests/00000000000000000009.bak",
        "manifests/a\nb",
        "manifests/%2e",
        "manifests/0000000000000000000000009",
        "parts/readme",
        "parts/x#1",
        "parts/1-0-0-0",
        "parts/\u{7f}",
        &format!("parts/{part}.bak"),
        &format!("parts/{}", part.replace('-', "_")),
        "other/file",
    ]
    .map(|name| dir.path().join(name));
    for path in &strange {
        fs::create_dir_all(path.parent().expect("a file in a directory")).expect("made");
        fs::write(path, b"not ours").expect("written");
    }
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        fs::write(dir.path().join("parts").join(std::ffi::OsStr::from_bytes(b"\xff")), b"").expect("written");
    }
    let store = Store::open(&location, Settings { keep: 1, ..small(1) }).expect("there");
    assert_eq!(store.manifests().expect("read").len(), 1);
    commit(&store, None, b"b");
    let retired = store.retire().expect("removed");
    assert_eq!((retired.manifests, retired.parts, retired.unfinished), (1, 1, 0));
    assert_eq!(store.verify().expect("read").unnamed, 0);
    assert!(strange.iter().all(|path| path.is_file()), "{:?}", files(dir.path()));
}

/// A local upload goes to another name first, and is renamed.
#[test]
fn uploads_that_never_ended_are_removed() {
    let dir = Dir::new("unfinished");
    let store = Store::open(&Location::directory(dir.path()), small(1)).expect("made");
    let base = commit(&store, None, b"a");
    let named = &files(&dir.path().join("parts"))[0];
    let name = named.file_name().expect("a file").to_str().expect("UTF-8");
    let of = |draft: u64, rest: &str| dir.path().join(format!("parts/{draft:020}{}{rest}", &name[20..]));
    let manifest = |number: u64| dir.path().join(format!("manifests/{number:020}#1"));
    let later = [of(3, "#1"), manifest(3)];
    for path in later.iter().chain(&[of(2, "#1"), of(0, "#2"), manifest(2)]) {
        fs::write(path, b"half").expect("written");
    }
    commit(&store, Some(&base), b"b");
    let retired = store.retire().expect("removed");
    assert_eq!((retired.parts, retired.unfinished), (0, 3));
    assert!(named.is_file() && later.iter().all(|path| path.is_file()), "a draft may be uploading");
}

#[test]
fn a_directory_that_refuses_is_an_error_with_its_name() {
    let dir = Dir::new("refused");
    fs::create_dir_all(dir.path()).expect("made");
    let file = dir.path().join("file");
    fs::write(&file, b"").expect("written");
    for path in [file.join("below"), file.clone()] {
        let error = Store::open(&Location::directory(&path), small(1)).expect_err("no directory");
        assert!(
            matches!(&error, Error::Store { object, .. } if object.starts_with(file.to_str().expect("UTF-8"))),
            "{error}"
        );
    }
    // Root may write anywhere, but not there.
    let error =
        Store::open(&"/proc/self/checkpoints".parse().expect("a path"), small(1)).expect_err("read only");
    assert!(matches!(&error, Error::Store { doing: "make the directory", .. }), "{error}");
    let error = Store::open(&"/proc/self".parse().expect("a path"), small(1)).expect_err("read only");
    assert!(matches!(&error, Error::Store { doing: "create a probe", .. }), "{error}");
    let none = dir.path().join("none");
    let error =
        Store::open_read_only(&Location::directory(&none), small(1)).expect_err("a reader makes nothing");
    assert!(matches!(error, Error::Store { doing: "open the directory", .. }) && !none.exists(), "{error}");
}

#[test]
fn a_reader_writes_nothing() {
    let dir = Dir::new("reader");
    let location = Location::directory(dir.path());
    fs::create_dir_all(dir.path()).expect("made");
    let reader = Store::open_read_only(&location, small(1)).expect("there");
    assert_eq!(reader.newest().expect("read"), None);
    assert!(reader.verify().expect("read").is_whole());
    assert_eq!(files(dir.path()), [""; 0].map(PathBuf::from), "an empty store stays empty");
    let store = Store::open(&location, small(1)).expect("there");
    let manifest = commit(&store, None, b"a");
    let before = files(dir.path());
    assert_eq!(reader.newest().expect("read"), Some(manifest.clone()));
    assert_eq!(load_group(&reader, &manifest, 0).expect("whole").len(), 1);
    assert_eq!(files(dir.path()), before);
}

#[test]
fn a_text_that_is_no_place_is_refused() {
    for text in [
        "",
        "ftp://host/x",
        "s3://",
        "gs:///x",
        "memory://host",
        "memory:///x",
        "file://host/x",
        "://",
        "s3://[",
    ] {
        let error = text.parse::<Location>().expect_err(text);
        assert!(matches!(&error, Error::Location { location, .. } if location == text), "{text}: {error}");
    }
    for text in ["memory:///", "memory://", "file:///tmp/x", "/tmp/x", "relative/x", "s3", "C:x"] {
        text.parse::<Location>().expect(text);
    }
    for (text, feature) in [("s3://bucket/x", "s3"), ("gs://bucket", "gcs"), ("az://container/x", "azure")] {
        match text.parse::<Location>() {
            Ok(location) => assert_eq!(location.to_string(), text, "the feature is on"),
            Err(error) => {
                assert!(
                    matches!(error, Error::Feature { feature: found, .. } if found == feature),
                    "{error}"
                );
                assert!(error.to_string().contains(&format!("`{feature}`")), "{error}");
            }
        }
    }
}

#[test]
fn a_copy_is_the_whole_of_one_checkpoint_in_an_empty_place() {
    let (from, to) = (Location::memory(), Location::memory());
    let store = Store::open(&from, small(3)).expect("made");
    let first = commit(&store, None, b"a");
    let mut draft = store.begin(Some(&first)).expect("the newest");
    draft.put(2, b"b", b"2").expect("uploaded");
    draft.delete(0, b"a").expect("uploaded");
    let second = draft.commit(7, b"info").expect("committed");
    let copied = store.copy(&second, &to, b"other").expect("copied");
    assert_eq!(
        (copied.number(), copied.epoch(), copied.info(), copied.groups()),
        (1, 7, b"other".as_slice(), 3)
    );
    let there = Store::open_read_only(&to, Settings::default()).expect("there");
    let newest = there.newest().expect("read").expect("one");
    let found: Vec<_> = (0..3).map(|group| load_group(&there, &newest, group).expect("whole")).collect();
    assert_eq!(found, [Default::default(), Default::default(), [(b"b".to_vec(), b"2".to_vec())].into()]);
    let again = store.copy(&first, &to, b"other");
    assert!(matches!(again, Err(Error::Occupied { .. })), "{again:?}");
}
