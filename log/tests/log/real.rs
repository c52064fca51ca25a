//! A directory of the operating system.
use crate::model::{Told, accept, append_and_wait, epochs, read_with};
use std::path::PathBuf;
use thalweg_log::{Error, RealDisk, Witness};

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("thalweg-log-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }
    fn disk(&self) -> RealDisk {
        RealDisk::at(self.0.join("data/log")).unwrap()
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[test]
fn what_is_appended_is_read() {
    let dir = Dir::new("append");
    for life in 0..3 {
        let told = Told::default();
        let log = accept(dir.disk(), &told).unwrap();
        for n in 0..10 {
            append_and_wait(&log, &told, vec![n; 9_000]).unwrap();
        }
        if life == 1 {
            log.stop().unwrap();
        }
    }
    let records = read_with(dir.disk(), Witness::default()).unwrap();
    let expected: Vec<_> = (1..=30).map(|n| (n, vec![(n - 1) as u8 % 10; 9_000])).collect();
    assert_eq!(epochs(&records), expected);
}

#[test]
fn a_second_one_is_refused() {
    let dir = Dir::new("lock");
    let log = accept(dir.disk(), &Told::default()).unwrap();
    let second = accept(dir.disk(), &Told::default());
    assert!(matches!(&second, Err(Error::Locked { path }) if path.ends_with("LOCK")), "{second:?}");
    assert!(matches!(
        thalweg_log::verify(dir.disk(), crate::model::settings(), Witness::default()),
        Err(Error::Locked { .. })
    ));
    log.stop().unwrap();
    accept(dir.disk(), &Told::default()).unwrap().stop().unwrap();
}
