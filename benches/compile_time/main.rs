//! How long rustc takes over a method of 10, 100 and 1,000 calls, and over the shop with and without `#[entity]`.
//!
//! `cargo bench --bench compile_time`. Each case is a small crate that is checked and built once with its dependencies
//! warm; the figure is the time of `cargo build` on the crate alone, beside that of an empty one.
#![allow(clippy::disallowed_methods)]
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

const HEAD: &str = "#![allow(dead_code)]\nuse thalweg::prelude::*;\n";

fn method_of(calls: usize) -> String {
    let lines = "total += other.get().await;\n".repeat(calls);
    format!(
        "{HEAD}#[entity] pub struct Cell {{ #[key] id: u64, value: i64 }}
#[entity] impl Cell {{
pub fn get(&self) -> i64 {{ self.value }}
pub async fn sum(&mut self, other: Ref<Cell>) -> i64 {{ let mut total = self.value;\n{lines} total }}
}}
pub fn app() -> App {{ App::new(\"cells\").entity::<Cell>() }}\n"
    )
}

fn build(folder: &Path, source: &str) -> Option<Duration> {
    fs::write(folder.join("src/lib.rs"), source).ok()?;
    let start = Instant::now();
    let done = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline"])
        .current_dir(folder)
        .status()
        .ok()?;
    done.success().then(|| start.elapsed())
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = env::temp_dir().join("thalweg-compile-time");
    fs::create_dir_all(folder.join("src")).expect("a temporary folder can be made");
    let manifest = format!(
        "[package]\nname = \"subject\"\nedition = \"2024\"\n[dependencies]\nthalweg = {{ path = {:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n[workspace]\n",
        root.join("runtime")
    );
    fs::write(folder.join("Cargo.toml"), manifest).expect("the manifest can be written");
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file is there");
    build(&folder, "").expect("the dependencies build");
    build(&folder, &method_of(1)).expect("a method of one call compiles");
    let empty = build(&folder, "// empty\n").expect("an empty crate builds");
    println!("empty crate            {:>8.2} s", empty.as_secs_f64());
    for calls in [10, 100, 1000] {
        let time = build(&folder, &method_of(calls)).expect("the method compiles");
        println!("method of {calls:>4} calls   {:>8.2} s", time.as_secs_f64());
    }
    let shop = fs::read_to_string(root.join("examples/shop/entities.rs")).expect("the shop is there");
    let shop = format!("#![allow(dead_code)]\n{}", shop.replace("//!", "//"));
    let time = build(&folder, &shop).expect("the shop compiles");
    println!("shop, #[entity]        {:>8.2} s", time.as_secs_f64());
    let plain = format!("#![allow(dead_code)]\n{}", include_str!("plain_shop.rs"));
    let time = build(&folder, &plain).expect("the plain shop compiles");
    println!("shop, plain structs    {:>8.2} s", time.as_secs_f64());
}
