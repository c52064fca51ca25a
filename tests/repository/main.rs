//! What the repository says of itself, checked: the arrows between its crates, the doors of the runtime, and the graph
//! of the shop as a user would snapshot it.
use std::fs;
use std::path::{Path, PathBuf};
use thalweg::prelude::*;

#[path = "../../examples/shop/entities.rs"]
#[allow(dead_code)]
mod entities;

mod guest;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    let nested = paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The crates of this workspace that a manifest names as dependencies (not for tests).
fn dependencies(krate: &str) -> Vec<String> {
    let manifest =
        fs::read_to_string(root().join(krate).join("Cargo.toml")).expect("every crate has a manifest");
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let lines = section.lines().skip(1).take_while(|line| !line.starts_with('['));
    let names = lines
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| name.starts_with("thalweg"));
    names.map(str::to_owned).collect()
}

#[test]
fn the_arrows_between_the_crates() {
    assert_eq!(dependencies("graph"), [""; 0]);
    assert_eq!(dependencies("log"), [""; 0]);
    assert_eq!(dependencies("compiler"), ["thalweg-graph"]);
    assert_eq!(dependencies("macros"), ["thalweg-compiler"]);
    assert_eq!(dependencies("checkpoint"), [""; 0]);
    assert_eq!(dependencies("sink"), [""; 0]);
    let runtime = ["thalweg-checkpoint", "thalweg-graph", "thalweg-log", "thalweg-macros", "thalweg-sink"];
    assert_eq!(dependencies("runtime"), runtime);
    assert_eq!(dependencies("cli"), ["thalweg"]);
}

#[test]
fn only_the_dataflow_names_timely_in_code() {
    for path in sources(&root().join("runtime/src")) {
        let text = fs::read_to_string(&path).expect("a source can be read");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names = code.filter(|line| line.contains("timely::")).count();
        assert!(names == 0 || path.ends_with("dataflow.rs"), "{} names timely", path.display());
    }
}

/// The floors of the runtime, from the ground up: the modules in the order in which `lib.rs` lists them.
fn floors() -> Vec<String> {
    let lib = fs::read_to_string(root().join("runtime/src/lib.rs")).expect("the runtime has a root");
    let listed = lib.split("\n\n").find(|paragraph| paragraph.contains("mod base;"));
    let lines = listed.expect("the floors are listed").lines();
    let name = |line: &str| {
        Some(line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
    };
    lines.filter_map(name).collect()
}

/// The modules of the runtime, or the names of its front, that a source speaks of by `crate::`, in code.
fn spoken_of(text: &str) -> Vec<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    paths.filter_map(|path| path.split(|c: char| !c.is_alphanumeric() && c != '_').next()).collect()
}

#[test]
fn no_floor_of_the_runtime_names_one_above() {
    let (floors, folder) = (floors(), root().join("runtime/src"));
    let height = |name: &str| floors.iter().position(|floor| floor == name);
    for path in sources(&folder) {
        let place = path.strip_prefix(&folder).expect("a source is in its folder");
        let top = place.components().next().expect("a source has a name").as_os_str().to_string_lossy();
        let Some(own) = height(top.trim_end_matches(".rs")) else { continue };
        let text = fs::read_to_string(&path).expect("a source can be read");
        for name in spoken_of(&text) {
            let place = place.display();
            let height = height(name)
                .unwrap_or_else(|| panic!("{place} speaks of `crate::{name}`, which is no floor"));
            assert!(height <= own, "{place} speaks of `{name}`, which stands above it");
        }
    }
}

#[test]
fn what_a_source_speaks_of() {
    let text = "use crate::base::ids::{A, B};\n// crate::app\nlet x = f::<crate::Ref<crate::flow::T>>();";
    assert_eq!(spoken_of(text), ["base", "Ref", "flow"]);
}

#[test]
fn the_graph_of_the_shop() {
    let graph = App::new("shop").entity::<entities::User>().graph().expect("the shop fits together");
    insta::assert_snapshot!(graph.to_text());
}

#[test]
fn the_graph_does_not_depend_on_the_order_of_registration() {
    let one = App::new("shop").entity::<entities::User>().entity::<entities::Item>().graph();
    let other = App::new("shop").entity::<entities::Item>().entity::<entities::User>().graph();
    assert_eq!(one.expect("fits").to_json(), other.expect("fits").to_json());
}

#[test]
fn a_guest_under_strict_lints() {
    let app = App::new("guest").entity::<guest::Counter>().start().expect("it starts");
    let two = || guest::Counter::at(2);
    assert_eq!(app.call_blocking(guest::Counter::at(1).pass(two())), Ok(2));
    assert_eq!(app.call_blocking(guest::Counter::at(1).pass_all(vec![two(), two()])), Ok(Ok(5)));
}
