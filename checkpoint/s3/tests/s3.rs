//! Checkpoints in a bucket. The environment says where the server is and who we are, so the client is a process of its own.
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, thread};
use thalweg_checkpoint::{Error, Location, Manifest, Settings, Store};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A server of a directory, with one bucket.
struct Server {
    dir: PathBuf,
    port: u16,
    _runtime: Runtime,
}

impl Server {
    fn start(name: &str) -> Self {
        let dir = env::temp_dir().join(format!("thalweg-checkpoint-s3-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("bucket")).expect("made");
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&dir).expect("a directory"));
        service.set_auth(SimpleAuth::from_single("the key", "the secret"));
        let service = service.build();
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Self { dir, port, _runtime: runtime }
    }

    /// Runs an ignored test of this file with the server in its environment.
    fn run(&self, test: &str, secret: &str) -> Output {
        let mut client = Command::new(env::current_exe().expect("this test"));
        client.args(["--exact", test, "--ignored", "--nocapture"]);
        client.env("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port)).env("AWS_ALLOW_HTTP", "true");
        client
            .env("AWS_ACCESS_KEY_ID", "the key")
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_REGION", "here");
        let output = client.output().expect("this test runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("running 1 test"), "{text}");
        output
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn succeeds(output: &Output) {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{out}\n{err}");
}

fn location() -> Location {
    "s3://bucket/some/where".parse().expect("the feature is on")
}

fn settings() -> Settings {
    Settings { groups: 8, part_bytes: 10_000, ..Settings::new([3; 16]) }
}

type Group = BTreeMap<Vec<u8>, Vec<u8>>;

fn load(store: &Store, manifest: &Manifest, group: usize) -> Group {
    let mut found = Group::new();
    let show = |key: &[u8], value: &[u8]| {
        found.insert(key.to_vec(), value.to_vec());
        Ok::<(), Error>(())
    };
    store.load(manifest, group, show).expect("whole");
    found
}

#[test]
fn checkpoints_in_a_bucket() {
    let server = Server::start("bucket");
    succeeds(&server.run("client_commits_loads_and_retires", "the secret"));
    let count = |dir: &str| files(&server.dir.join("bucket/some/where").join(dir));
    assert_eq!((count("manifests"), count("probes")), (2, 0));
    assert!(count("parts") > 8);
}

fn files(dir: &Path) -> usize {
    fs::read_dir(dir)
        .map_or(0, |files| files.filter(|file| file.as_ref().is_ok_and(|file| file.path().is_file())).count())
}

#[test]
#[ignore = "needs the server of checkpoints_in_a_bucket"]
fn client_commits_loads_and_retires() {
    let store = Store::open(&location(), settings()).expect("conditional creates are honoured");
    let mut groups = vec![Group::new(); 8];
    let mut base = None;
    for epoch in 1..6_u8 {
        let mut draft = store.begin(base.as_ref()).expect("the newest");
        for (number, records) in groups.iter_mut().enumerate() {
            let changes: Group = (0..40_u8).map(|key| (vec![key, epoch % 2], vec![epoch; 400])).collect();
            records.extend(changes.clone());
            records.remove([epoch, 0].as_slice());
            let whole = draft.wants_whole(number);
            for (key, value) in if whole { &*records } else { &changes } {
                draft.put(number, key, value).expect("uploaded");
            }
            if !whole {
                draft.delete(number, &[epoch, 0]).expect("uploaded");
            }
        }
        base = Some(draft.commit(u64::from(epoch), b"info").expect("committed"));
    }
    let retired = store.retire().expect("removed");
    assert!(retired.manifests == 3 && retired.parts > 8, "{retired:?}");
    assert_eq!(store.retire().expect("nothing"), Default::default());
    let reader = Store::open_read_only(&location(), settings()).expect("there");
    let newest = reader.newest().expect("read").expect("five");
    assert_eq!(Some(&newest), base.as_ref());
    thread::scope(|scope| {
        for first in 0..4 {
            let (reader, newest, groups) = (&reader, &newest, &groups);
            scope.spawn(move || {
                for number in [first, first + 4] {
                    assert_eq!(load(reader, newest, number), groups[number]);
                }
            });
        }
    });
    let report = reader.verify().expect("read");
    assert!(report.is_whole() && report.unnamed == 0 && report.manifests.len() == 2, "{report:?}");
    // Two writers.
    let [one, two] = [0, 1].map(|_| Store::open(&location(), settings()).expect("opened"));
    one.begin(Some(&newest)).expect("the newest").commit(9, b"one").expect("committed");
    let late = two.begin(Some(&newest)).expect("so it thinks").commit(9, b"two");
    assert!(matches!(late, Err(Error::Fenced { .. })), "{late:?}");
    assert_eq!(one.newest().expect("read").expect("six").info(), b"one");
    one.retire().expect("removed");
}

#[test]
fn a_wrong_secret_is_refused() {
    succeeds(&Server::start("secret").run("client_is_refused", "another secret"));
}

#[test]
#[ignore = "needs the server of a_wrong_secret_is_refused"]
fn client_is_refused() {
    let error = Store::open(&location(), settings()).expect_err("the secret is wrong");
    let text = error.to_string();
    assert!(matches!(error, Error::Store { doing: "create a probe", .. }), "{text}");
    assert!(text.starts_with("s3://bucket/some/where/probes/") && !text.contains("another secret"), "{text}");
}
